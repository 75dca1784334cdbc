"""The policy: what is prohibited and what follows from it, as versioned data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lineage.licences import Obligation
from lineage.reasons import BY_SLUG
from lineage.yamlfile import YamlFile

#: Removed always, never held, read or released: sexual content about minors.
ILLEGAL = "sexual-minors"
Action = Literal["remove", "quarantine", "flag"]
PiiAction = Literal["redact", "mask", "surrogate", "hash", "keep"]
RightsTest = Literal[
    "licence-missing",
    "licence-not-allowed",
    "licence-obligation",
    "licence-unread",
    "retention-ended",
    "purpose-not-covered",
    "no-lawful-basis",
    "opted-out",
    "tdm-reserved",
    "noai",
    "noimageai",
    "robots-disallowed",
    "robots-unjudged",
    "refusal-list",
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


class DedupRule(RuleBase):
    """Reads what the dedup stage measured besides duplicates; where it did not, manifests say not_run."""

    on: Literal["dedup"]
    column: Literal["repeated_lines", "repeated_paragraphs", "test_ngrams", "earlier"] = Field(
        description="Share of the document in repeated lines or paragraphs; n-grams shared with test sets; estimated "
        "similarity with a document of an earlier release"
    )
    over: float = Field(ge=0, description="The rule fires above this value")
    test_sets: tuple[str, ...] | None = Field(None, description="Only for these test sets; * and ? match")

    outcomes: tuple[str, ...] | None = Field(
        None,
        description="Only for documents that left an earlier release for these reasons, or were `kept`; * and ? match",
    )

    @model_validator(mode="after")
    def _sets_of_ngrams(self) -> DedupRule:
        if self.outcomes is not None and self.column != "earlier":
            raise ValueError("outcomes belongs to the column earlier")
        if self.test_sets is not None and self.column != "test_ngrams":
            raise ValueError("test_sets belongs to the column test_ngrams")
        return self


class AiLabelRule(RuleBase):
    on: Literal["ai-label"]
    verdicts: tuple[str, ...] = Field(description="Label verdicts found by ingest")


class NotRunRule(RuleBase):
    on: Literal["not-run"]
    stage: Literal["pii", "screen", "dedup"] = Field(
        description="Fires where a detector of this stage was not run, or dedup measured no column that a rule reads"
    )
    detectors: tuple[str, ...] = Field(("*",), description="Detectors, or columns of dedup; * and ? match")


Rule = Annotated[
    RightsRule | QualityRule | DedupRule | PiiRule | ScreenRule | AiLabelRule | NotRunRule,
    Field(discriminator="on"),
]


class PiiPolicy(Strict):
    default: PiiAction = Field("redact", description="Action for types not named")
    types: dict[str, PiiAction] = Field({}, description="Action by type")

    def action(self, kind: str) -> PiiAction:
        return self.types.get(kind, self.default)


class Licences(Strict):
    allow: tuple[str, ...] = Field(("*",), description="SPDX ids that may be published; * for all known ones")
    preference: tuple[str, ...] = Field((), description="Keeper order: earlier is preferred")
    refuse_obligations: tuple[Obligation | Literal["unread"], ...] = Field(
        (), description="A rule with test licence-obligation fires where a licence asks one of these"
    )
    terms: dict[str, tuple[Obligation, ...]] = Field(
        {}, description="What a person read in a licence that the table of obligations lacks, by SPDX id"
    )


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
    withholds: bool = Field(
        True, description="False: a shortfall is a warning that caps the grade and withholds nothing"
    )
    waivable: bool = Field(True, description="A journalled waiver may stand in for it (never for the books)")
    zh: str = ""
    en: str = ""
    clause: str = ""
    edition: str = ""
    verified: bool = False

    @property
    def may_be_waived(self) -> bool:
        """Tell whether a waiver counts: never for the books, which are law."""
        return self.waivable and self.measure != "books-open"


class Material(Strict):
    """When a new release differs so much that it needs a new filing; null switches a rule off."""

    documents: float | None = Field(
        0.1, ge=0, description="Published documents grew or shrank by more than this share"
    )
    characters: float | None = Field(0.1, ge=0, description="Published characters did")
    tokens: float | None = Field(
        0.1, ge=0, description="Published tokens did, where both releases counted them"
    )
    replaced: float | None = Field(
        0.1, ge=0, description="A larger share of the old published documents is gone"
    )
    source_share: float | None = Field(
        0.1, ge=0, description="A source's share of the release moved by more than this"
    )
    language_share: float | None = Field(0.1, ge=0, description="A language's share did")
    risk_rate: float | None = Field(
        10.0, ge=0, description="Hits of a risk code per 10,000 documents read rose by more than this"
    )
    pii_rate: float | None = Field(
        10.0, ge=0, description="Documents with a type of personal information did"
    )
    sources_added: bool = Field(True, description="A source came in")
    sources_lost: bool = Field(False, description="A source left")
    rights_changed: bool = Field(
        True, description="Licence, class, jurisdiction or storage region of a source changed"
    )
    licences_added: bool = Field(
        True, description="Documents came in under a licence that was not there before"
    )
    licences_lost: bool = Field(False, description="No document is left under a licence")
    purpose: bool = Field(True, description="The purpose of the release changed")
    policy: bool = Field(True, description="The policy changed")
    detectors: bool = Field(
        True, description="A detector that screens or finds personal information changed or left"
    )
    grade: bool = Field(True, description="The gates allow a lower grade than before")
    clause: str = Field("", description="Where a regulation asks for it")
    edition: str = Field("", description="Edition of that text")
    verified: bool = Field(False, description="A person compared the rules with the official text")


class ExampleHit(Strict):
    """A screen hit of an example."""

    code: str = Field(description="Risk code")
    detector: str = Field("example@1", description="Detector, name@version")
    level: str = Field("flag", description="Level of the hit")
    score: float = Field(1.0, description="Score")
    n: int = Field(1, ge=1, description="Hits")


class Given(Strict):
    """The evidence of an example document; what is not named is unsuspicious."""

    licence: str = Field("MIT", description="SPDX expression")
    licence_unread: bool = Field(False, description="The data states a licence that is no SPDX expression")
    lang: str = Field("en", description="Language; the screen counts as measured on en and zh")
    quality: dict[str, float] = Field({}, description="Evidence columns of the quality stage")
    pii: dict[str, int] = Field({}, description="Findings by type")
    sensitive: tuple[str, ...] = Field((), description="PIPL Art. 28 classes")
    per_kchar: float = Field(0.0, description="Findings per 1,000 characters")
    hits: tuple[ExampleHit, ...] = Field((), description="Hits of the screen stage")
    ai_label: str = Field("none", description="Label verdict of ingest")
    pii_not_run: tuple[str, ...] = Field((), description="Detectors of the pii stage that were not run")
    screen_not_run: tuple[str, ...] = Field((), description="Detectors of the screen stage that were not run")
    lawful_basis: str = Field("consent", description="Of the source")
    retention_ended: bool = Field(False, description="The source's retention lies behind the release's day")
    opted_out: bool = Field(False, description="The data itself refuses the use, in whatever words")
    opt_outs: tuple[str, ...] = Field(
        (), description="Refusals of page or server: tdm-reservation, noai, ..."
    )
    robots_disallowed: bool = Field(False, description="The site's robots.txt refuses the page")
    refusal_listed: bool = Field(False, description="The operator's refusal list names the document")
    purpose_covered: bool = Field(True, description="The source was collected for the release's purpose")


class Expect(Strict):
    """What a policy must make of an example."""

    disposition: Literal["kept", "redacted", "removed", "quarantined"]
    rule: str | None = Field(None, description="Rule that must decide; null where none may")
    flags: tuple[str, ...] | None = Field(None, description="Exactly these rules flag; null does not check")


class Example(Strict):
    """A case that the policy must get right; `hallmark policy test` runs it."""

    name: str = Field(description="What the case shows, in words")
    given: Given = Field(Given(), description="Evidence of one document")
    expect: Expect = Field(description="Its fate")


class IndependentSet(Strict):
    """The detectors of the technical audit (N5): none that an acting rule reads, or the gate is not run."""

    detectors: tuple[str, ...] = Field(
        (), description="Detectors of the screen; * and ? match; empty: no audit"
    )
    score: float = Field(0.5, ge=0, le=1, description="A published document fails at this score and above")


class Lanes(Strict):
    """Tiered governance: which sources take the fast lane, and what waits for a person in the slow one."""

    fast_share: float | None = Field(
        None, ge=0, le=1, description="Largest unhealthy share of a probe in the fast lane; null: no lanes"
    )
    min_probe: int = Field(1, ge=1, description="A probe of fewer documents clears no source")
    hold: tuple[str, ...] = Field(
        (), description="Rules with action flag; a document they mark waits for a person in the slow lane"
    )


class Policy(Strict):
    policy: str
    version: int
    title: dict[str, str]
    regime: str = ""
    licences: Licences = Licences()
    pii: PiiPolicy = PiiPolicy()
    probe: Probe = Probe()
    n5: IndependentSet = IndependentSet()
    lanes: Lanes = Lanes()
    rules: tuple[Rule, ...]
    gates: tuple[Gate, ...] = ()
    examples: tuple[Example, ...] = Field((), description="Cases that the policy must get right")
    material: Material = Material()
    sha256: str = Field("", description="Set on loading: digest of the file")

    @model_validator(mode="after")
    def _unique(self) -> Policy:
        for kind, ids in (("rule", [r.id for r in self.rules]), ("gate", [g.id for g in self.gates])):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"two {kind}s are called {twice[0]!r}")
        flags = {r.id for r in self.rules if r.action == "flag"}
        if other := sorted(set(self.lanes.hold) - flags):
            raise ValueError(f"lanes.hold names {other[0]!r}, which is no rule with action flag")
        kept = [r.id for r in self.rules if r.reason == ILLEGAL and r.action == "quarantine"]
        if kept:
            raise ValueError(
                f"rule {kept[0]!r} would hold what must be removed: {ILLEGAL} takes action remove"
            )
        return self


def load_policy(path: Path) -> Policy:
    """Return the policy in `path`; a SettingsError names file, line and field of the first problem."""
    policy = YamlFile(path).validate(Policy)
    return policy.model_copy(update={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
