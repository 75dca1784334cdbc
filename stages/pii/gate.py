"""The gate: find in one pass where a recognizer could match, and cut windows around those places.

Every match contains an event of its recognizer's gate and reaches at most `REACH` beyond it, so the windows hold every
match with its neighbours; a match that leans on a window's edge is dropped by the engine.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import ahocorasick_rs
import numpy as np

from stages.pii import china, common, events, names
from stages.pii.batch import JOINT, Batch
from stages.pii.recognizer import LEFT, mentions

GUARD = 2  # characters that an assertion at either end of a match may look at
#: Characters a match may reach before and after an event, per gate.
REACH = {
    **{f"num{least}": (24, 40) for least in (5, 7, 9, 12)},  # digits in a row of numbers
    "code": (8, 64),
    "long": (0, 64),
    "iban": (0, 64),
    "net": (64, 64),
    "mail": (460, 460),
    "spacedmail": (460, 460),
    "hidden": (520, 460),
    "hanmail": (8, 460),
    "link": (540, 1640),
    "key": (16, 5200),
    "word": (0, 64),
    "name": (8, 16),
    "person": (100, 150),
    "cnnum": (2, 2),
    "plate": (0, 12),
    "date": (24, 40),
    "place": (80, 140),
}


#: Literals of which a match of these gates holds one.
LITERALS = {"key": common.KEYS, "word": china.WORDS, "name": names.WORDS, "hidden": common.HIDDEN}


class Windows(NamedTuple):
    """Windows of a batch joined into one buffer, `text`.

    Per window: its begin there (`at`), its bounds in the batch, its document, and whether it was cut from more.
    """

    text: str
    at: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    docs: np.ndarray
    cut_left: np.ndarray
    cut_right: np.ndarray


def windows(
    batch: Batch, docs: np.ndarray, gate: str, context: tuple[str, ...], seen: dict[str, Any]
) -> Windows:
    """Return the windows of `docs` in which recognizers with this gate can match; `seen` keeps a batch's events.

    Where `context` is not empty, only windows that hold one of its words: its recognizers find nothing without.
    """
    if gate not in seen:
        seen[gate] = _events(batch, gate, seen)
    first, last = seen[gate][:2]
    owner = np.searchsorted(batch.starts, first, side="right") - 1
    inside = np.zeros(len(batch.starts), dtype=bool)
    inside[docs] = True
    keep = inside[owner] & (first < batch.ends[owner])
    first, last, owner = first[keep], last[keep], owner[keep]
    left, right = REACH[gate]
    begin = np.maximum(first - (left + LEFT + GUARD), batch.starts[owner])
    end = np.minimum(last + right + GUARD, batch.ends[owner])
    begin, end, owner = _merge(begin, end, owner)
    cuts = [batch.text[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
    if context:
        search = mentions(context).search
        some = [i for i, cut in enumerate(cuts) if search(cut.lower())]
        cuts, begin, end, owner = [cuts[i] for i in some], begin[some], end[some], owner[some]
    sizes = end - begin + len(JOINT)
    at = np.cumsum(sizes) - sizes
    return Windows(
        JOINT.join(cuts), at, begin, end, owner, begin > batch.starts[owner], end < batch.ends[owner]
    )


def _merge(
    begin: np.ndarray, end: np.ndarray, owner: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unite intervals of one document that touch."""
    if not len(begin):
        return begin, end, owner
    order = np.argsort(begin, kind="stable")
    begin, reach, owner = begin[order], np.maximum.accumulate(end[order]), owner[order]
    fresh = np.concatenate(([True], begin[1:] > reach[:-1]))
    heads = np.flatnonzero(fresh)
    return begin[heads], reach[np.concatenate((heads[1:] - 1, [len(begin) - 1]))], owner[heads]


def _events(batch: Batch, gate: str, seen: dict[str, Any]) -> events.Events:
    """Return the places (begin, end) in the batch that a match of this gate must contain."""
    if gate in LITERALS:
        if "literals" not in seen:
            hits = _automaton().find_matches_as_indexes(batch.text, overlapping=True)
            seen["literals"] = np.array(hits, dtype=np.int64).reshape(-1, 3)
        found = seen["literals"]
        found = found[np.isin(found[:, 0], _numbers(gate))]
        return found[:, 1], found[:, 2]
    if gate.startswith("num"):
        if "num" not in seen:
            seen["num"] = events.numbers(batch.flags)
        first, last, count = seen["num"]
        enough = count >= int(gate[3:])
        return first[enough], last[enough]
    return getattr(events, gate)(batch.points, batch.flags)


@cache
def _words() -> list[str]:
    """Return the literals of all gates."""
    return sorted({word for words in LITERALS.values() for word in words})


@cache
def _automaton() -> ahocorasick_rs.AhoCorasick:
    """Return one automaton over the literals of all gates: a batch is read once for them."""
    return ahocorasick_rs.AhoCorasick(_words())


@cache
def _numbers(gate: str) -> np.ndarray:
    """Return the numbers of a gate's literals within the automaton."""
    mine = set(LITERALS[gate])
    return np.array([number for number, word in enumerate(_words()) if word in mine])
