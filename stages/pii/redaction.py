"""What happens to a finding: tag, mask, surrogate, hash or keep; offsets are characters of the text as given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from lineage.errors import SettingsError
from stages.pii import surrogates
from stages.pii.catalogue import RANK, TYPES
from stages.pii.values import selector

ACTIONS = ("redact", "mask", "surrogate", "hash", "keep", "drop")
NEAR = 20  # characters on either side that decide the language of a tag
Span = tuple[str, int, int]  # type, start, end


def redact(
    text: str, spans: Sequence[Span], actions: Mapping[str, str], hmac_key: bytes
) -> tuple[str, dict[str, int]]:
    """Return the text with its findings replaced, and the number of replacements per type.

    `spans` are (type, start, end) in code points that do not overlap. A type without an action is redacted; `drop` is
    decided before publication and redacts here, so that nothing leaks if the document stays.
    """
    out: list[str] = []
    counts: Counter[str] = Counter()
    at = 0
    for kind, start, end in sorted(spans, key=lambda s: (s[1], s[2])):
        if not at <= start < end <= len(text):
            raise SettingsError(
                f"finding {start}-{end} of type {kind} overlaps its neighbour or leaves the text",
                cure="rebuild the stage pii: its spans belong to another text",
            )
        action = actions.get(kind, "redact")
        if action not in ACTIONS:
            raise SettingsError(
                f"unknown action {action!r} for {kind}", cure=f"use one of {', '.join(ACTIONS)}"
            )
        if action == "keep":
            continue
        out += [text[at:start], _replacement(kind, action, text, start, end, hmac_key)]
        at = end
        counts[kind] += 1
    return "".join([*out, text[at:]]), {k: counts[k] for k in sorted(counts, key=RANK.__getitem__)}


def redact_part(
    texts: pl.Series,
    spans: pl.DataFrame,
    actions: Mapping[str, str],
    hmac_key: bytes,
    rows: pl.Series | None = None,
) -> tuple[pl.Series, dict[str, int]]:
    """Return the texts of a part with their findings replaced, and replacements per type.

    `spans` has the columns row, type, start, end of `PII_SPANS`; `rows` holds the row number of each text (default: its
    position). Only documents with findings are touched; null texts stay null. Spans of rows not present are ignored.
    """
    where = range(len(texts)) if rows is None else rows.to_list()
    wanted = spans.filter(pl.col("row").is_in(pl.Series(list(where), dtype=pl.UInt32).implode()))
    grouped = wanted.sort("row", "start").group_by("row", maintain_order=True).agg("type", "start", "end")
    place = dict(zip(where, range(len(texts)), strict=True))
    total: Counter[str] = Counter()
    at, new = [], []
    for row, kinds, starts, ends in grouped.select("row", "type", "start", "end").iter_rows():
        text, counts = redact(
            texts[place[row]], list(zip(kinds, starts, ends, strict=True)), actions, hmac_key
        )
        at.append(place[row])
        new.append(text)
        total.update(counts)
    out = (
        texts.clone()
        if not at
        else texts.clone().scatter(pl.Series(at, dtype=pl.UInt32), pl.Series(new, dtype=pl.String))
    )
    return out, {k: total[k] for k in sorted(total, key=RANK.__getitem__)}


def tag(kind: str, text: str, start: int, end: int) -> str:
    """Return the type's tag without brackets, in Chinese where a Han character stands in or near the finding."""
    around = text[max(0, start - NEAR) : end + NEAR]
    return TYPES[kind].tag_zh if any("\u3400" <= c <= "\u9fff" for c in around) else TYPES[kind].tag_en


def _replacement(kind: str, action: str, text: str, start: int, end: int, hmac_key: bytes) -> str:
    """Return what stands in the place of one finding."""
    value = text[start:end]
    if action == "mask":
        return "".join("*" if c.isalnum() else c for c in value)
    if action == "surrogate" and (other := surrogates.make(kind, selector(kind, value, hmac_key), value)):
        return other
    name = tag(kind, text, start, end)
    if action in ("hash", "surrogate"):
        return f"[{name}:{selector(kind, value, hmac_key).hex()[:16]}]"
    return f"[{name}]"
