"""From overlapping findings to spans that do not overlap; the rule is the same for every reader."""

from __future__ import annotations

from bisect import bisect_left

from stages.pii.catalogue import RANK

Found = tuple[str, int, int, float, str]  # type, start, end, score, detector


def drop_contained(found: list[Found]) -> list[Found]:
    """Drop a finding that lies inside another of its type with an equal or higher score, as Presidio does."""
    out: list[Found] = []
    active: list[Found] = []
    for item in sorted(set(found), key=lambda f: (f[0], f[1], f[1] - f[2], -f[3], f[4])):
        active = [a for a in active if a[0] == item[0] and a[2] >= item[1]]
        if not any(a[1] <= item[1] and item[2] <= a[2] and item[3] <= a[3] for a in active):
            out.append(item)
            active.append(item)
    return out


def resolve(found: list[Found]) -> list[Found]:
    """Return findings that do not overlap, in order of start.

    The higher score wins; then the longer finding; then the type that stands first in the catalogue; then the one
    that starts first. What loses is dropped as a whole.
    """
    starts: list[int] = []
    kept: list[Found] = []
    for item in sorted(found, key=lambda f: (-f[3], f[1] - f[2], RANK[f[0]], f[1], f[4])):
        at = bisect_left(starts, item[1])
        if (at and kept[at - 1][2] > item[1]) or (at < len(kept) and kept[at][1] < item[2]):
            continue
        starts.insert(at, item[1])
        kept.insert(at, item)
    return kept
