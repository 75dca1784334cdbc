"""Gates: what a policy asks of a shard or a release, measured; not run says so and never passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lineage.evidence import MEASURED
from stages.decide.policy import Gate
from stages.ingest.source import CONSENT
from stages.publish.audit import share_interval
from stages.publish.personal import proofs

Facts = Mapping[str, Any]


class Measure(NamedTuple):
    """How a gate is measured: the value (None: not run), and whether more or less is better."""

    value: Callable[[Facts], float | None]
    better: str  # "less" | "more"
    interval: Callable[[Facts], list[float] | None] = lambda facts: None  # 95 %, two-sided


def _books(facts: Facts) -> float:
    flow = facts["flow"]
    return abs(flow["in"] - sum(n for name, n in flow.items() if name != "in"))


def _unlicensed(facts: Facts) -> float:
    return sum(r["docs"] for r in facts["licences"] if r["spdx"] in ("NOASSERTION", "NONE", "unknown", ""))


def _residual(facts: Facts) -> float:
    return sum(r["residual"] for r in facts["pii"] if r["action"] != "keep")


def _kept(facts: Facts, prefix: str, levels: tuple[str, ...]) -> float:
    rows = (r for r in facts["screen"] if r["code"].startswith(prefix) and r["level"] in levels)
    return sum(r["kept"] for r in rows)


def _important_abroad(facts: Facts) -> float | None:
    """Count published documents with a sign of important data whose source lies or comes from abroad."""
    detectors = [d for s in facts["stages"] for d in s["detectors"]]
    if not any("important-data" in d.get("codes", ()) and d["status"] == "run" for d in detectors):
        return None
    source = facts["source"]
    if not source["cross_border"] and source["storage_region"] == source["jurisdiction"]:
        return 0
    rows = (r for r in facts["screen"] if r["code"] == "important-data")
    return sum(r["kept"] + r["released"] for r in rows)


def _works(facts: Facts) -> float | None:
    """Count published documents that are a registered work, or nearly, and that nobody released."""
    running = [d for s in facts["stages"] for d in s["detectors"] if d.get("status") == "run"]
    if not any("protected-work" in d.get("codes", ()) for d in running):
        return None
    return _kept(facts, "protected-work", ("exact", "near"))


def _probe(facts: Facts) -> float | None:
    used = [p["share"] for p in facts.get("probes", ()) if p["status"] == "pass"]
    return max(used) if used else None


def _probe_interval(facts: Facts) -> list[float] | None:
    used = [p for p in facts.get("probes", ()) if p["status"] == "pass"]
    if not used:
        return None
    worst = max(used, key=lambda p: p["share"])
    low, high = share_interval(worst["n"] - worst["failures"], worst["n"])
    return [round(1 - high, 4), round(1 - low, 4)]


def _audit(facts: Facts) -> float | None:
    """Return the pass rate of a finished audit; a good one counts only when reviewers' keys signed every reading.

    A bad one counts as it is: to leave it unsigned must not save a release. The lower of the plain rate and the one
    that weighs each source by its documents: small sources, drawn above their share, must not lift a rate.
    """
    audit = facts.get("audit") or {}
    if not audit.get("labelled") or audit["labelled"] != audit["n"]:
        return None
    weighted = audit.get("weighted_rate")
    rate = audit["pass_rate"] if weighted is None else min(audit["pass_rate"], weighted)
    readers, good = audit["readers"], rate >= audit["min_pass"]
    return rate if not good or readers["signed"] == readers["readings"] else None


def _readings(name: str, of: str) -> Callable[[Facts], float | None]:
    """Return the measure of a share of what readers did, None where nobody read."""

    def share(facts: Facts) -> float | None:
        readers = (facts.get("audit") or {}).get("readers") or {}
        return readers[name] / readers[of] if readers.get(of) else None

    return share


def _short(facts: Facts) -> float | None:
    """Count the risks of A.1 and A.2 with fewer keywords than their minimum."""
    library = facts.get("keyword_library")
    return len(library["short"]) if library else None


def _age(facts: Facts) -> float | None:
    """Return the days since the newest keyword; a library newer than the release's day says nothing of that day."""
    library = facts.get("keyword_library")
    return library["age_days"] if library and library["age_days"] >= 0 else None


def _measured(facts: Facts) -> float | None:
    detectors = [d for s in facts["stages"] for d in s["detectors"]]
    measured = sum((d.get("evidence") or {}).get("status") == MEASURED for d in detectors)
    return measured / len(detectors) if detectors else None


def _synthetic(facts: Facts) -> float | None:
    total = sum(r["docs"] for r in facts["ai_labels"])
    found = sum(r["docs"] for r in facts["ai_labels"] if r["verdict"] not in ("none", "unknown"))
    return round(found / total, 4) if total else None


def _without_basis(facts: Facts) -> float:
    return facts["personal"]["docs"] if facts["source"]["lawful_basis"] == "none" else 0


def _without_consent(facts: Facts) -> float:
    return 0 if CONSENT in proofs(facts["source"]) else facts["personal"]["sensitive_left"]


def _minors(facts: Facts) -> float | None:
    return None if facts["personal"]["minors_not_run"] else facts["personal"]["minors_undecided"]


def _assessed(facts: Facts) -> float | None:
    found = facts["assessments"]
    return None if found["missing"] and not found["out_of_date"] else found["out_of_date"]


def _annotation_open(facts: Facts) -> float:
    return (facts["source"].get("annotation") or {}).get("open", 0)


MEASURES: dict[str, Measure] = {
    "books-open": Measure(_books, "less"),
    "unlicensed-published": Measure(_unlicensed, "less"),
    "pii-residual": Measure(_residual, "less"),
    "pii-without-basis": Measure(_without_basis, "less"),
    "sensitive-without-consent": Measure(_without_consent, "less"),
    "minors-undecided": Measure(_minors, "less"),
    "assessments-out-of-date": Measure(_assessed, "less"),
    "cbrn-restricted-published": Measure(lambda f: _kept(f, "cbrn-", ("restricted",)), "less"),
    "secrecy-marked-published": Measure(lambda f: _kept(f, "secrecy-state", ("marking",)), "less"),
    "important-data-abroad": Measure(_important_abroad, "less"),
    "protected-works-published": Measure(_works, "less"),
    "duplicates-left": Measure(lambda f: f.get("duplicates_left"), "less"),
    "source-probe-share": Measure(_probe, "less", _probe_interval),
    "manual-audit-pass-rate": Measure(_audit, "more", lambda f: f["audit"].get("interval95")),
    "annotation-open": Measure(_annotation_open, "less"),
    "readings-by-qualified": Measure(_readings("qualified", "readings"), "more"),
    "items-reviewed": Measure(_readings("reviewed", "annotated"), "more"),
    "technical-audit-pass-rate": Measure(
        lambda f: (f.get("technical") or {}).get("pass_rate"),
        "more",
        lambda f: (f.get("technical") or {}).get("interval95"),
    ),
    "keyword-library-size": Measure(lambda f: f.get("operator_keywords"), "more"),
    "keyword-risks-short": Measure(_short, "less"),
    "keyword-library-age": Measure(_age, "less"),
    "risks-with-measured-recall": Measure(lambda f: f.get("risks_measured"), "more"),
    "detectors-with-evidence": Measure(_measured, "more"),
    "synthetic-share": Measure(_synthetic, "less"),
}


def run_gates(
    gates: tuple[Gate, ...], scope: str, facts: Facts, waivers: Facts | None = None
) -> list[dict[str, Any]]:
    """Return [{id, status, measured, threshold, grades, zh, en, clause, edition, verified}] for one scope.

    `waivers`: by gate, as `pipelines.waivers.in_force` tells them. A gate that does not pass and has one is `waived`,
    with `waiver`: what the journal says, and `instead_of`: what the gate would have said.
    """
    return [_waived(_run(g, facts), waivers or {}) for g in gates if g.scope == scope]


def _waived(row: dict[str, Any], waivers: Facts) -> dict[str, Any]:
    if row["status"] == "pass" or row["id"] not in waivers:
        return row
    return row | {"status": "waived", "waiver": waivers[row["id"]] | {"instead_of": row["status"]}}


def _run(gate: Gate, facts: Facts) -> dict[str, Any]:
    measure = MEASURES[gate.measure]
    value = measure.value(facts)
    if value is None:
        status = "not_run"
    else:
        value = round(float(value), 4)
        good = value <= gate.threshold if measure.better == "less" else value >= gate.threshold
        status = "pass" if good else ("fail" if gate.grades and gate.withholds else "warn")
    return {
        "id": gate.id,
        "status": status,
        "measured": value,
        "interval95": None if value is None else measure.interval(facts),
        "threshold": gate.threshold,
        "better": measure.better,
        "grades": list(gate.grades),
        "zh": gate.zh,
        "en": gate.en,
        "clause": gate.clause,
        "edition": gate.edition,
        "verified": gate.verified,
    }


def grade_allowed(gates: list[dict[str, Any]]) -> str:
    """Return the best grade these gate results allow: certified, screened or withheld.

    A computed fail withholds; what was not run or is waived never withholds and never certifies.
    """
    if any(g["status"] == "fail" for g in gates):
        return "withheld"
    needed = [g for g in gates if "certified" in g["grades"]]
    return "certified" if needed and all(g["status"] == "pass" for g in needed) else "screened"
