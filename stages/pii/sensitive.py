"""Sensitive classes of PIPL Art. 28 as a second label of a document with findings."""

from __future__ import annotations

import datetime as dt

from stages.pii.catalogue import AGGREGATE, MINOR, TYPES
from stages.pii.checks import birth_date
from stages.pii.resolve import Found
from stages.pii.settings import PiiSettings

MINOR_AGE = 14
WITH_BIRTH_DATE = ("CN_RESIDENT_ID", "CN_RESIDENCE_PERMIT", "CN_FOREIGN_RESIDENT")
_NOT_COUNTED = ("DATE_TIME", "URL", "UUID")


def classes(texts: list[str], found: list[list[Found]], settings: PiiSettings) -> list[list[str]]:
    """Return for each text its sensitive classes, sorted; empty where nothing was found."""
    return [
        sorted(_of(text, items, settings)) if items else [] for text, items in zip(texts, found, strict=True)
    ]


def _of(text: str, items: list[Found], settings: PiiSettings) -> set[str]:
    """Return the classes that a document's findings give it."""
    kinds = {item[0] for item in items}
    out = {label for kind in kinds if (label := TYPES[kind].sensitive)}
    if len(kinds.difference(_NOT_COUNTED)) >= settings.aggregate_types:
        out.add(AGGREGATE)
    if settings.as_of and any(
        _is_minor(text[a:b], settings.as_of) for kind, a, b, _, _ in items if kind in WITH_BIRTH_DATE
    ):
        out.add(MINOR)
    return out


def _is_minor(value: str, day: dt.date) -> bool:
    """Answer whether the person with this 18-digit number was under 14 on `day`."""
    born = birth_date("".join(c for c in value if c.isalnum()))
    return (
        born is not None
        and (day.year - born.year - ((day.month, day.day) < (born.month, born.day))) < MINOR_AGE
    )
