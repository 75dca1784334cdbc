"""A shown text as a list of pieces that a page can only show, never run: plain, marked, invisible, turn borders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pipelines.review_desk.marks import Mark

WINDOW = 40_000  # characters sent at once
#: Characters that hide or reorder text: controls but newline and tab, format characters, odd separators, private use.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ue000-\uf8ff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def segments(
    text: str, marks: Sequence[Mark], turns: Sequence[tuple[int, str]], start: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """Return the pieces of one window of `text` from character `start`, and where the next window begins (0: none).

    A piece is {"t": text, "m": [finding indexes]}, {"h": "U+202E", "n": name} for an invisible character, or
    {"r": role} where a turn begins. Joined, the texts and invisible characters are exactly the window.
    """
    end = min(len(text), start + WINDOW)
    roles = {at: role for at, role in turns if start <= at < end}
    hidden = {m.start() for m in _HIDDEN.finditer(text, start, end)}
    cuts = {start, end, *roles, *hidden, *(h + 1 for h in hidden)}
    near = [m for m in marks if m.end > start and m.start < end]
    cuts |= {p for m in near for p in (m.start, m.end) if start < p < end}
    border = sorted(c for c in cuts if start <= c <= end)
    opened = _covering(border, near)
    pieces: list[dict[str, Any]] = []
    for i, (a, b) in enumerate(pairwise(border)):
        if a in roles:
            pieces.append({"r": roles[a]})
        if a in hidden:
            pieces.append({"h": f"U+{ord(text[a]):04X}", "n": unicodedata.name(text[a], "control character")})
        else:
            pieces.append({"t": text[a:b], "m": opened[i]} if opened[i] else {"t": text[a:b]})
    return pieces, end if end < len(text) else 0


def _covering(border: list[int], marks: Sequence[Mark]) -> list[list[int]]:
    """Return for each piece between borders the findings whose marks cover it."""
    place = {c: i for i, c in enumerate(border)}
    found: list[set[int]] = [set() for _ in border]
    first, last = border[0], border[-1]
    for mark in marks:
        for i in range(place[max(mark.start, first)], place[min(mark.end, last)]):
            found[i].add(mark.finding)
    return [sorted(f) for f in found]
