"""The risk codes: the 31 of GB/T 45654-2025 Annex A, and our own for CBRN, secrecy and poisoning."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Family(BaseModel):
    """One of the five families of Annex A, with the minima an operator's banks must reach per risk."""

    model_config = _STRICT

    code: str
    zh: str
    en: str
    min_keywords: int = Field(description="Keywords per risk (TC260-003).")
    min_questions: int = Field(description="Test questions per risk.")
    min_refusals: int = Field(description="Should-refuse questions per risk.")


class Risk(BaseModel):
    """One risk code."""

    model_config = _STRICT

    code: str
    family: str
    zh: str
    en: str
    detector: Literal["shipped", "operator"]
    part_of: str = ""
    covered_by: tuple[str, ...] = ()


class Taxonomy(BaseModel):
    """All families and risks, in the order of the standard."""

    model_config = _STRICT

    version: int
    families: tuple[Family, ...]
    risks: tuple[Risk, ...]

    def __getitem__(self, code: str) -> Risk:
        """Return the risk with this code; KeyError if there is none."""
        return next((risk for risk in self.risks if risk.code == code), None) or _missing(code)

    def annex(self) -> tuple[Risk, ...]:
        """Return the 31 risks of Annex A."""
        return tuple(risk for risk in self.risks if risk.family.startswith("A."))


def _missing(code: str) -> Risk:
    raise KeyError(code)


@lru_cache(maxsize=1)
def load_taxonomy() -> Taxonomy:
    """Read `taxonomy.yaml`."""
    text = (Path(__file__).parent / "taxonomy.yaml").read_text(encoding="utf-8")
    return Taxonomy(**YAML(typ="safe", pure=True).load(text))


TAXONOMY = load_taxonomy()
