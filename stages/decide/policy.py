"""The policy: what is prohibited and what follows from it, as versioned data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lineage.reasons import BY_SLUG
from lineage.yamlfile import YamlFile

Action = Literal["remove", "quarantine", "flag"]
PiiAction = Literal["redact", "mask", "surrogate", "hash", "keep"]
RightsTest = Literal[
    "licence-missing", "licence-not-allowed", "retention-ended", "purpose-not-covered", "no-lawful-basis"
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleBase(Strict):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", description="Unique name of the rule")
    action: Action = Field(description="What happens to a document the rule fires on; flag only counts")
    reason: str = Field(description="Reason slug of lineage.reasons")
    clause: str = Field("", description="Where a regulation asks for it")
    edition: str = Field("", description="Edition of that text")
    verified: bool = Field(False, description="A person compared clause and threshold with the official text")

    @model_validator(mode="after")
    def _known_reason(self) -> RuleBase:
        if self.reason not in BY_SLUG:
            raise ValueError(f"unknown reason {self.reason!r}; the list is in docs/reasons.md")
        return self


class RightsRule(RuleBase):
    on: Literal["rights"]
    test: RightsTest = Field(description="Which right is missing")


class QualityRule(RuleBase):
    on: Literal["quality"]
    column: str = Field(description="Evidence column of the quality stage")
    op: Literal["<", ">"] = Field(description="The rule fires where column op value")
    value: float = Field(description="Threshold")
    languages: tuple[str, ...] | None = Field(None, description="Only for these languages; null for all")
    sources: tuple[str, ...] | None = Field(None, description="Only for these sources; null for all")


class PiiRule(RuleBase):
    on: Literal["pii"]
    types: tuple[str, ...] | None = Field(None, description="Types that count; null for all")
    sensitive: tuple[str, ...] | None = Field(None, description="Fires on these PIPL Art. 28 classes")
    per_kchar_over: float | None = Field(
        None, description="Fires above this many findings per 1,000 characters"
    )
    count_over: int | None = Field(None, description="Fires above this many findings of the types")


class ScreenRule(RuleBase):
    on: Literal["screen"]
    codes: tuple[str, ...] = Field(description="Risk codes; * and ? match")
    detectors: tuple[str, ...] = Field(("*",), description="Detectors; * and ? match")
    levels: tuple[str, ...] | None = Field(None, description="Levels of a hit; null for all")
    score: float = Field(0.0, description="The rule fires at this score and above")
    count: int = Field(1, ge=1, description="... and at this many hits and above")


class AiLabelRule(RuleBase):
    on: Literal["ai-label"]
    verdicts: tuple[str, ...] = Field(description="Label verdicts found by ingest")


class NotRunRule(RuleBase):
    on: Literal["not-run"]
    stage: Literal["pii", "screen"] = Field(description="Fires where a detector of this stage was not run")
    detectors: tuple[str, ...] = Field(("*",), description="Detectors; * and ? match")


Rule = Annotated[
    RightsRule | QualityRule | PiiRule | ScreenRule | AiLabelRule | NotRunRule, Field(discriminator="on")
]


class PiiPolicy(Strict):
    default: PiiAction = Field("redact", description="Action for types not named")
    types: dict[str, PiiAction] = Field({}, description="Action by type")

    def action(self, kind: str) -> PiiAction:
        return self.types.get(kind, self.default)


class Licences(Strict):
    allow: tuple[str, ...] = Field(("*",), description="SPDX ids that may be published; * for all known ones")
    preference: tuple[str, ...] = Field((), description="Keeper order: earlier is preferred")


class Probe(Strict):
    max_share: float = Field(
        0.05, description="A source with a larger share of unhealthy documents is refused"
    )
    strict: bool = Field(
        False, description="Ask that the 95 % upper bound stays under it, not the point estimate"
    )
    clause: str = ""
    edition: str = ""
    verified: bool = False


class Gate(Strict):
    id: str = Field(description="Unique name of the gate")
    measure: str = Field(description="What is measured; a name of stages.publish.gates")
    threshold: float = Field(0.0, description="Passes at this value or better")
    grades: tuple[Literal["screened", "certified"], ...] = Field((), description="Grades that need it")
    scope: Literal["shard", "release"] = "release"
    zh: str = ""
    en: str = ""
    clause: str = ""
    edition: str = ""
    verified: bool = False


class Policy(Strict):
    policy: str
    version: int
    title: dict[str, str]
    regime: str = ""
    licences: Licences = Licences()
    pii: PiiPolicy = PiiPolicy()
    probe: Probe = Probe()
    rules: tuple[Rule, ...]
    gates: tuple[Gate, ...] = ()
    sha256: str = Field("", description="Set on loading: digest of the file")

    @model_validator(mode="after")
    def _unique(self) -> Policy:
        for kind, ids in (("rule", [r.id for r in self.rules]), ("gate", [g.id for g in self.gates])):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"two {kind}s are called {twice[0]!r}")
        return self


def load_policy(path: Path) -> Policy:
    """Return the policy in `path`; a SettingsError names file, line and field of the first problem."""
    policy = YamlFile(path).validate(Policy)
    return policy.model_copy(update={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
