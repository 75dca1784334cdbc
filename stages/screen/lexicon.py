"""Lexicon files: named sets of terms and the rules that turn terms in context into evidence.

A rule has an anchor (`any`), what must stand near it (`needs`: each item one set or a list of alternatives)
and what must not (`unless`), within a window of characters, so that statutes, news and histories are no hits.
A term may end in `*` (any word ending); Latin terms otherwise match whole words only.
"""

from __future__ import annotations

import hashlib
import io
import re
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from lineage.errors import SettingsError
from stages.screen.fold import fold_term

SHIPPED = Path(__file__).parent / "lexicons"
MAX_TERM_CHARS = 100
_LEET = {"a": "4@", "e": "3", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7"}
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Rule(BaseModel):
    """One rule: evidence of `level` for each anchor term whose surroundings fit."""

    model_config = _STRICT

    id: str = Field(description="Name of the rule, unique in its lexicon.")
    code: str = Field("", description="Risk code; empty: the lexicon's.")
    level: str = Field("flag", description="Level of the evidence.")
    weight: float = Field(
        0.8, gt=0, le=1, description="Score of one hit; several combine as independent ones."
    )
    any: tuple[str, ...] = Field(description="Sets whose terms are anchors.")
    needs: tuple[str | tuple[str, ...], ...] = Field(
        (), description="Each: a set, or alternatives, to be near."
    )
    unless: tuple[str, ...] = Field((), description="Sets that must not be near.")
    window: int = Field(40, ge=1, description="Distance for `needs`, in characters of folded text.")
    unless_window: int = Field(-1, ge=-1, description="Distance for `unless`; -1: the same as `window`.")
    distinct: int = Field(1, ge=1, description="How many different anchor terms the document must hold.")


class Lexicon(BaseModel):
    """One lexicon file."""

    model_config = _STRICT

    lexicon: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Name; the detector is lexicon-<name>.")
    version: int = Field(ge=1, description="Raised with every change of behaviour.")
    code: str = Field(description="Risk code of its evidence.")
    languages: tuple[str, ...] = Field(description="Languages its terms are in.")
    updated: date = Field(description="Day of the last change of terms.")
    source: str = Field(description="Where the terms come from.")
    detector: str = Field("", description="Name without version; empty: lexicon-<name>.")
    leet: tuple[str, ...] = Field(
        (), description="Sets whose Latin terms also match with digits for letters."
    )
    sets: dict[str, tuple[str, ...]] = Field(description="Named sets of terms.")
    but: tuple[str, ...] = Field(
        (), description="Longer phrases inside which no term of this lexicon counts."
    )
    rules: tuple[Rule, ...] = Field(description="What becomes evidence.")
    origin: Literal["shipped", "operator"] = Field(
        "shipped", description="Who supplied it; set by the loader."
    )
    sha256: str = Field("", description="Digest of the file; set by the loader.")

    @cached_property
    def name(self) -> str:
        """Detector name with version."""
        return f"{self.detector or 'lexicon-' + self.lexicon}@{self.version}"

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Risk codes this lexicon can report, sorted."""
        return tuple(sorted({rule.code or self.code for rule in self.rules}))


def load_lexicon(path: Path, origin: str = "shipped") -> Lexicon:
    """Read and check one lexicon file; SettingsError names the file, the field and the cure."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"lexicon cannot be read: {error.strerror}", where=str(path), cure="name an existing lexicon"
        ) from error
    try:
        content = YAML(typ="safe", pure=True).load(io.BytesIO(raw))
        lexicon = Lexicon(**{**(content or {}), "origin": origin, "sha256": hashlib.sha256(raw).hexdigest()})
    except (YAMLError, UnicodeDecodeError, TypeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f"{path}:{line + 1}" if line is not None else str(path)
        raise SettingsError("lexicon is not valid YAML", where=where, cure="mend the file") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{field}: {first['msg']}", where=str(path), cure="mend this field") from error
    _check(lexicon, path)
    return lexicon


def load_folder(folder: str) -> list[Lexicon]:
    """Return the operator's lexicons in the order of their file names; an empty folder is an error."""
    root = Path(folder)
    files = sorted(root.glob("*.yaml"))
    if not files:
        raise SettingsError(
            "no lexicon (*.yaml) in this folder",
            where=folder,
            cure="set screen.operator_lexicons to '' or fill it",
        )
    return [load_lexicon(file, "operator") for file in files]


def expand(term: str, leet: bool) -> list[tuple[str, bool]]:
    """Return the folded forms of a term, each with whether any word ending may follow."""
    open_end = term.endswith("*")
    folded = fold_term(term.removesuffix("*"))
    forms = [folded]
    if leet and folded.isascii():
        forms += _leet_forms(folded)
    return [(form, open_end) for form in dict.fromkeys(forms)]


def _leet_forms(term: str) -> list[str]:
    full = "".join(_LEET.get(c, c)[0] for c in term)
    single = [term.replace(c, digit) for c, digits in _LEET.items() if c in term for digit in digits]
    return [full, *single]


def _check(lexicon: Lexicon, path: Path) -> None:
    def fail(what: str, field: str, cure: str) -> None:
        raise SettingsError(what, where=f"{path}: {field}", cure=cure)

    for name, terms in lexicon.sets.items():
        seen: set[str] = set()
        for number, term in enumerate(terms, 1):
            folded = fold_term(term.removesuffix("*"))
            field = f"sets.{name}[{number}]"
            if len(folded) < (2 if folded.isascii() else 1) or not re.search(r"\w", folded):
                fail("term is empty or a single letter", field, "remove it")
            if len(folded) > MAX_TERM_CHARS:
                fail(f"term is longer than {MAX_TERM_CHARS} characters", field, "shorten it")
            if folded in seen:
                fail("term stands twice in its set (after folding)", field, "remove one")
            seen.add(folded)
    ids = [rule.id for rule in lexicon.rules]
    for rule in lexicon.rules:
        if ids.count(rule.id) > 1:
            fail(f"rule id {rule.id!r} stands twice", "rules", "rename one")
        for name in set_names(rule):
            if "." not in name and name not in lexicon.sets:
                fail(
                    f"set {name!r} does not exist",
                    f"rules.{rule.id}",
                    "name a set of this file or context.<set>",
                )


def set_names(rule: Rule) -> list[str]:
    """Return every set name a rule uses."""
    needs = [name for item in rule.needs for name in ((item,) if isinstance(item, str) else item)]
    return [*rule.any, *needs, *rule.unless]
