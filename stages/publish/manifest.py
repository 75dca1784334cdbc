"""The shard manifest and the release manifest: facts from tables, settings and digests; no clock, no host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lineage.merkle import shard_root
from stages.publish.gates import grade_allowed
from stages.publish.limits import limits
from stages.publish.tokens import total as token_total
from stages.screen.fairness import release_facts

SHARD_SCHEMA = "urn:hallmark:shard-manifest:1"
RELEASE_SCHEMA = "urn:hallmark:release-manifest:1"

#: Plain numbers of a shard manifest that a release adds up.
SUMS = ("chars", "bytes", "licence_unread")

#: States of a gate, the worst first.
STATES = ("fail", "waived", "not_run", "warn", "pass")


def shard_manifest(
    *,
    source: Mapping[str, Any],
    part: str,
    shard: Mapping[str, Any] | None,
    inputs: list[dict[str, Any]],
    facts: Mapping[str, Any],
    stages: list[dict[str, Any]],
    method: Mapping[str, Any],
    gates: list[dict[str, Any]],
    policy: Mapping[str, Any],
    lineage: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the manifest of one part; the fields are those of docs/architecture.md."""
    screen = [
        row | {"status": "run", "evidence": _evidence(stages, row["detector"])} for row in facts["screen"]
    ]
    return {
        "schema": SHARD_SCHEMA,
        "source": dict(source),
        "part": part,
        "unit": "document",
        "shard": dict(shard) if shard else None,
        "inputs": inputs,
        **{k: facts[k] for k in ("flow", "reasons", "pii", "quality", "languages", "licences", "lengths")},
        **{k: facts[k] for k in ("ai_labels", "time_span", "chars", "bytes", "tokens", "flags", "not_run")},
        "licence_unread": facts["licence_unread"],
        "dedup": {"method": dict(method)} | facts["dedup"],
        "fairness": facts["fairness"],
        "technical": facts.get("technical"),
        "quarantine": facts.get("quarantine"),
        "screen": screen + _silent(stages, facts["screen"]),
        "stages": stages,
        "gates": gates,
        "not_checked": not_checked(stages, gates, facts["not_run"]),
        "policy": dict(policy),
        "lineage": dict(lineage),
        "known_limits": known_limits(gates, stages),
    }


def _evidence(stages: list[dict[str, Any]], detector: str) -> Any:
    found = [d for s in stages for d in s["detectors"] if d["detector"] == detector]
    return found[0].get("evidence") if found else None


def _silent(stages: list[dict[str, Any]], seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for every code that a screen detector looked for and did not find, or that nobody looked for."""
    hit = {(r["code"], r["detector"]) for r in seen}
    rows = []
    for detector in (d for s in stages if s["stage"] == "screen" for d in s["detectors"]):
        status = detector["status"]
        rows += [
            {
                "code": code,
                "detector": detector["detector"],
                "level": None,
                **dict.fromkeys(
                    ("docs", "kept", "released", "removed", "quarantined"), 0 if status == "run" else None
                ),
                "status": status,
                "evidence": detector["evidence"],
            }
            for code in detector["codes"]
            if (code, detector["detector"]) not in hit
        ]
    return sorted(rows, key=lambda r: (r["code"], r["detector"]))


def not_checked(stages: list, gates: list, not_run: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was not checked and why, in both languages: gates, risks, detectors without evidence, texts."""
    rows = [
        {"what_zh": g["zh"] or g["id"], "what_en": g["en"] or g["id"], "why": status}
        for status in ("waived", "not_run")
        for g in gates
        if g["status"] == status
    ]
    detectors = [d for s in stages for d in s["detectors"]]
    for status in sorted({d["status"] for d in detectors} - {"run"}):
        codes = ", ".join(c for d in detectors if d["status"] == status for c in d["codes"])
        rows.append({"what_zh": f"风险 {codes}", "what_en": f"Risks {codes}", "why": status})
    rows += [
        {
            "what_zh": f"检测器 {d['detector']} 的召回率",
            "what_en": f"Recall of {d['detector']}",
            "why": "not_measured",
        }
        for d in detectors
        if d["status"] == "run" and d["evidence"] is None
    ]
    rows += [
        {
            "what_zh": f"{r['docs']} 个文档未经 {r['detector']} 检测",
            "what_en": f"{r['docs']} documents not seen by {r['detector']}",
            "why": "not_run",
        }
        for r in not_run
    ]
    return rows


def known_limits(
    gates: Iterable[Mapping[str, Any]], stages: Iterable[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Return what screen and figures cannot show, after what was waived: by whom, why, until when, in place of what."""
    told: dict[str, list[str]] = {"en": [], "zh": []}
    for gate in _distinct(gates):
        if gate["status"] != "waived" or "waiver" not in gate:
            continue
        own = gate["waiver"]
        said = f"{own['approver']}: {own['reason']} ({own['expires']}; journal {own['entry']})"
        told["en"].append(f"Gate {gate['id']} was waived, which proves nothing. {own['instead_of']}; {said}")
        told["zh"].append(f"门限 {gate['id']} 经豁免,不证明任何事情。{own['instead_of']};{said}")
    return {lang: told[lang] + lines for lang, lines in limits(stages).items()}


def _distinct(gates: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one result per gate, the worst: a gate over shards stands in each of them."""
    worst: dict[str, Mapping[str, Any]] = {}
    for gate in sorted(gates, key=lambda g: STATES.index(g["status"])):
        worst.setdefault(gate["id"], gate)
    return list(worst.values())


def merge(manifests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the countable fields of many shard manifests summed."""
    total: dict[str, Any] = {"flow": {}, "time_span": {"from": None, "to": None}}
    total |= dict.fromkeys(SUMS, 0)
    counted: list[dict[str, Any]] = []
    tables = {
        "reasons": ("stage", "disposition", "reason"),
        "pii": ("type", "action"),
        "screen": ("code", "detector", "level", "status"),
        "languages": ("code",),
        "licences": ("spdx",),
        "ai_labels": ("verdict",),
        "lengths": ("upto",),
        "flags": ("rule",),
        "not_run": ("stage", "detector"),
    }
    rows: dict[str, dict[tuple, dict[str, Any]]] = {name: {} for name in tables}
    rules: dict[str, int] = {}
    dedup: dict[str, int] = {}
    for manifest in manifests:
        for name, n in manifest["flow"].items():
            total["flow"][name] = total["flow"].get(name, 0) + n
        for name, keys in tables.items():
            for row in manifest[name]:
                _add(rows[name], tuple(row[k] for k in keys), row)
        for row in manifest["quality"]["rules"]:
            rules[row["rule"]] = rules.get(row["rule"], 0) + row["docs"]
        for name, n in manifest["dedup"].items():
            if isinstance(n, int):
                dedup[name] = dedup.get(name, 0) + n
        span = manifest["time_span"]
        total["time_span"]["from"] = _extreme(min, total["time_span"]["from"], span["from"])
        total["time_span"]["to"] = _extreme(max, total["time_span"]["to"], span["to"])
        for name in SUMS:
            total[name] += manifest[name]
        counted.append(manifest["tokens"])
    for name, keys in tables.items():
        total[name] = sorted(rows[name].values(), key=lambda r, keys=keys: _order(r, keys))
    total["quality"] = {"rules": [{"rule": r, "docs": n} for r, n in sorted(rules.items())]}
    return total | {"dedup": dedup, "tokens": token_total(counted)}


def _order(row: Mapping[str, Any], keys: tuple[str, ...]) -> tuple:
    if keys == ("upto",):
        return (row["upto"] is None, row["upto"] or 0)
    return (-(row.get("docs") or 0), *(str(row[k]) for k in keys))


def _add(rows: dict[tuple, dict[str, Any]], key: tuple, row: Mapping[str, Any]) -> None:
    if key not in rows:
        rows[key] = dict(row)
        return
    for name, value in row.items():
        if isinstance(value, int) and not isinstance(value, bool) and name not in ("upto",):
            rows[key][name] = (rows[key][name] or 0) + value


def _extreme(pick, a, b):
    return pick(a, b) if a is not None and b is not None else a if b is None else b


def release_manifest(
    *,
    dataset: Mapping[str, Any],
    sources: list[dict[str, Any]],
    manifests: list[Mapping[str, Any]],
    shards: list[dict[str, Any]],
    extra: Mapping[str, Any],
    gates: list[dict[str, Any]],
    kept_root: str,
) -> dict[str, Any]:
    """Return the release manifest: sums over the shard manifests, the shard set, release gates, allowed grade."""
    total = merge(manifests)
    first = manifests[0]
    total["dedup"] = {"method": first["dedup"]["method"]} | total["dedup"]
    every = gates + [g for m in manifests for g in m["gates"]]
    return {
        "schema": RELEASE_SCHEMA,
        "dataset": dict(dataset),
        "unit": "document",
        "sources": sources,
        **total,
        "fairness": release_facts(m["fairness"] for m in manifests),
        "stages": first["stages"],
        "shards": shards,
        "dup_sources": extra["dup_sources"],
        "probes": extra["probes"],
        "audit": extra["audit"],
        "technical": extra.get("technical"),
        "lanes": extra.get("lanes"),
        "gates": gates,
        "grade_allowed": grade_allowed(every),
        "not_checked": not_checked(first["stages"], _distinct(every), total["not_run"]),
        "policy": dict(first["policy"]),
        "merkle": {"kept_root": kept_root, "shard_root": shard_root(shards)},
        "previous": extra["previous"],
        "parents": extra["parents"],
        "ledger": extra["ledger"],
        "revocations": extra["revocations"],
        "known_limits": known_limits(every, first["stages"]),
    }
