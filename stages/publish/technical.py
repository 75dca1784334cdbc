"""The technical audit (N5): what a detector set that did not clean the corpus finds in what is published.

Counts are made per part over every published document, so the draw is a census (the standard asks for 10 %). The
share it flags is an apparent one; with the set's measured recall and false-positive rate it is corrected after Rogan
and Gladen (1978).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import polars as pl

from stages.decide.languages import UNMEASURED
from stages.decide.policy import Policy, ScreenRule
from stages.publish.audit import share_interval

MEASURED = "measured"
LIVE = ("kept", "redacted")


def not_independent(policy: Policy, detectors: Mapping[str, Iterable[str]]) -> list[str]:
    """Return those of the detectors (name: codes it can find) that an acting rule reads: they cleaned the corpus.

    A detector whose codes are not told counts as read by every rule that its name matches.
    """
    acting = [r for r in policy.rules if isinstance(r, ScreenRule) and r.action != "flag"]
    return sorted(
        name
        for name, codes in detectors.items()
        if any(_matches([name], r.detectors) and (not codes or _matches(codes, r.codes)) for r in acting)
    )


def _matches(values: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(v, p) for v in values for p in patterns)


def part_counts(
    tables: Mapping[str, pl.DataFrame], policy: Policy, stages: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return {detectors, score, read, not_read, flagged} of one part; None where the policy names no independent set.

    `read`: published documents that every detector of the set judged; `flagged`: those with a hit at or over `score`.
    """
    names = _names(policy, stages)
    if not names or not_independent(policy, _codes(names, stages)):
        return None
    live = tables["decide"].filter(pl.col("disposition").is_in(LIVE)).select("row")
    screen = tables["screen"].join(live, on="row", how="semi")
    missed = pl.col("not_run").list.eval(pl.element().is_in([*names, UNMEASURED])).list.any().fill_null(False)
    hit = pl.element().struct.field("detector").is_in(names) & (
        pl.element().struct.field("score") >= policy.n5.score
    )
    read = screen.filter(~missed)
    flagged = read.select(pl.col("hits").list.eval(hit).list.any().fill_null(False).sum()).item()
    return {
        "detectors": names,
        "score": policy.n5.score,
        "read": read.height,
        "not_read": screen.height - read.height,
        "flagged": int(flagged or 0),
    }


def release_facts(
    parts: Iterable[Mapping[str, Any] | None], stages: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the sums with pass_rate, interval95, the set's measured recall and false alarms, and `corrected`."""
    counted = [p for p in parts if p]
    if not counted:
        return None
    total = {k: sum(p[k] for p in counted) for k in ("read", "not_read", "flagged")}
    passed = total["read"] - total["flagged"]
    low, high = share_interval(passed, total["read"])
    error = _error(counted[0]["detectors"], stages)
    return {
        "detectors": counted[0]["detectors"],
        "score": counted[0]["score"],
        **total,
        "share_read": round(total["read"] / max(1, total["read"] + total["not_read"]), 4),
        "pass_rate": round(passed / total["read"], 4) if total["read"] else None,
        "interval95": [low, high] if total["read"] else None,
        **error,
        "corrected": _corrected(1 - high, 1 - low, total, error),
    }


def rogan_gladen(apparent: float, recall: float, false_alarms: float) -> float | None:
    """Return the share estimated to be really unfit, in [0, 1], 4 decimals; None where the test tells nothing.

    (apparent - false alarms) / (recall - false alarms): Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71-76.
    """
    if recall <= false_alarms:
        return None
    return round(min(1.0, max(0.0, (apparent - false_alarms) / (recall - false_alarms))), 4)


def _names(policy: Policy, stages: list[dict[str, Any]]) -> list[str]:
    ran = {
        d["detector"]
        for s in stages
        if s["stage"] == "screen"
        for d in s["detectors"]
        if d["status"] == "run"
    }
    return sorted(n for n in ran if any(fnmatchcase(n, p) for p in policy.n5.detectors))


def _codes(names: list[str], stages: list[dict[str, Any]]) -> dict[str, list[str]]:
    found = {d["detector"]: d.get("codes", []) for s in stages for d in s["detectors"]}
    return {n: found[n] for n in names}


def _error(names: list[str], stages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return recall and false-positive rate [estimate, low, high] of the set: its worst measured figures, or null."""
    own = [d["evidence"] or {} for s in stages for d in s["detectors"] if d["detector"] in names]
    figures = [row for evidence in own for row in evidence.get("figures", ())]
    recall = [r["recall"] for r in figures if r.get("recall") and r["status"] == MEASURED]
    alarms = [r["fpr"] for r in figures if r.get("fpr")]
    return {
        "recall": min(recall, default=None, key=lambda v: v[0]),
        "fpr": max(alarms, default=None, key=lambda v: v[0]),
    }


def _corrected(
    low: float, high: float, total: Mapping[str, int], error: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return {share, low, high} of documents really unfit; bounds take the ends of all three intervals."""
    recall, alarms = error["recall"], error["fpr"]
    if not (recall and alarms and total["read"]):
        return None
    share = rogan_gladen(total["flagged"] / total["read"], recall[0], alarms[0])
    least = rogan_gladen(low, recall[2], alarms[2])
    most = rogan_gladen(high, recall[1], alarms[1])
    return {"share": share, "low": least, "high": 1.0 if most is None else most}
