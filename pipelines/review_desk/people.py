"""Who reads: a pseudonym, a role, and whether the person was qualified on the day (reviews/people.yaml)."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from lineage.errors import SettingsError
from lineage.yamlfile import YamlFile

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Person(BaseModel):
    """What is recorded of one reader; the name is a pseudonym."""

    model_config = _STRICT

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Pseudonym, as in reviews/NAME.jsonl")
    roles: tuple[str, ...] = Field(("annotator", "reviewer"), description="Functions the person may take")
    course: str = Field("", description="Training course or examination passed")
    score: float | None = Field(None, description="Result of the examination")
    qualified_from: str | None = Field(None, description="First day of the qualification, ISO date")
    qualified_until: str | None = Field(None, description="Last day of the qualification, ISO date")
    keyid: str | None = Field(
        None, min_length=16, description="Id of the own key; a signature by another key counts for nothing"
    )


class People(BaseModel):
    """reviews/people.yaml."""

    model_config = _STRICT

    people: tuple[Person, ...] = Field((), description="Everybody who may read")


def check_name(name: str) -> str:
    """Return the pseudonym; a SettingsError where it cannot be a file name or looks like a real name's form."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            "a pseudonym has lower-case letters, digits and hyphens, at most 40",
            where="--as",
            cure="choose one that does not tell who you are, for example reader-07",
        )
    return name


def own_keys(folder: Path) -> dict[str, str]:
    """Return, by pseudonym, the key id that people.yaml states; empty without the file."""
    path = folder / "people.yaml"
    known = YamlFile(path).validate(People).people if path.is_file() else ()
    return {p.name: p.keyid for p in known if p.keyid}


def qualification(folder: Path, name: str, role: str, today: date) -> str:
    """Return `qualified`, `not-qualified` or `not-recorded` for a person on a day.

    A person who is missing in an existing people.yaml, or may not take the role, is a SettingsError.
    """
    path = folder / "people.yaml"
    if not path.is_file():
        return "not-recorded"
    known = {p.name: p for p in YamlFile(path).validate(People).people}
    if name not in known:
        raise SettingsError(
            f"{name} is not listed", where=str(path), cure="add the pseudonym, its roles and days"
        )
    person = known[name]
    if role != "adjudicator" and role not in person.roles:
        raise SettingsError(
            f"{name} may not read as {role}", where=str(path), cure="use --role, or widen `roles`"
        )
    if role == "adjudicator" and "reviewer" not in person.roles:
        raise SettingsError(
            f"{name} may not adjudicate", where=str(path), cure="an adjudicator needs role reviewer"
        )
    if not person.qualified_from:
        return "not-recorded"
    until = person.qualified_until or "9999-12-31"
    return "qualified" if person.qualified_from <= today.isoformat() <= until else "not-qualified"
