"""Names and CAS numbers of public control lists: chemical, biological, nuclear and missile.

A name is not a hazard. Three levels: `mention` (keep and count), `context` (technical surroundings:
for review) and `restricted` (several kinds of technical detail around a first-tier name: for an expert).
Commodity names (`tier2`) count only beside a first-tier name or a category word.
"""

from __future__ import annotations

import re
from pathlib import Path

from lineage.errors import SettingsError
from stages.screen.lexicon import SHIPPED, Lexicon, load_lexicon

FIELDS = ("biological", "chemical", "missile", "nuclear")
_CAS = re.compile(r"\d{2,7}-\d{2}-\d")


def lexicons() -> list[Lexicon]:
    """Return the four shipped name lists; a CAS number with a wrong check digit is an error."""
    paths = [SHIPPED / f"cbrn-{field}.yaml" for field in FIELDS]
    loaded = [load_lexicon(path) for path in paths]
    for path, lexicon in zip(paths, loaded, strict=True):
        check_numbers(lexicon, path)
    return loaded


def check_numbers(lexicon: Lexicon, path: Path) -> None:
    """Raise SettingsError where a term has the form of a CAS number but a wrong check digit."""
    for name, terms in lexicon.sets.items():
        for term in terms:
            if _CAS.fullmatch(term) and not cas_is_valid(term):
                raise SettingsError(
                    "CAS number with a wrong check digit",
                    where=f"{path}: sets.{name}: {term}",
                    cure="correct it",
                )


def cas_is_valid(number: str) -> bool:
    """Return whether the last digit is the check digit (others weighted from the right, modulo 10)."""
    digits = [int(c) for c in number if c.isdigit()]
    return sum(weight * digit for weight, digit in enumerate(reversed(digits[:-1]), 1)) % 10 == digits[-1]
