"""The clause-by-clause result table: conforms, does not conform, not applicable; or not assessed, where no
evidence speaks. A result `conforms` without evidence cannot be made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lineage.exports.facts import MANIFEST, Release, table
from lineage.exports.paper import Paper

PATHS = {"zh": "exports/cn/clauses.zh.md", "en": "exports/cn/clauses.en.md"}
#: Failing parts are many or few; the table names this many of them.
LISTED = 5
CONFORMS, FAILS, NOT_APPLICABLE, OPEN = "conforms", "does-not-conform", "not-applicable", "not-assessed"


class Evidence(NamedTuple):
    """Where a result can be checked: a file of the release or a proof held elsewhere, its digest, the field."""

    what: str
    sha256: str
    field: str = ""


class Result(NamedTuple):
    """The result of one clause; `reason` is a key of the table's reasons, filled with `words`."""

    clause: dict[str, Any]
    result: str
    reason: str
    words: dict[str, Any]
    evidence: tuple[Evidence, ...]

    def says(self, lang: str) -> str:
        """Return the reason in words."""
        return table("cn-clauses")["reasons"][self.reason][lang].format(**self.words)


def results(release: Release) -> list[Result]:
    """Return one result per clause, in the order of the table."""
    return [_checked(_TESTS[c["test"]](release, c)) for c in table("cn-clauses")["clauses"]]


def clause_table(release: Release, lang: str) -> Paper:
    """Return the result table as a paper in one language."""
    zh, data = lang == "zh", table("cn-clauses")
    names = {key: words[lang] for key, words in data["results"].items()}
    every = results(release)
    paper = Paper("逐条评估结果（语料部分）" if zh else "Results clause by clause (corpora)")
    dataset = release.dataset
    paper.say(
        f"{dataset['id']} {dataset['version']} · {dataset['as_of']} · SHA-256 {release.manifest_digest}",
        "条款编号与数值未与正式文本核对之前，一律标为未核对。本表陈述测量结果，不构成合规结论。" if zh else
        "Clauses stay marked unverified until a person compares them with the official text. This table states what "
        "was measured; it is not a finding of legal compliance.",
    )  # fmt: skip
    counts = {key: sum(r.result == key for r in every) for key in names}
    paper.table(list(names.values()), [list(counts.values())])
    heads = ("条款", "版本", "已核对", "要求", "结果", "说明", "证据（SHA-256）") if zh else (
        "clause", "edition", "verified", "asked", "result", "reason", "evidence (SHA-256)")  # fmt: skip
    paper.table(heads, [_row(r, names, lang) for r in every])
    paper.say(
        "总体结论：由评估负责人填写。签字："
        if zh
        else "Overall conclusion: to be written by the assessor. Signature:"
    )
    return paper


def _row(found: Result, names: dict[str, str], lang: str) -> tuple[str, ...]:
    clause, zh = found.clause, lang == "zh"
    verified = ("是" if zh else "yes") if clause.get("verified") else ("否" if zh else "no")
    evidence = "; ".join(f"{e.what}{'#' + e.field if e.field else ''} {e.sha256}" for e in found.evidence)
    none = "无" if zh else "none"
    return (clause["clause"], clause["edition"], verified, clause[lang], names[found.result],
            found.says(lang), evidence or none)  # fmt: skip


def _checked(found: Result) -> Result:
    if found.result == CONFORMS and not found.evidence:
        raise ValueError(f"{found.clause['id']}: conforms without evidence")
    return found


def _gate(release: Release, clause: dict[str, Any]) -> Result:
    """One gate decides, over the release and every part that holds it."""
    gate = clause["gates"][0]
    found = _gates(release, gate)
    if not found:
        return Result(clause, OPEN, "gate-absent", {"gate": gate}, ())
    words = {"gate": gate, "threshold": found[0][0]["threshold"]}
    for status, result, reason in (
        ("fail", FAILS, "gate-fail"),
        ("warn", FAILS, "gate-fail"),
        ("not_run", OPEN, "gate-open"),
        ("waived", OPEN, "gate-waived"),
        ("pass", CONFORMS, "gate-pass"),
    ):
        hit = [(g, e) for g, e in found if g["status"] == status]
        if hit:
            measured = [g["measured"] for g, _ in hit if g["measured"] is not None]
            worst = (max if hit[0][0]["better"] == "less" else min)(measured, default=None)
            evidence = dict.fromkeys(e for _, e in (found if result == CONFORMS else hit))
            return Result(clause, result, reason, words | {"measured": worst}, tuple(evidence)[:LISTED])
    raise ValueError(f"{gate}: unknown status")


def _gates(release: Release, gate: str) -> list[tuple[dict[str, Any], Evidence]]:
    found = [
        (g, Evidence(MANIFEST, release.manifest_digest, f"/gates/{i}"))
        for i, g in enumerate(release.manifest["gates"])
        if g["id"] == gate
    ]
    held = Evidence(
        MANIFEST, release.manifest_digest, "/shards"
    )  # which names every part's manifest by digest
    digests = {(s["source"], s["part"]): s["manifest_sha256"] for s in release.manifest["shards"]}
    for manifest in release.manifests:
        source, part = manifest["source"]["id"], manifest["part"]
        where = f"meta/shards/{source}/{part}.json"
        for i, row in enumerate(manifest["gates"]):
            if row["id"] == gate:
                own = Evidence(where, digests[source, part], f"/gates/{i}")
                found.append((row, held if row["status"] == "pass" else own))
    return found


def _proofs(release: Release, clause: dict[str, Any]) -> Result:
    sources = release.of_class(*clause["classes"])
    if not sources:
        return Result(clause, NOT_APPLICABLE, "no-source", {}, ())
    held = {s["id"]: [e for e in s["evidence"] if e["kind"] in clause["kinds"]] for s in sources}
    missing = sorted(name for name, found in held.items() if not found)
    if missing:
        return Result(
            clause, FAILS, "proofs-missing", _named(missing) | {"kinds": ", ".join(clause["kinds"])}, ()
        )
    evidence = tuple(Evidence(f"{s}:{e['kind']}", e["sha256"]) for s, found in held.items() for e in found)
    return Result(clause, CONFORMS, "proofs-held", _named(sorted(held)), evidence)


def _probe(release: Release, clause: dict[str, Any]) -> Result:
    probes = {s["id"]: s.get("probe") for s in release.used}
    failed = sorted(s for s, p in probes.items() if p and p["status"] == "fail")
    silent = sorted(s for s, p in probes.items() if not p or p["status"] not in ("pass", "fail"))
    evidence = (Evidence(MANIFEST, release.manifest_digest, "/probes"),)
    if not probes:
        return Result(clause, NOT_APPLICABLE, "no-source", {}, ())
    if failed:
        return Result(clause, FAILS, "probe-fail", _named(failed), evidence)
    if silent:
        return Result(clause, OPEN, "probe-open", _named(silent), evidence)
    worst = max(p["share"] for p in probes.values())
    by = ", ".join(sorted({str(p.get("judged_by")) for p in probes.values()}))
    words = {"n": len(probes), "max": max(p["max_share"] for p in probes.values()), "worst": worst, "by": by}
    return Result(clause, CONFORMS, "probe-pass", words, evidence)


def _screened(release: Release, clause: dict[str, Any]) -> Result:
    """Keywords and classifiers must have run on everything, and people must have looked at a sample."""
    stages, audit = release.manifest["stages"], release.manifest.get("audit") or {}
    at = next((i for i, s in enumerate(stages) if s["stage"] == "screen"), 0)
    detectors = stages[at]["detectors"]
    ran = sum(d["status"] == "run" for d in detectors)
    open_codes = sorted({c for d in detectors if d["status"] != "run" for c in d["codes"]})
    evidence = (
        Evidence(MANIFEST, release.manifest_digest, f"/stages/{at}/detectors"),
        Evidence(MANIFEST, release.manifest_digest, "/audit"),
    )
    drawn, labelled = audit.get("n") or 0, audit.get("labelled") or 0
    left = [f"not run: {', '.join(open_codes)}"] if open_codes else []
    left += [f"manual audit: {labelled} of {drawn}"] if labelled < drawn or not drawn else []
    if left:
        return Result(clause, OPEN, "screened-open", {"ran": ran, "what": "; ".join(left)}, evidence)
    return Result(clause, CONFORMS, "screened-pass", {"ran": ran, "n": labelled}, evidence)


def _basis(release: Release, clause: dict[str, Any]) -> Result:
    evidence = (Evidence(MANIFEST, release.manifest_digest, "/sources"),)
    missing = sorted(
        s["id"] for s in release.used if s["lawful_basis"] == "none" and _personal(release, s["id"])
    )
    if not release.used:
        return Result(clause, NOT_APPLICABLE, "no-source", {}, ())
    if missing:
        return Result(clause, FAILS, "basis-missing", _named(missing), evidence)
    return Result(clause, CONFORMS, "basis-held", _named([s["id"] for s in release.used]), evidence)


def _personal(release: Release, source: str) -> bool:
    """Whether the published documents of a source held personal information when they were read."""
    return any(r["in_published"] for m in release.manifests if m["source"]["id"] == source for r in m["pii"])


def _person(release: Release, clause: dict[str, Any]) -> Result:
    said = [release.answer(key, "zh") for key in clause.get("answers", ())]
    text = "; ".join(a for a in said if a)
    return Result(clause, OPEN, "person-stated" if text else "person-silent", {"said": text}, ())


def _named(ids: list[str]) -> dict[str, Any]:
    return {"n": len(ids), "ids": ", ".join(ids)}


_TESTS = {
    "gate": _gate, "proofs": _proofs, "probe": _probe, "screened": _screened, "basis": _basis, "person": _person,
}  # fmt: skip
