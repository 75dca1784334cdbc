"""From the columns that a reader hands over to rows of DOCUMENTS: normalise, hash, label, name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from itertools import pairwise
from typing import Any
from unicodedata import is_normalized, normalize

import numpy as np
import pyarrow as pa

from lineage.records import DOCUMENTS, LICENCE_UNREAD, STATUS_OK, STATUS_UNREADABLE
from stages.ingest.batch import Batch, Columns, Piece
from stages.ingest.labels import label_texts
from stages.ingest.mojibake import repair_of
from stages.ingest.same_ids import mark_repeats
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source, licence_problem
from stages.ingest.text_scan import scan_texts

_is_nfc = partial(is_normalized, "NFC")


def to_table(source: Source, pieces: Iterable[Piece], settings: IngestSettings) -> pa.Table:
    """Return the rows of a part in order; a second record with the same id becomes `duplicate-id`.

    Each piece becomes Arrow data before the next one is read: texts are held once.
    """
    return join_tables(source, [piece_table(source, piece, settings) for piece in pieces if len(piece)])


def piece_table(source: Source, piece: Piece, settings: IngestSettings) -> pa.Table:
    """Return the rows of what a reader handed over, not yet numbered."""
    if isinstance(piece, Columns):
        return _columns(source, piece, settings)
    return _table(source, piece, settings)


def join_tables(source: Source, tables: list[pa.Table]) -> pa.Table:
    """Return the rows of a part from the tables of its pieces: numbered, each id once."""
    if not tables:
        return DOCUMENTS.empty_table()
    table = mark_repeats(source.id, pa.concat_tables(tables))
    rows = pa.array(np.arange(table.num_rows, dtype=np.uint32))
    return table.set_column(0, DOCUMENTS.field("row"), rows).cast(DOCUMENTS)


def _columns(source: Source, piece: Columns, settings: IngestSettings) -> pa.Table:
    """Return the rows of a piece: the plain texts as they are, the others one by one, in the piece's order."""
    metas = piece.plain.get("meta")
    metas = metas if metas is None or isinstance(metas, pa.Array) else pa.array(metas, pa.large_string())
    care, chars = scan_texts(piece.text, metas, settings)
    if not care.any():
        return _plain_table(source, piece, chars, settings)
    marked = np.flatnonzero(care)
    careful = _table(source, piece.rows(marked), settings)
    if care.all():
        return careful
    rest = np.flatnonzero(~care)
    plain = _plain_table(source, piece, chars, settings).take(pa.array(rest))
    order = np.argsort(np.concatenate((rest, marked)), kind="stable")
    return pa.concat_tables([plain, careful]).take(pa.array(order))


def _plain_table(source: Source, piece: Columns, chars: np.ndarray, settings: IngestSettings) -> pa.Table:
    size = len(piece)
    texts = spans_digests(piece.text)
    none = pa.repeat(pa.scalar("none", pa.large_string()), size) if settings.ai_labels else None
    columns = _named(source, piece, piece.record, piece.plain.get("native_id"))
    columns |= {
        "status": pa.repeat(pa.scalar(STATUS_OK, pa.large_string()), size),
        "length": piece.length,
        "licence": _licences(source, piece.plain.get("licence"), size),
        "kind": pa.repeat(pa.scalar("text", pa.large_string()), size),
        "text": piece.text,
        "raw_sha256": piece.raw if piece.raw is not None else texts,
        "text_sha256": texts,
        "chars": pa.array(chars),
        "bytes": pa.array(np.diff(borders_of(piece.text))),
        "ai_label": none,
        "transforms": _noted(piece.plain.get("licence"), [tuple(piece.common)] * size)
        if piece.plain.get("licence") is not None
        else pa.repeat(pa.scalar(list(piece.common), DOCUMENTS.field("transforms").type), size),
    }
    return _from_columns(columns, piece.plain, size)


def spans_digests(texts: pa.Array) -> list[bytes]:
    """Return sha256 of each text's bytes."""
    view = memoryview(texts.buffers()[2] or b"")
    return [sha256(view[a:b]).digest() for a, b in pairwise(borders_of(texts).tolist())]


def borders_of(texts: pa.Array) -> np.ndarray:
    """Return where each text begins in the array's bytes, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]


def _named(source: Source, piece: Piece, record: Any, own: Any) -> dict[str, Any]:
    """Return the columns that say what a record is called and where it stands."""
    size = len(piece)
    ids = native_ids(piece, own)
    prefix = source.id.encode() + b"\x00"
    return {
        "row": pa.nulls(size, pa.uint32()),
        "doc_id": [sha256(prefix + name.encode("utf-8", "surrogatepass")).digest() for name in ids],
        "source": pa.repeat(pa.scalar(source.id, pa.large_string()), size),
        "native_id": ids,
        "file": pa.repeat(pa.scalar(_printable(piece.file), pa.large_string()), size),
        "record": record,
        "offset": piece.offset,
        "length": piece.length,
    }


def _from_columns(columns: dict[str, Any], plain: dict[str, Any], size: int) -> pa.Table:
    arrays = [_array(columns.get(f.name, plain.get(f.name)), f.type, size) for f in DOCUMENTS]
    return pa.Table.from_arrays(arrays, schema=DOCUMENTS)


def _table(source: Source, batch: Batch, settings: IngestSettings) -> pa.Table:
    normalise(batch, settings)
    labels = label_texts(batch) if settings.ai_labels else None
    size = len(batch)
    errors = batch.errors()
    encoded = [None if text is None else text.encode() for text in batch.text]
    columns = _named(source, batch, batch.record, batch.plain.get("native_id"))
    columns |= {
        "status": [STATUS_UNREADABLE if error else STATUS_OK for error in errors],
        "error": errors,
        "licence": _licences(source, batch.plain.get("licence"), size),
        "kind": batch.kind or pa.repeat(pa.scalar("text", pa.large_string()), size),
        "text": text_array(encoded),
        "turns": batch.turns,
        "raw_sha256": batch.raw,
        "text_sha256": [None if text is None else sha256(text).digest() for text in encoded],
        "chars": [None if text is None else len(text) for text in batch.text],
        "bytes": [None if text is None else len(text) for text in encoded],
        "ai_label": [item[0] for item in labels] if labels else None,
        "ai_label_json": [item[1] for item in labels] if labels else None,
        "transforms": _noted(batch.plain.get("licence"), batch.transforms or [()] * size),
    }
    return _from_columns(columns, batch.plain, size)


def normalise(batch: Batch, settings: IngestSettings) -> None:
    """Normalise newlines and Unicode of texts and turns in place, noting each; empty texts get a reason."""
    texts, errors = batch.text, batch.errors()
    for row in [row for row, error in enumerate(errors) if error]:
        texts[row] = None
        if batch.turns:
            batch.turns[row] = None
    if settings.repair == "mojibake":
        _repair(batch)
    if settings.newlines:
        for row in [row for row, text in enumerate(texts) if text and "\r" in text]:
            _change(batch, row, "newlines", lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))
    if settings.normalise == "NFC":
        for row in [row for row, text in enumerate(texts) if text and not _is_nfc(text)]:
            _change(batch, row, "nfc", partial(normalize, "NFC"))
    for row in [row for row, text in enumerate(texts) if text is not None and not text.strip()]:
        texts[row], errors[row] = None, "empty-text"
        if batch.turns:
            batch.turns[row] = None
    surrogates = [row for row, text in enumerate(texts) if text and not _encodes(text)]
    for row in surrogates:
        texts[row], errors[row] = None, "bad-encoding"


def _repair(batch: Batch) -> None:
    """Read texts again that were read in a wrong encoding; the note holds the digest of the text as it was."""
    for row, text in enumerate(batch.text):
        if text and _encodes(text) and (repair := repair_of(text)):
            before = sha256(text.encode()).hexdigest()
            _change(batch, row, f"repaired:{repair.was}-read-as-{repair.read_as}:{before}", repair.apply)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _change(batch: Batch, row: int, name: str, change: Any) -> None:
    turns = batch.turns[row] if batch.turns else None
    if turns:
        batch.turns[row] = [{"role": turn["role"], "content": change(turn["content"])} for turn in turns]
        batch.text[row] = "\n\n".join(turn["content"] for turn in batch.turns[row])
    else:
        batch.text[row] = change(batch.text[row])
    batch.note(row, name)


def native_ids(piece: Piece, own: Any) -> list[str]:
    """Return each record's own id, else its place: <file>@<offset> in line formats, else <file>#<record>."""
    size, file = len(piece), _printable(piece.file)
    if isinstance(own, pa.Array):
        own = own.to_pylist()
    if own and None not in own and "" not in own:
        return own
    places = piece.offset if piece.by_offset else piece.record
    mark = "@" if piece.by_offset else "#"
    errors = piece.errors() if isinstance(piece, Batch) else [None] * size
    offsets = piece.offset or [0] * size
    return [
        name or (f"{file}!{errors[row]}@{offsets[row] or 0}" if place is None else f"{file}{mark}{place}")
        for row, (name, place) in enumerate(zip(own or [None] * size, places or [None] * size, strict=True))
    ]


def _printable(path: str) -> str:
    """Return a path that is valid UTF-8: bytes that are not become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _licences(source: Source, own: Any, size: int) -> Any:
    """Return each document's own licence if it is a valid expression, else the source's."""
    default = pa.repeat(pa.scalar(source.licence, pa.large_string()), size)
    if own is None or not size:
        return default
    stated = own.to_pylist() if isinstance(own, pa.Array) else own
    values = set(stated)
    if values == {None}:
        return default
    known = {value: value if value and not licence_problem(value) else source.licence for value in values}
    return [known[value] for value in stated]


def _noted(own: Any, transforms: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Note at each document whose own licence is no SPDX expression that the source's stands for it."""
    if own is None:
        return transforms
    stated = own.to_pylist() if isinstance(own, pa.Array) else own
    bad = {value for value in set(stated) if value and licence_problem(value)}
    if not bad:
        return transforms
    mark = (LICENCE_UNREAD,)
    return [(*done, *mark) if value in bad else done for done, value in zip(transforms, stated, strict=True)]


def text_array(encoded: list[bytes | None]) -> pa.Array:
    """Return the texts as an Arrow array without decoding them again."""
    sizes = np.fromiter((len(text) if text is not None else 0 for text in encoded), np.int64, len(encoded))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    nulls = np.fromiter((text is None for text in encoded), bool, len(encoded))
    data = pa.py_buffer(b"".join(text for text in encoded if text))
    valid = pa.array(~nulls).buffers()[1] if nulls.any() else None
    return pa.LargeStringArray.from_buffers(
        len(encoded), pa.py_buffer(offsets), data, valid, int(nulls.sum())
    )


def _array(values: Any, kind: pa.DataType, size: int) -> pa.Array:
    if values is None:
        return pa.nulls(size, kind)
    if not isinstance(values, pa.Array):
        return pa.array(values, kind)
    return values if values.type == kind else values.cast(kind)
