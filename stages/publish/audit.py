"""The manual audit as figures: what was read, what failed, how sure one can be, and how far two readers agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp, lgamma, log
from typing import Any

import polars as pl

from stages.decide.policy import Gate
from stages.decide.reviews import ITEM, READERS, role_conflicts, standing
from stages.sample import frame_digest

MEASURE = "manual-audit-pass-rate"
PAPERS = ("people_sha256", "rulebook_sha256", "headings_missing", "risks_named")
OUTCOMES = ("pass", "remove", "unsure")


def audit_facts(
    draws: pl.DataFrame,
    lines: pl.DataFrame,
    *,
    wanted: int,
    seed: int,
    min_pass: float,
    sample: str | None = None,
    signed: Mapping[str, int] | None = None,
    papers: Mapping[str, Any] | None = None,
    strata: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the audit's facts: n, census, labelled, passed, failures, rates, interval, kappa, strata, earlier.

    `draws`: the rows of DRAWS with draw `audit`; `lines`: `read_reviews`. `wanted`: the sample size asked for;
    `min_pass`: the policy's pass rate; `sample`: the draw's name (default: `draw_id`). `signed`: by decisions file, the
    last line that a reviewer's trusted key covers; `papers`: facts of people.yaml and rule book. A removed item stays
    in the draw, so it counts as a failure for good. Items on which readers differ, or nobody is sure, are open until
    adjudicated. `strata`: {source, docs, drawn} of the frame (see `weighted_rate`).
    """
    own = lines.filter(pl.col("draw").is_in(["audit", ""]))
    items = outcomes(draws, own)
    n, count = draws.height, dict(items.group_by("outcome").len().rows())
    passed, failures = count.get("pass", 0), count.get("remove", 0)
    labelled = passed + failures
    low, high = share_interval(passed, labelled)
    sample = sample or draw_id(draws, seed)
    layers = _strata(draws, items, strata)
    return {
        "n": n,
        "wanted": wanted,
        "census": n < wanted,
        "seed": seed,
        "sample": sample,
        "labelled": labelled,
        "passed": passed,
        "failures": failures,
        "open": count.get("open", 0),
        "pass_rate": round(passed / labelled, 4) if labelled else None,
        "interval95": [low, high] if labelled else None,
        "weighted_rate": weighted_rate(layers),
        "min_pass": min_pass,
        "allowed_failures": allowed_failures(n, min_pass),
        "agreement": agreement(draws, own),
        "readers": readers_of(draws, own, signed or {}),
        "papers": dict(papers or dict.fromkeys(PAPERS)),
        "codes": _codes(items),
        "strata": layers,
        "earlier": earlier_audits(own, sample),
    }


def weighted_rate(strata: list[dict[str, Any]]) -> float | None:
    """Return the stratified estimate of the pass rate, 4 decimals: each source's own rate, by its share of the frame.

    Sum of W p over the strata (Cochran, Sampling Techniques, 5.3). Where the draw is proportional this is the plain
    rate; sources that were drawn above their share (at least 1 each) weigh here what they weigh in the corpus. None
    where a source with documents has no item read: nothing is known of it.
    """
    total = sum(s["docs"] for s in strata)
    if not total or any(s["docs"] and not s["labelled"] for s in strata):
        return None
    return round(sum(s["docs"] / total * (1 - s["failures"] / s["labelled"]) for s in strata if s["docs"]), 4)


def _strata(
    draws: pl.DataFrame, items: pl.DataFrame, strata: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    layers = [dict(s) for s in strata]
    if not layers:
        return []
    sourced = items.with_columns(draws["source"])  # `items` has the order of `draws`
    read = sourced.filter(pl.col("outcome").is_in(["pass", "remove"])).group_by("source")
    found = read.agg(labelled=pl.len(), failures=(pl.col("outcome") == "remove").sum())
    counts = {name: (n, failed) for name, n, failed in found.iter_rows()}
    none = (0, 0)
    return [
        s | dict(zip(("labelled", "failures"), counts.get(s["source"], none), strict=True)) for s in layers
    ]


def draw_id(draws: pl.DataFrame, seed: int) -> str:
    """Return the name of one draw: its seed, and the beginning of the digest of its document ids."""
    return f"{seed}-{frame_digest(draws)[:12]}"


def asked_rate(gates: Iterable[Gate]) -> float:
    """Return the pass rate that the policy's manual-audit gate asks for (1.0 where it has none)."""
    return next((g.threshold for g in gates if g.measure == MEASURE), 1.0)


def outcomes(draws: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return doc_id, text_sha256, outcome (pass|remove|open|unread) and code, one row per drawn item, in draw order."""
    valid = standing(lines)
    read = valid.filter(pl.col("role").is_in(READERS), pl.col("verdict").is_in(OUTCOMES))
    same = pl.col("verdict").n_unique() == 1
    settled = same & (pl.col("verdict").first() != "unsure")
    readers = read.group_by(ITEM, maintain_order=True).agg(
        read=pl.when(settled).then(pl.col("verdict").first()).otherwise(pl.lit("open")),
        read_code=pl.col("code").drop_nulls().first(),
    )
    rules = valid.filter(pl.col("role") == "adjudicator", pl.col("verdict").is_in(["pass", "remove"]))
    rules = rules.unique(ITEM, keep="last", maintain_order=True).select(*ITEM, ruled="verdict", code="code")
    joined = draws.select(ITEM).join(readers, on=ITEM, how="left", maintain_order="left")
    joined = joined.join(rules, on=ITEM, how="left", maintain_order="left")
    outcome = pl.coalesce("ruled", "read", pl.lit("unread"))
    return joined.select(*ITEM, outcome=outcome, code=pl.coalesce("code", "read_code"))


def agreement(draws: pl.DataFrame, lines: pl.DataFrame) -> dict[str, Any]:
    """Return how far annotators and reviewers agree on what both read: items, share alike, Cohen's kappa."""
    read = standing(lines).filter(pl.col("verdict").is_in(OUTCOMES))
    first, second = (
        read.filter(pl.col("role") == role)
        .unique(ITEM, keep="last")
        .select(*ITEM, pl.col("verdict").alias(role))
        for role in READERS
    )
    pairs = draws.select(ITEM).join(first, on=ITEM).join(second, on=ITEM)
    a, b = pairs["annotator"].to_list(), pairs["reviewer"].to_list()
    alike = sum(x == y for x, y in zip(a, b, strict=True))
    return {
        "items": len(a),
        "share": round(len(a) / draws.height, 4) if draws.height else None,
        "alike": round(alike / len(a), 4) if a else None,
        "kappa": cohen_kappa(a, b),
    }


def readers_of(draws: pl.DataFrame, lines: pl.DataFrame, signed: Mapping[str, int]) -> dict[str, int]:
    """Return how many people read the draw, their readings, those qualified and signed, items annotated and reviewed.

    R-33: qualified on the day; R-34: `role_conflicts`; R-35: `under_2_s`; R-39: `reviewed` of `annotated`.
    """
    drawn = draws.select(ITEM)
    read = standing(lines).filter(pl.col("verdict").is_in(OUTCOMES)).join(drawn, on=ITEM, how="semi")
    by_role = {role: read.filter(pl.col("role") == role).select(ITEM).unique() for role in READERS}
    covered = pl.col("file").replace_strict(dict(signed), default=0, return_dtype=pl.UInt32)
    return {
        "people": read["reviewer"].n_unique(),
        "readings": read.height,
        "qualified": read.filter(pl.col("qualified") == "qualified").height,
        "signed": read.filter(pl.col("line") <= covered).height,
        "under_2_s": read.filter(pl.col("seconds") < 2).height,
        "annotated": by_role["annotator"].height,
        "reviewed": by_role["annotator"].join(by_role["reviewer"], on=ITEM, how="semi").height,
        "role_conflicts": role_conflicts(lines).join(drawn, on=ITEM, how="semi").height,
    }


def cohen_kappa(a: list[str], b: list[str]) -> float | None:
    """Return Cohen's kappa (1960) of two readings of the same items, 4 decimals; None where chance explains all.

    (po - pe) / (1 - pe), with pe from the two readers' own shares; undefined if both used one and the same verdict.
    """
    n = len(a)
    if n == 0:
        return None
    observed = sum(x == y for x, y in zip(a, b, strict=True)) / n
    chance = sum(a.count(v) * b.count(v) for v in sorted({*a, *b})) / (n * n)
    return None if chance == 1 else round((observed - chance) / (1 - chance), 4)


def share_interval(passed: int, n: int) -> tuple[float, float]:
    """Return the two-sided 95 % interval of a share by Clopper and Pearson (1934), 4 decimals."""
    if n == 0:
        return 0.0, 1.0
    failures = n - passed
    return round(1 - upper_bound(failures, n, 0.025), 4), round(upper_bound(passed, n, 0.025), 4)


def upper_bound(k: int, n: int, alpha: float) -> float:
    """Return p with P(X <= k | n, p) = alpha: the one-sided upper bound of k in n."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(k, n, middle) > alpha else (low, middle)
    return high


def allowed_failures(n: int, min_pass: float) -> dict[str, int]:
    """Return how many failures among n items pass the rule, and how many a one-sided 95 % bound allows (-1: none).

    The rule looks at the point estimate; the bound asks that the true rate passes with 95 % confidence.
    """
    limit = 1 - min_pass
    at_rule = max(k for k in range(int(n * limit) + 2) if n == 0 or round(1 - k / n, 4) >= min_pass or k == 0)
    low, high = -1, at_rule
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if n and upper_bound(middle, n, 0.05) <= limit else (low, middle - 1)
    return {"rule": at_rule, "bound95": low}


def earlier_audits(lines: pl.DataFrame, sample: str) -> list[dict[str, Any]]:
    """Return the results of audits on other draws, in order of their first reading: a new audit hides none."""
    read = standing(lines).filter(pl.col("sample").is_not_null(), pl.col("verdict").is_in(["pass", "remove"]))
    found = []
    for (name,), own in read.filter(pl.col("sample") != sample).group_by("sample", maintain_order=True):
        items = outcomes(own.select(ITEM).unique(maintain_order=True), own)
        passed = items.filter(pl.col("outcome") == "pass").height
        failures = items.filter(pl.col("outcome") == "remove").height
        rate = round(passed / (passed + failures), 4) if passed + failures else None
        found.append({"sample": name, "labelled": passed + failures, "failures": failures, "pass_rate": rate})
    return found


def _codes(items: pl.DataFrame) -> list[dict[str, Any]]:
    failed = items.filter(pl.col("outcome") == "remove")
    counts = failed.group_by(code=pl.col("code").fill_null("unstated")).agg(docs=pl.len()).sort("code")
    return counts.to_dicts()


def _at_most(k: int, n: int, p: float) -> float:
    """Return P(X <= k) of the binomial distribution, summed from the larger end down."""
    if p in (0.0, 1.0):
        return 1.0 if p == 0.0 else 0.0
    whole = lgamma(n + 1)
    logs = (
        whole - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p)
        for i in range(k, -1, -1)
    )
    return min(1.0, sum(exp(t) for t in logs))
