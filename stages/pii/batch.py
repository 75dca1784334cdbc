"""Several documents as one normalised buffer, with the way back from a position to a document's own offset."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stages.pii import events, normal

JOINT = "\n\x00\n"  # no recognizer matches across it
HAN_RANGES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3134F))
OTHER_RANGES = (
    (0x0370, 0x1DBF),
    (0x2C00, 0x2DFF),
    (0x3040, 0x30FF),
    (0xA000, 0xD7FF),
)  # letters, other scripts


class Batch(NamedTuple):
    """The buffer (`text`, `points`), where each document begins and ends in it, and the old positions."""

    text: str
    points: np.ndarray  # uint32, normalised code points of `text`
    flags: np.ndarray  # uint8, class flags of each (see `events`)
    starts: np.ndarray  # int64, per document, in the buffer
    ends: np.ndarray
    old: np.ndarray | None  # old position per buffer position; None where nothing was dropped
    old_starts: np.ndarray

    def back(self, doc: int, start: int, end: int) -> tuple[int, int]:
        """Return the document's own offsets of buffer positions `start` to `end`."""
        base = int(self.old_starts[doc])
        if self.old is None:
            return start - base, end - base
        return int(self.old[start]) - base, int(self.old[end - 1]) + 1 - base


def make(texts: list[str]) -> Batch:
    """Join and normalise `texts`."""
    points = normal.code_points(JOINT.join(texts))
    sizes = np.fromiter((len(t) for t in texts), dtype=np.int64, count=len(texts))
    old_starts = np.concatenate(([0], np.cumsum(sizes + len(JOINT))[:-1]))
    out, old = normal.normalise(points)
    if old is None:
        starts, ends = old_starts, old_starts + sizes
    else:
        starts = np.searchsorted(old, old_starts)
        ends = np.searchsorted(old, old_starts + sizes)
    return Batch(normal.to_text(out), out, events.flags_of(out), starts, ends, old, old_starts)


def packs(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Return for each document the pack its script asks for, and whether most of its letters are of no measured script.

    No Han character: `latin`, or `mixed` where there is no letter at all. With Han characters: `han`, or `mixed` from
    20 Latin letters that are a fifth of both.
    """
    han = _count(batch, HAN_RANGES)
    latin = _count(batch, ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F)))
    other = _count(batch, OTHER_RANGES)
    mixed = (latin >= 20) & (latin * 5 >= latin + han)
    pack = np.where(han == 0, np.where(latin > 0, "latin", "mixed"), np.where(mixed, "mixed", "han"))
    return pack, other > han + latin


def _count(batch: Batch, ranges: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Count characters within `ranges` per document."""
    hit = np.zeros(len(batch.points) + 1, dtype=np.int64)
    inside = np.zeros(len(batch.points), dtype=bool)
    for low, high in ranges:
        inside |= (batch.points >= low) & (batch.points <= high)
    np.cumsum(inside, out=hit[1:])
    return hit[batch.ends] - hit[batch.starts]
