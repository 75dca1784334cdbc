"""Whose turn an item is: roles apart, second readings blind, conflicts to a third person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from pipelines.review_desk.draws import Item
from stages.decide.reviews import ITEM, READERS, standing


@dataclass
class Readings:
    """What stands on one item: verdicts by (person, role), and who was skipped by whom."""

    verdicts: dict[tuple[str, str], str] = field(default_factory=dict)

    def by_role(self, role: str) -> list[str]:
        return [v for (_, r), v in self.verdicts.items() if r == role and v != "skip"]

    def roles_of(self, person: str) -> set[str]:
        return {r for p, r in self.verdicts if p == person}

    @property
    def differs(self) -> bool:
        """Tell whether the readers differ, or one of them is not sure."""
        read = {v for role in READERS for v in self.by_role(role)}
        return len(read) > 1 or read == {"unsure"}


def readings(lines: pl.DataFrame, draw: str) -> dict[tuple[bytes, bytes], Readings]:
    """Return what stands on each item of a draw."""
    found: dict[tuple[bytes, bytes], Readings] = defaultdict(Readings)
    own = standing(lines.filter(pl.col("draw").is_in([draw, ""])))
    for doc, text, person, role, verdict in own.select(*ITEM, "reviewer", "role", "verdict").iter_rows():
        found[doc, text].verdicts[person, role] = verdict
    return found


def is_open(reading: Readings | None, person: str, role: str) -> bool:
    """Tell whether an item still waits for a reading in this role by this person."""
    if reading is None:
        return role != "adjudicator"
    if reading.roles_of(person) - {role}:
        return False  # one person never both for one item
    if role == "adjudicator":
        return reading.differs and not [v for v in reading.by_role(role) if v != "unsure"]
    return not reading.by_role(role)


def waiting(
    items: Iterable[Item], found: dict[tuple[bytes, bytes], Readings], person: str, role: str
) -> list[Item]:
    """Return the items that wait for this person in this role: in draw order, skipped ones last."""
    mine = [i for i in items if is_open(found.get(i.key), person, role)]
    skipped = {i.id for i in mine if i.key in found and found[i.key].verdicts.get((person, role)) == "skip"}
    return [i for i in mine if i.id not in skipped] + [i for i in mine if i.id in skipped]


def progress(
    items: list[Item], found: dict[tuple[bytes, bytes], Readings], person: str, role: str
) -> dict[str, int]:
    """Return the counts a reader sees: items, done in this role, by this person, skipped, conflicts open."""
    here = [found.get(i.key, Readings()) for i in items]
    mine = [r.verdicts.get((person, role)) for r in here]
    return {
        "items": len(items),
        "done": sum(bool(r.by_role(role)) for r in here),
        "mine": sum(v not in (None, "skip") for v in mine),
        "skipped": sum(v == "skip" for v in mine),
        "barred": sum(bool(r.roles_of(person) - {role}) for r in here),
        "conflicts": sum(r.differs and not r.by_role("adjudicator") for r in here),
    }
