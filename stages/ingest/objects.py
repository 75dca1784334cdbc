"""From parsed records to the columns of documents: text, pair or messages; good records by whole columns."""

from __future__ import annotations

import json
from typing import Any

import orjson

from stages.ingest.batch import Batch
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields

#: Columns of a document, and the setting that names the data's own field for each.
PLAIN_FIELDS = {
    "native_id": "id",
    "url": "url",
    "title": "title",
    "author": "author",
    "date": "date",
    "licence": "licence",
}
_SURROGATES = tuple(chr(c) for c in (0xD800, 0xDFFF))


def parse_lines(
    lines: list[bytes], codec: str, longest: int
) -> tuple[list[Any], list[str | None], dict[int, tuple[str, ...]]]:
    """Parse one JSON value a line: values (None where broken), reason slugs, transforms by row."""
    errors: list[str | None] = [None] * len(lines)
    if codec in ("utf-8", "utf-8-sig") and max(map(len, lines)) <= longest:
        try:
            return list(map(orjson.loads, lines)), errors, {}
        except orjson.JSONDecodeError:
            pass  # some line is broken: line by line below
    values: list[Any] = [None] * len(lines)
    notes: dict[int, tuple[str, ...]] = {}
    for row, line in enumerate(lines):
        if len(line) > longest:
            errors[row] = "too-long"
            continue
        values[row], errors[row], note = _parse(line, codec)
        if note:
            notes[row] = note
    return values, errors, notes


def _parse(line: bytes, codec: str) -> tuple[Any, str | None, tuple[str, ...]]:
    try:
        text = line.decode(codec)
    except UnicodeDecodeError:
        return None, "bad-encoding", ()
    try:
        return orjson.loads(text), None, ()
    except orjson.JSONDecodeError:
        return _lenient(text)


def _lenient(text: str) -> tuple[Any, str | None, tuple[str, ...]]:
    """JSON as some writers make it: NaN and Infinity (read as null); lone surrogates are not text."""
    constants: list[str] = []
    try:
        value = json.loads(text, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return None, "bad-json", ()
    try:
        orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        broken = _has_surrogate(value)
        return None, "bad-encoding" if broken else "bad-json", ()
    return value, None, ("json-constants",) if constants else ()


def _has_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def from_objects(
    values: list[Any],
    errors: list[str | None],
    notes: dict[int, tuple[str, ...]],
    file: str,
    raw: list[bytes],
    fields: Fields,
    settings: IngestSettings,
) -> Batch:
    """Return the columns of the records; a value that is not a mapping with a text gets its reason."""
    for row, value in enumerate(values):
        if type(value) is not dict:
            errors[row] = errors[row] or "not-an-object"
            values[row] = {}
    plain = {}
    for name, field in PLAIN_FIELDS.items():
        key = getattr(fields, field)
        plain[name] = strings([value.pop(key, None) for value in values])
    text: list[Any] = [value.pop(fields.text, _ABSENT) for value in values]
    batch = Batch(file, text, raw, [None] * len(values), error=errors, plain=plain)
    if not set(map(type, text)) <= {str}:
        _structured(batch, values, fields)
    if settings.keep_meta:
        batch.plain["meta"] = [dump(value) if value else None for value in values]
    for row, note in notes.items():
        for item in note:
            batch.note(row, item)
    return batch


_ABSENT = object()


def dump(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces."""
    try:
        return orjson.dumps(
            value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str
        ).decode()
    except TypeError:  # integers beyond 64 bits
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def strings(column: list[Any]) -> list[str | None]:
    """Return a column as strings: numbers written out, structures as JSON, empty as null."""
    if set(map(type, column)) <= {str, type(None)}:
        return [value or None for value in column]
    return [
        value or None if isinstance(value, str) else None if value is None else dump(value).strip('"')
        for value in column
    ]


def _structured(batch: Batch, values: list[dict[str, Any]], fields: Fields) -> None:
    """Fill in pairs, messages and reasons for the rows whose text is not a string."""
    batch.kind, batch.turns = ["text"] * len(values), [None] * len(values)
    errors = batch.errors()
    for row, (text, value) in enumerate(zip(batch.text, values, strict=True)):
        if isinstance(text, str):
            continue
        batch.text[row] = None
        if errors[row]:
            continue
        kind, turns, reason = _turns(text, value, fields)
        if reason:
            errors[row] = reason
            continue
        batch.kind[row], batch.turns[row] = kind, turns
        batch.text[row] = "\n\n".join(turn["content"] for turn in turns)


def _turns(text: Any, value: dict[str, Any], fields: Fields) -> tuple[str, list[dict[str, str]], str | None]:
    """Return kind, turns and reason of a record that has no text string."""
    if fields.messages in value:
        return "messages", *_messages(value.pop(fields.messages))
    if fields.prompt in value and fields.answer in value:
        pair = (value.pop(fields.prompt), value.pop(fields.answer))
        if all(isinstance(side, str) for side in pair):
            roles = ("user", "assistant")
            return "pair", [{"role": r, "content": c} for r, c in zip(roles, pair, strict=True)], None
        return "pair", [], "null-text" if None in pair else "wrong-type"
    if text is _ABSENT:
        return "text", [], "missing-field"
    return "text", [], "null-text" if text is None else "wrong-type"


def _messages(value: Any) -> tuple[list[dict[str, str]], str | None]:
    """Read chat turns: {role, content}, or {from, value} as in ShareGPT exports."""
    if value is None:
        return [], "null-text"
    if not isinstance(value, list) or not all(isinstance(turn, dict) for turn in value):
        return [], "wrong-type"
    if not value:
        return [], "empty-text"
    turns = [
        {
            "role": turn.get("role", turn.get("from")),
            "content": _content(turn.get("content", turn.get("value"))),
        }
        for turn in value
    ]
    good = all(isinstance(side, str) for turn in turns for side in turn.values())
    return (turns, None) if good else ([], "wrong-type")


def _content(value: Any) -> Any:
    """Join the text pieces of a turn written as a list of pieces; anything else is returned as it is."""
    if isinstance(value, list) and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in value):
        return "\n".join(piece["text"] for piece in value)
    return value
