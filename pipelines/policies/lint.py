"""Does a policy ask for things that exist: columns, codes, detectors, types, labels, measures?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import polars as pl

from lineage.licences import terms
from lineage.yamlfile import YamlFile
from pipelines.policies.unmeasured import unmeasured
from stages.decide.languages import UNKNOWN, UNMEASURED
from stages.decide.policy import (
    AiLabelRule,
    Gate,
    NotRunRule,
    PiiRule,
    Policy,
    QualityRule,
    RightsRule,
    Rule,
    ScreenRule,
    load_policy,
)
from stages.decide.verdicts import OUTCOME
from stages.pii import TYPES
from stages.pii import detectors as pii_detectors
from stages.pii.catalogue import AGGREGATE, MINOR
from stages.pii.sensitive import SAYS
from stages.pii.settings import PiiSettings
from stages.publish.gates import MEASURES
from stages.publish.technical import not_independent
from stages.quality import EVIDENCE
from stages.screen import TAXONOMY
from stages.screen import detectors as screen_detectors
from stages.screen.settings import ScreenSettings

LEVELS = ("mention", "context", "restricted", "marking", "exam-paper", "flag", "exact", "near", "verbatim")
LABELS = (
    "labelled-1", "labelled-2", "labelled-3", "explicit-only", "label-malformed", "label-residue", "none", "unknown",
)  # fmt: skip


class Problem(NamedTuple):
    """Something wrong with a policy: `error` makes a rule do nothing or something else, `warning` is to be known."""

    level: str  # error | warning
    where: str  # file:line: field
    what: str
    cure: str


def lint(
    path: Path, *, pii: PiiSettings | None = None, screen: ScreenSettings | None = None
) -> list[Problem]:
    """Return every problem of a policy file, errors first; a file that does not parse raises SettingsError.

    `pii`, `screen`: settings whose detectors may be named; the defaults without them.
    """
    policy, file = load_policy(path), YamlFile(path)
    running = screen_detectors(screen or ScreenSettings())
    known = {
        "pii": _names(pii_detectors(pii or PiiSettings())),
        "screen": _names(running),
        "dedup": {"repeated_lines", "repeated_paragraphs", "test_ngrams", "earlier"},
    }
    found = list(_head(policy, path, file))
    for i, rule in enumerate(policy.rules):
        found += [
            Problem(level, file.where("rules", i, field) + f" (rule {rule.id})", what, cure)
            for level, field, what, cure in _rule(rule, known)
        ]
    found += _thresholds(policy, file, running)
    for i, gate in enumerate(policy.gates):
        found += [
            Problem(level, file.where("gates", i, field) + f" (gate {gate.id})", what, cure)
            for level, field, what, cure in _gate(gate)
        ]
    found += _whole(policy, file)
    found += _independent(policy, file, running)
    return sorted(found, key=lambda p: p.level != "error")


Finding = tuple[str, str, str, str]


def _names(detectors: Iterable[dict]) -> set[str]:
    return {d["detector"] for d in detectors if d["detector"]}


def _head(policy: Policy, path: Path, file: YamlFile) -> Iterator[Problem]:
    if policy.policy != path.stem:
        cure = f"name the file {policy.policy}.yaml: params.yaml finds it by its name"
        yield Problem("error", file.where("policy"), f"the policy is called {policy.policy!r}", cure)
    yield from _licences(policy, file)
    for kind in sorted(set(policy.pii.types) - set(TYPES)):
        yield Problem("error", file.where("pii", "types", kind), f"unknown type {kind!r}", _choose(TYPES))


def _licences(policy: Policy, file: YamlFile) -> Iterator[Problem]:
    own = policy.licences
    judging = any(isinstance(r, RightsRule) and r.test == "licence-obligation" for r in policy.rules)
    if own.refuse_obligations and not judging:
        what, cure = "no rule reads this list", "add a rule with `on: rights` and `test: licence-obligation`"
        yield Problem("error", file.where("licences", "refuse_obligations"), what, cure)
    for spdx in sorted(own.terms):
        if terms(spdx):
            what, cure = f"what {spdx} asks stands in the table, which counts", "remove the entry"
            yield Problem("error", file.where("licences", "terms", spdx), what, cure)


def _rule(rule: Rule, known: dict[str, set[str]]) -> Iterator[Finding]:
    match rule:
        case QualityRule():
            yield from _quality(rule)
        case PiiRule():
            yield from _pii(rule)
        case ScreenRule():
            yield from _screen(rule, known["screen"])
        case AiLabelRule():
            yield from _unknown("verdicts", rule.verdicts, LABELS, "label verdict")
        case NotRunRule():
            gaps = {UNMEASURED, UNKNOWN} if rule.stage == "screen" else set()
            yield from _detectors(rule.detectors, known[rule.stage] | gaps)
    if rule.clause and not rule.edition:
        yield "warning", "clause", "a clause without its edition", "add `edition:`"
    if rule.verified and not rule.clause:
        yield "error", "verified", "verified, but no clause is named", "name clause and edition, or remove it"


def _quality(rule: QualityRule) -> Iterator[Finding]:
    kind = EVIDENCE.get(rule.column)
    if kind is None:
        names = [n for n, k in EVIDENCE.items() if k.is_numeric() and n != "row"]
        yield "error", "column", f"no evidence column {rule.column!r}", _choose(names)
    elif not (kind.is_numeric() or kind == pl.Boolean):
        yield "error", "column", f"{rule.column!r} is no number", "compare a number"


def _pii(rule: PiiRule) -> Iterator[Finding]:
    yield from _unknown("types", rule.types or (), TYPES, "type")
    labels = {*SAYS, *(t.sensitive for t in TYPES.values() if t.sensitive), MINOR, AGGREGATE}
    yield from _unknown("sensitive", rule.sensitive or (), sorted(labels), "sensitive class")
    tests = [rule.sensitive is not None, rule.per_kchar_over is not None, rule.count_over is not None]
    if sum(tests) > 1:
        yield "error", "on", "two tests in one rule: only the first would count", "make two rules"
    if not any(tests) and rule.types is None:
        yield "warning", "on", "fires on any finding of any type", "name types, or a number with count_over"


def _screen(rule: ScreenRule, known: set[str]) -> Iterator[Finding]:
    codes = [r.code for r in TAXONOMY.risks]
    for pattern in rule.codes:
        if not any(fnmatchcase(code, pattern) for code in codes):
            yield "error", "codes", f"no risk code matches {pattern!r}", _choose(codes)
    yield from _unknown("levels", rule.levels or (), LEVELS, "level")
    yield from _detectors(rule.detectors, known)


def _detectors(patterns: Iterable[str], known: set[str]) -> Iterator[Finding]:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            yield "error", "detectors", f"no detector matches {pattern!r}", _choose(sorted(known))


def _gate(gate: Gate) -> Iterator[Finding]:
    if gate.measure not in MEASURES:
        yield "error", "measure", f"unknown measure {gate.measure!r}", _choose(sorted(MEASURES))
    if not (gate.zh and gate.en):
        yield "warning", "id", "a gate without its name in both languages", "add `zh:` and `en:`"
    if gate.clause and not gate.edition:
        yield "warning", "clause", "a clause without its edition", "add `edition:`"


def _thresholds(policy: Policy, file: YamlFile, running: list[dict]) -> Iterator[Problem]:
    for i, rule in enumerate(policy.rules):
        if isinstance(rule, ScreenRule) and (pairs := unmeasured(rule, running)):
            named = ", ".join(pairs[:3]) + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else "")
            what = f"acts at score {rule.score:g}, where nothing was measured of {named}"
            cure = "set a score of docs/evidence.md, or measure with `hallmark detector evaluate`"
            yield Problem("warning", file.where("rules", i, "score") + f" (rule {rule.id})", what, cure)


def _independent(policy: Policy, file: YamlFile, running: list[dict]) -> Iterator[Problem]:
    known = {d["detector"]: d["codes"] for d in running if d["detector"]}
    where = file.where("n5", "detectors")
    for level, _, what, cure in _detectors(policy.n5.detectors, set(known)):
        yield Problem(level, where, what, cure)
    own = {n: c for n, c in known.items() if any(fnmatchcase(n, p) for p in policy.n5.detectors)}
    if used := not_independent(policy, own):
        cure = "name detectors that no acting rule reads; until then the gate is not run"
        yield Problem("error", where, f"cleaned the corpus themselves: {', '.join(used)}", cure)


def _whole(policy: Policy, file: YamlFile) -> Iterator[Problem]:
    acting = [r for r in policy.rules if isinstance(r, ScreenRule)]
    seen = [p for r in acting for p in r.codes]
    unread = [
        r.code
        for r in TAXONOMY.risks
        if r.detector == "shipped" and not any(fnmatchcase(r.code, p) for p in seen)
    ]
    covered = {r.code for r in TAXONOMY.risks if r.covered_by}
    for code in sorted(set(unread) - covered):
        cure = "add a rule; action flag only counts"
        yield Problem("warning", file.where("rules"), f"no rule reads the evidence of {code}", cure)
    if not any("certified" in gate.grades for gate in policy.gates):
        cure = "name the gates that `certified` needs"
        yield Problem("warning", file.where("gates"), "no gate is needed for the grade certified", cure)
    if not policy.rules:
        cure = "start from a shipped policy; `hallmark init` writes them"
        yield Problem("error", file.where("rules"), "no rules: every document would be kept", cure)
    elif not any(r.action in OUTCOME for r in policy.rules):
        yield Problem("warning", file.where("rules"), "no rule removes or quarantines", "give one an action")
    if not policy.examples:
        yield Problem(
            "warning", str(file.path), "no examples", "add `examples:`; `hallmark policy test` runs them"
        )


def _unknown(field: str, asked: Iterable[str], known: Iterable[str], what: str) -> Iterator[Finding]:
    for value in sorted(set(asked) - set(known)):
        yield "error", field, f"unknown {what} {value!r}", _choose(known)


def _choose(names: Iterable[str]) -> str:
    return f"choose from: {', '.join(names)}"
