"""`hallmark review status`: how far the reading is, how far readers agree, and what may honestly be said."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.project import Project, read_json
from pipelines.review_desk.draws import DRAWS, draw_table
from pipelines.review_desk.rulebook import papers
from pipelines.review_desk.signing import check_file, load_trust, signed_lines
from stages.decide.policy import load_policy
from stages.decide.reviews import ITEM, read_reviews, role_conflicts, standing
from stages.publish.audit import agreement, asked_rate, audit_facts, outcomes


def status(project: Project) -> dict[str, Any]:
    """Return draws (progress, agreement), the audit's facts, people, role conflicts, strays and signatures."""
    folder = project.root / "reviews"
    lines, policy = read_reviews(folder), load_policy(project.policy_path)
    tables = {draw: draw_table(project, draw).unique(ITEM, maintain_order=True) for draw in DRAWS}
    settings = project.params.sample
    trust = load_trust(project.root)
    return {
        "draws": {name: _progress(table, lines, name) for name, table in tables.items()},
        "audit": audit_facts(
            tables["audit"],
            lines,
            wanted=settings.audit,
            seed=settings.seed,
            min_pass=asked_rate(policy.gates),
            signed=signed_lines(folder, trust),
            papers=papers(project.root),
            strata=read_json(project.data / "sample" / "frame.json").get("strata", ()),
        ),
        "people": _people(lines),
        "role_conflicts": role_conflicts(lines).height,
        "elsewhere": _elsewhere(tables, lines),
        "files": [vars(check_file(path, trust)) for path in sorted(folder.glob("*.jsonl"))],
    }


def _progress(table: pl.DataFrame, lines: pl.DataFrame, draw: str) -> dict[str, Any]:
    own = lines.filter(pl.col("draw").is_in([draw, ""]))
    count = dict(outcomes(table, own).group_by("outcome").len().rows())
    counts = {name: count.get(name, 0) for name in ("pass", "remove", "open", "unread")}
    return {"items": table.height, **counts, "agreement": agreement(table, own)}


def _people(lines: pl.DataFrame) -> list[dict[str, Any]]:
    read = standing(lines).filter(pl.col("verdict") != "skip")
    seconds = pl.col("seconds")
    return (
        read.group_by("reviewer", "role", "draw")
        .agg(
            items=pl.len(),
            removed=(pl.col("verdict") == "remove").sum(),
            median_seconds=seconds.median().round(1),
            under_2_s=(seconds < 2).sum(),
            qualified=(pl.col("qualified") == "qualified").sum(),
        )
        .sort("reviewer", "draw", "role")
        .to_dicts()
    )


def _elsewhere(tables: dict[str, pl.DataFrame], lines: pl.DataFrame) -> int:
    """Return how many items have decisions but stand in no present draw: changed, withdrawn or unknown."""
    drawn = pl.concat([t.select(ITEM) for t in tables.values()])
    return lines.select(ITEM).unique().join(drawn, on=ITEM, how="anti").height


def status_lines(found: dict[str, Any]) -> list[str]:
    """Return the status as lines for people."""
    out = []
    for name, draw in found["draws"].items():
        done = draw["items"] - draw["unread"]
        out.append(
            f"{name:<11}{done} of {draw['items']} read: {draw['pass']} pass, {draw['remove']} remove, "
            f"{draw['open']} open (not sure, or readers differ)"
        )
        both = draw["agreement"]
        if both["items"]:
            kappa = "undefined (one verdict only)" if both["kappa"] is None else f"{both['kappa']:.4f}"
            out.append(
                f"{'':<11}read twice {both['items']}, alike {both['alike']:.2%}, Cohen's kappa {kappa}"
            )
    out += ["", *audit_reading(found["audit"]), ""]
    for p in found["people"]:
        out.append(
            f"{p['reviewer']} as {p['role']} in {p['draw'] or '(any)'}: {p['items']} items, {p['removed']} removed, "
            f"{_pace(p)}, qualified on the day {p['qualified']}"
        )
    if found["role_conflicts"]:
        out.append(
            f"{found['role_conflicts']} decision(s) count for nothing: the person has another role for the item"
        )
    if found["elsewhere"]:
        out.append(
            f"{found['elsewhere']} item(s) with decisions stand in no present draw; the lines stay on file"
        )
    out += [signature_line(f) for f in found["files"]] or [
        "no decisions on file yet: `hallmark review serve`"
    ]
    return out


def _pace(person: dict[str, Any]) -> str:
    if person["median_seconds"] is None:
        return "time not recorded"
    return f"median {person['median_seconds']} s, {person['under_2_s']} under 2 s"


def audit_reading(audit: dict[str, Any]) -> list[str]:
    """Return the honest reading of the audit: point estimate, interval, what the rule and what a bound allow."""
    n, allowed = audit["n"], audit["allowed_failures"]
    size = f"all {n} documents (fewer than {audit['wanted']})" if audit["census"] else f"{n} documents"
    out = [f"manual audit: {size}, seed {audit['seed']}, draw {audit['sample']}"]
    if audit["labelled"]:
        low, high = audit["interval95"]
        out.append(
            f"  {audit['failures']} failures in {audit['labelled']} read: pass rate {audit['pass_rate']:.2%} "
            f"(95 % interval {low:.2%} to {high:.2%}, Clopper-Pearson)"
        )
        if audit["weighted_rate"] is not None:
            out.append(
                f"  each source weighed by its documents: {audit['weighted_rate']:.2%} "
                f"({len(audit['strata'])} sources; the gate takes the lower of the two)"
            )
    else:
        out.append("  nothing read yet: not run")
    rule = f"  the rule asks {audit['min_pass']:.2%}: at most {allowed['rule']} failures in {n}"
    if audit["census"]:
        rule += "; every publishable document is in the draw, so a whole reading has no sampling error"
    elif allowed["bound95"] >= 0:
        rule += f"; to say so with 95 % confidence, at most {allowed['bound95']}"
    else:
        rule += "; this many items cannot show it with 95 % confidence, whatever they hold"
    out.append(rule)
    for old in audit["earlier"]:
        rate = "none" if old["pass_rate"] is None else f"{old['pass_rate']:.2%}"
        out.append(
            f"  earlier draw {old['sample']}: {old['failures']} failures in {old['labelled']}, pass rate {rate}"
        )
    return out


def signature_line(file: dict[str, Any]) -> str:
    """Return what the signature beside a decisions file says, in one line."""
    key = f"key {file['keyid'][:16]}"
    words = {
        "signed": f"signed ({key})",
        "older": f"signed up to line {file['covered']} of {file['lines']} ({key}): sign again",
        "unvouched": f"signed up to line {file['covered']} by {key}, which is no reviewer's key in the trust file",
        "unsigned": "not signed: `hallmark review sign`",
        "broken": "the signature does not fit: lines were changed after signing",
    }
    return f"reviews/{file['file']}: {file['lines']} lines, {words[file['state']]}"
