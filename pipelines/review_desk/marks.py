"""Where in a shown text something was found, and by which rule: positions are recomputed, never stored."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from pipelines.review_desk.texts import Reading
from stages.pii import TYPES
from stages.screen import ScreenSettings, scan

PIECE_LIMIT = 400  # characters; a longer sentence is cut, so that a mark stays readable
_PIECE = re.compile(rf"[^\n。！？!?]{{1,{PIECE_LIMIT}}}(?:[。！？!?]+|\.(?=\s))?|[。！？!?]+")
_SCANNED = 200_000  # characters of a document in which screen findings are placed


class Mark(NamedTuple):
    """Characters `start` to `end` of the shown text, and the finding (index) they belong to."""

    start: int
    end: int
    finding: int


class Finding(NamedTuple):
    """What fired: kind (redacted | pii | screen), code, detector, level, score, count, and whether it is placed."""

    kind: str
    code: str
    detector: str
    level: str
    score: float | None
    n: int
    placed: bool


def find_marks(reading: Reading, screening: ScreenSettings) -> tuple[list[Finding], list[Mark]]:
    """Return the findings on one item and their marks in the shown text, in order of start."""
    findings: list[Finding] = []
    marks: list[Mark] = []
    named = _tags(reading.text) if reading.redacted else _spans(reading)
    for kind, code, detector, places in named:
        marks += [Mark(a, b, len(findings)) for a, b in places]
        findings.append(Finding(kind, code, detector, "", None, len(places), True))
    placed = _placed(reading, screening) if reading.hits else {}
    for hit in reading.hits:
        places = placed.get((hit["code"], hit["detector"]), [])
        marks += [Mark(a, b, len(findings)) for a, b in places]
        findings.append(
            Finding(
                "screen", hit["code"], hit["detector"], hit["level"], hit["score"], hit["n"], bool(places)
            )
        )
    return findings, sorted(marks)


def _spans(reading: Reading) -> list[tuple[str, str, str, list[tuple[int, int]]]]:
    """Return findings of personal information in a text shown as found."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for span in reading.spans:
        found.setdefault((span["type"], span["detector"]), []).append((span["start"], span["end"]))
    return [("pii", kind, detector, places) for (kind, detector), places in sorted(found.items())]


def _tags(text: str) -> list[tuple[str, str, str, list[tuple[int, int]]]]:
    """Return the tags that redaction left in a text shown as published."""
    found: dict[str, list[tuple[int, int]]] = {}
    for match in _tag_pattern().finditer(text):
        found.setdefault(match[1], []).append(match.span())
    return [("redacted", name, "", places) for name, places in sorted(found.items())]


def has_tags(text: str) -> bool:
    """Tell whether redaction left a tag in a text."""
    return _tag_pattern().search(text) is not None


@lru_cache(maxsize=1)
def _tag_pattern() -> re.Pattern[str]:
    names = sorted({n for t in TYPES.values() for n in (t.tag_en, t.tag_zh)}, key=lambda n: (-len(n), n))
    return re.compile(rf"\[({'|'.join(map(re.escape, names))})(?::[0-9a-f]{{16}})?\]")


def _placed(reading: Reading, screening: ScreenSettings) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return by (code, detector) the sentences that fire on their own; a finding spread wider stays unplaced."""
    pieces = [m.span() for m in _PIECE.finditer(reading.text[:_SCANNED]) if m[0].strip()]
    texts = pl.Series("text", [reading.text[a:b] for a, b in pieces], dtype=pl.String)
    wanted = {(h["code"], h["detector"]) for h in reading.hits}
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for number, code, detector in (
        scan(texts, screening).select("text", "code", "detector").unique(maintain_order=True).iter_rows()
    ):
        if (code, detector) in wanted:
            found.setdefault((code, detector), []).append(pieces[number])
    return found
