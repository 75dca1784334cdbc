"""A rule or gate in words: what it looks at, when it fires, what follows, who asks for it."""

from __future__ import annotations

from lineage.errors import HallmarkError
from lineage.reasons import BY_SLUG
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
)
from stages.publish.gates import MEASURES
from stages.screen import TAXONOMY

FATE = {
    "remove": "the document is removed",
    "quarantine": "the document waits in quarantine for a person",
    "flag": "the document is only counted",
}
RIGHTS = {
    "licence-missing": "no licence is stated for the document",
    "licence-not-allowed": "its licence cannot be met with the ids under `licences.allow`",
    "licence-obligation": "its licence cannot be met without an obligation under `licences.refuse_obligations`",
    "licence-unread": "the data states a licence for it that is no SPDX expression; its source's stands for it",
    "retention-ended": "the source may no longer be kept on the release's day",
    "purpose-not-covered": "the source was not collected for the release's purpose",
    "no-lawful-basis": "personal information was found, and the source states no lawful basis",
    "opted-out": "the document, its page or its server refuses the use, in whatever words",
    "tdm-reserved": "its page or server reserves text and data mining (tdm-reservation)",
    "noai": "its page or server says noai",
    "noimageai": "its page or server says noimageai",
    "robots-disallowed": "a robots.txt snapshot of its source refuses its address to one of the agents",
    "robots-unjudged": "its source has robots.txt snapshots, and none can judge the document",
    "refusal-list": "a refusal list of the operator names its domain, address, digest or author",
}


def explain(policy: Policy, name: str) -> str:
    """Return the rule or gate called `name` in words; a HallmarkError lists the names there are."""
    for place, rule in enumerate(policy.rules, 1):
        if rule.id == name:
            return "\n".join(_rule(policy, rule, place))
    for gate in policy.gates:
        if gate.id == name:
            return "\n".join(_gate(gate))
    names = ", ".join([r.id for r in policy.rules] + [g.id for g in policy.gates])
    raise HallmarkError(f"no rule or gate {name!r}", where=policy.policy, cure=f"choose from: {names}")


def contents(policy: Policy) -> str:
    """Return every rule and gate of a policy, one line each: id, what follows, where it fires."""
    width = max((len(e.id) for e in (*policy.rules, *policy.gates)), default=0)
    rules = [f"  {r.id:<{width}}  {r.action:<10}  {_when(policy, r)}" for r in policy.rules]
    gates = [
        f"  {g.id:<{width}}  {'/'.join(g.grades) or 'told only':<10}  {g.en or g.measure}"
        for g in policy.gates
    ]
    return "\n".join([f"{policy.policy} version {policy.version}: rules, in order", *rules, "gates", *gates])


def _rule(policy: Policy, rule: Rule, place: int) -> list[str]:
    reason = BY_SLUG[rule.reason]
    twins = " Its verified near-duplicates leave with it." if reason.content and rule.action != "flag" else ""
    lines = [
        f"{rule.id}: rule {place} of {len(policy.rules)} in {policy.policy}, on evidence of {rule.on}",
        f"  fires where {_when(policy, rule)}",
        f"  then {FATE[rule.action]}, reason {rule.reason} ({reason.en}).{twins}",
    ]
    if rule.action != "flag":
        lines.append("  Rules stand in order: the first that fires decides.")
    return [*lines, _asked(rule)]


def _when(policy: Policy, rule: Rule) -> str:
    match rule:
        case RightsRule():
            return RIGHTS[rule.test] + _refused(policy, rule)
        case QualityRule():
            where = f" in languages {', '.join(rule.languages)}" if rule.languages else ""
            whose = f" of sources {', '.join(rule.sources)}" if rule.sources else ""
            return f"{rule.column} {rule.op} {rule.value:g}{where}{whose}"
        case PiiRule():
            return _pii(rule)
        case ScreenRule():
            return _screen(rule)
        case AiLabelRule():
            return f"ingest found one of the labels {', '.join(rule.verdicts)}"
        case NotRunRule():
            return f"a detector of the stage {rule.stage} ({', '.join(rule.detectors)}) was not run on the document"


def _refused(policy: Policy, rule: RightsRule) -> str:
    if rule.test != "licence-obligation":
        return ""
    return f" ({', '.join(policy.licences.refuse_obligations) or 'none is named, so it fires nowhere'})"


def _pii(rule: PiiRule) -> str:
    if rule.sensitive is not None:
        return f"a finding belongs to {', '.join(rule.sensitive)}"
    if rule.per_kchar_over is not None:
        return f"there are more than {rule.per_kchar_over:g} findings per 1,000 characters"
    kinds = f" of {', '.join(rule.types)}" if rule.types else ""
    return f"there are more than {rule.count_over or 0} findings{kinds}"


def _screen(rule: ScreenRule) -> str:
    names = []
    for pattern in rule.codes:
        known = next((r for r in TAXONOMY.risks if r.code == pattern), None)
        names.append(f"{pattern} ({known.en})" if known else pattern)
    levels = f", level {' or '.join(rule.levels)}" if rule.levels else ""
    who = "" if rule.detectors == ("*",) else f", detector {', '.join(rule.detectors)}"
    return f"a hit of {', '.join(names)} has score {rule.score:g} or more, {rule.count} time(s){levels}{who}"


def _gate(gate: Gate) -> list[str]:
    measure = MEASURES.get(gate.measure)
    sign = "unknown measure" if measure is None else "at most" if measure.better == "less" else "at least"
    grades = f"needed for {', '.join(gate.grades)}" if gate.grades else "told only; it withholds nothing"
    return [
        f"{gate.id}: gate over the {gate.scope}, {grades}",
        f"  {gate.en or gate.id} / {gate.zh or gate.id}",
        f"  passes where {gate.measure} is {sign} {gate.threshold:g}; what was not measured says not_run",
        _asked(gate),
    ]


def _asked(entry: Rule | Gate) -> str:
    if not entry.clause:
        return "  No clause is named: it is the policy's own."
    verified = "" if entry.verified else "not "
    return f"  Asked by {entry.edition or 'an unnamed edition'}, {entry.clause} (text {verified}verified by a person)."
