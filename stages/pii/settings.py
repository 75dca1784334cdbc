"""The `pii:` block of params.yaml."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from stages.pii.catalogue import TYPES


class ModelEngine(BaseModel):
    """A model for names, brought by the user; it runs beside the patterns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["none", "spacy", "transformers", "gliner"] = Field(
        default="none",
        description="Library that reads the model. `none`: patterns only.",
    )
    path: str = Field(
        default="",
        description="Local folder of the model, absolute or seen from the project's folder. Nothing is fetched.",
    )
    sha256: str = Field(
        default="",
        description="Digest of the model's files; the error for a wrong one states it. A new one runs the stage anew.",
    )
    languages: tuple[str, ...] = Field(
        default=(),
        description="Languages the model reads: zh, en, ..., xx for any. Default: what a spaCy pipeline says, else xx.",
    )
    labels: tuple[tuple[str, str], ...] = Field(
        default=(),
        description="Pairs of a model's label and our type, such as [LOC, CN_ADDRESS]. Default: names of persons.",
    )
    confidence: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Confidence from which a finding of a transformers or GLiNER model counts; spaCy states none.",
    )
    score: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Score of the model's findings where they overlap with those of patterns: the higher one wins.",
    )

    @field_validator("labels")
    @classmethod
    def _known_types(cls, labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if unknown := sorted({kind for _, kind in labels} - set(TYPES)):
            raise ValueError(f"unknown types {', '.join(unknown)}: see stages/pii/catalogue.py")
        return labels

    def types(self) -> dict[str, str]:
        """Return our type of each of the model's labels, in lower case."""
        names = ("person",) if self.kind == "gliner" else ("per", "person")
        return {label.lower(): kind for label, kind in self.labels} or dict.fromkeys(names, "PERSON")


class PiiSettings(BaseModel):
    """What is looked for, how sure a finding must be, and from when a person counts as a minor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = Field(
        default=("DATE_TIME", "PERSON", "URL", "UUID"),
        description="Types that are not looked for. The default leaves out what is seldom about a person, and names.",
    )
    thresholds: dict[str, float] = Field(
        default_factory=dict,
        description="Score from which a finding of a type counts, 0 to 1; other types use the catalogue's own.",
    )
    batch_chars: int = Field(
        default=2_000_000,
        ge=1,
        description="Characters scanned together. It bounds memory and changes no finding.",
    )
    regex_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Seconds one pattern may take on one batch. A document that exceeds it is named as not run.",
    )
    as_of: dt.date | None = Field(
        default=None,
        description="Day on which ages are counted, for minors under 14. Without it that check is named not run.",
    )
    aggregate_types: int = Field(
        default=4,
        ge=2,
        description="Number of different types in one document from which their sum counts as sensitive.",
    )
    phone_regions: tuple[str, ...] = Field(
        default=("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR"),
        description="Regions whose national telephone numbers are recognised in text in Latin script.",
    )
    engine: ModelEngine = Field(
        default=ModelEngine(),
        description="Model that finds names beside the patterns: kind, local path, digest of its files.",
    )

    @model_validator(mode="after")
    def _model_has_work(self) -> PiiSettings:
        if self.engine.kind != "none" and set(self.engine.types().values()) <= set(self.off):
            raise ValueError(
                f"engine finds only types that are off ({', '.join(sorted(set(self.engine.types().values())))}):"
                " take them out of pii.off, or set engine.kind to none"
            )
        return self
