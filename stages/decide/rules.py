"""Where each rule fires: one function per kind of evidence, rows out."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from lineage.licences import refused as refused_obligations
from lineage.records import LICENCE_UNREAD, STATUS_OK
from stages.decide.optouts import Refusals, Robots, disallowed, refused, unjudged
from stages.decide.policy import (
    AiLabelRule,
    DedupRule,
    NotRunRule,
    PiiRule,
    Policy,
    QualityRule,
    RightsRule,
    Rule,
    ScreenRule,
)


@dataclass(frozen=True)
class SourceFacts:
    """What a rule needs to know of a source; a slim, picklable view of its sources.yaml entry."""

    id: str
    priority: int
    retain_until: str | None
    purposes: tuple[str, ...]
    lawful_basis: str
    robots: Robots | None = None
    refusals: tuple[Refusals, ...] = ()


@dataclass(frozen=True)
class Context:
    """The release's own facts that rules compare with."""

    as_of: dt.date
    purpose: str
    sources: Mapping[str, SourceFacts]
    languages: tuple[str, ...] | None = None  # that the screen was measured on; None: no detector runs


@dataclass(frozen=True)
class Evidence:
    """The annotation tables of one part, row-aligned."""

    docs: pl.DataFrame  # row, doc_id, source, status, error, licence, chars, date, ai_label, meta, transforms
    quality: pl.DataFrame
    pii: pl.DataFrame
    screen: pl.DataFrame
    dedup: pl.DataFrame | None = None  # None, or no such column: not measured


FIRED = {"row": pl.UInt32, "detector": pl.String, "score": pl.Float64, "threshold": pl.Float64}


def fires(rule: Rule, evidence: Evidence, policy: Policy, context: Context) -> pl.DataFrame:
    """Return the rows on which `rule` fires as (row, detector, score, threshold)."""
    match rule:
        case RightsRule():
            found = _rights(rule, evidence, policy, context)
        case QualityRule():
            found = _quality(rule, evidence)
        case DedupRule():
            found = _dedup(rule, evidence)
        case PiiRule():
            found = _pii(rule, evidence)
        case ScreenRule():
            found = screen_rows(rule, evidence.screen)
        case AiLabelRule():
            found = evidence.docs.filter(pl.col("ai_label").is_in(list(rule.verdicts))).select("row")
        case NotRunRule():
            found = _not_run(rule, evidence, policy)
    for name, kind in FIRED.items():
        if name not in found.columns:
            found = found.with_columns(pl.lit(None, kind).alias(name))
    return found.select(pl.col(n).cast(k) for n, k in FIRED.items())


def _rights(rule: RightsRule, evidence: Evidence, policy: Policy, context: Context) -> pl.DataFrame:
    docs = evidence.docs
    missing = pl.col("licence").is_null() | pl.col("licence").is_in(["", "NOASSERTION", "NONE"])
    if rule.test == "licence-missing":
        return docs.filter(missing).select("row")
    if rule.test == "licence-not-allowed":
        known = docs.filter(~missing)
        refused = [x for x in known["licence"].unique() if not allowed(x, policy.licences.allow)]
        return known.filter(pl.col("licence").is_in(refused)).select("row")
    if rule.test == "licence-obligation":
        return _asking(docs, policy)
    if rule.test == "licence-unread":
        return docs.filter(pl.col("transforms").list.contains(LICENCE_UNREAD)).select("row")
    if rule.test in _STATED:
        return docs.filter(_says(pl.col("meta"), _STATED[rule.test])).select("row")
    if rule.test in ("robots-disallowed", "robots-unjudged", "refusal-list"):
        return _opted_out(rule.test, docs, context)
    if rule.test == "no-lawful-basis":
        bare = [s.id for s in context.sources.values() if s.lawful_basis == "none"]
        with_pii = evidence.pii.filter(pl.col("counts").list.len() > 0).select("row")
        return docs.filter(pl.col("source").is_in(bare)).select("row").join(with_pii, on="row", how="semi")
    if rule.test == "retention-ended":
        as_of = context.as_of.isoformat()
        bad = [s.id for s in context.sources.values() if s.retain_until and s.retain_until < as_of]
    else:
        bad = [s.id for s in context.sources.values() if context.purpose not in s.purposes]
    return docs.filter(pl.col("source").is_in(bad)).select("row")


def _asking(docs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return the rows whose licence cannot be met without an obligation that the policy refuses, and which."""
    own = policy.licences
    stated = docs["licence"].drop_nulls().unique().sort()
    asked = {x: ",".join(refused_obligations(x, own.refuse_obligations, own.terms)) for x in stated}
    found = [(x, f"obligation:{names}") for x, names in asked.items() if names]
    table = pl.DataFrame(found, schema={"licence": pl.String, "detector": pl.String}, orient="row")
    return docs.select("row", "licence").join(table, on="licence", how="inner").select("row", "detector")


#: What `opt_out` in a document's meta must say for a test to fire; None: anything at all, the data's own words too.
_STATED = {"opted-out": None, "tdm-reserved": "tdm-reservation", "noai": "noai", "noimageai": "noimageai"}


def _says(meta: pl.Expr, word: str | None) -> pl.Expr:
    said = meta.str.json_path_match("$.opt_out")
    if word:
        return said.str.contains(rf'(?i)(^|["\s,]){word}(["\s,]|$)').fill_null(False)
    return said.is_not_null() & ~said.is_in(["", "[]", "{}", "false", "null", "0"])


def _opted_out(test: str, docs: pl.DataFrame, context: Context) -> pl.DataFrame:
    found = [docs.clear().select("row", detector=pl.lit(None, pl.String))]
    for (name,), mine in docs.group_by("source", maintain_order=True):
        source = context.sources.get(str(name))
        if source is None:
            continue
        if test == "refusal-list":
            found.append(refused(mine, source.refusals) if source.refusals else found[0])
        elif test == "robots-disallowed":
            found.append(disallowed(mine, source.robots) if source.robots else found[0])
        elif source.robots:
            found.append(unjudged(mine, source.robots).with_columns(detector=pl.lit(None, pl.String)))
    return pl.concat(found, how="vertical_relaxed").sort("row")


def allowed(expression: str, allow: tuple[str, ...]) -> bool:
    """Tell whether an SPDX expression can be met with allowed ids alone (AND needs all, OR needs one)."""
    if "*" in allow:
        return True
    licensing = _licensing()
    try:
        tree = licensing.parse(expression, validate=False)
    except Exception:  # an expression that cannot be parsed is allowed by nobody
        return False
    if tree is None:
        return False
    values = {s: licensing.TRUE if s.key in allow else licensing.FALSE for s in tree.symbols}
    return tree.subs(values).simplify() == licensing.TRUE


@lru_cache(maxsize=1)
def _licensing():
    from license_expression import get_spdx_licensing  # builds its index of all SPDX ids at each call

    return get_spdx_licensing()


def _quality(rule: QualityRule, evidence: Evidence) -> pl.DataFrame:
    value = pl.col(rule.column).cast(pl.Float64)
    hit = value < rule.value if rule.op == "<" else value > rule.value
    if rule.languages is not None:
        hit &= pl.any_horizontal(
            pl.col("lang").is_in(list(rule.languages)),
            *(pl.col("lang").str.starts_with(f"{code}-") for code in rule.languages),
        )
    rows = evidence.quality.filter(hit.fill_null(False))
    if rule.sources is not None:
        docs = evidence.docs.filter(pl.col("source").is_in(list(rule.sources)))
        rows = rows.join(docs.select("row"), on="row", how="semi")
    return rows.select("row", score=pl.col(rule.column).cast(pl.Float64), threshold=pl.lit(rule.value))


def _dedup(rule: DedupRule, evidence: Evidence) -> pl.DataFrame:
    table = evidence.dedup
    if table is None or rule.column not in table.columns:
        return evidence.docs.clear().select("row")
    if rule.column == "earlier":
        return _earlier(rule, table)
    value = pl.col(rule.column).cast(pl.Float64)
    rows = table.filter((value > rule.over).fill_null(False))
    if rule.column == "test_ngrams":
        rows = rows.explode("test_sets")
        wanted = rule.test_sets or ("*",)
        rows = rows.filter(pl.col("test_sets").is_in(_matching(rows["test_sets"].drop_nulls(), wanted)))
        rows = rows.sort("row", "test_sets").unique("row", keep="first", maintain_order=True)
        rows = rows.with_columns(detector=pl.lit("test-set:") + pl.col("test_sets"))
    columns = [n for n in ("row", "detector") if n in rows.columns]
    return rows.select(*columns, score=value, threshold=pl.lit(rule.over))


def _earlier(rule: DedupRule, table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows near a document of an earlier release, with the nearest and the release that held it."""
    met = table.select("row", "earlier").explode("earlier").drop_nulls("earlier").unnest("earlier")
    met = met.filter(pl.col("estimate") > rule.over)
    if rule.outcomes is not None:
        met = met.filter(pl.col("outcome").is_in(_matching(met["outcome"], rule.outcomes)))
    best = met.sort(["row", "estimate", "release"], descending=[False, True, False])
    best = best.unique("row", keep="first", maintain_order=True)
    named = pl.lit("release:") + pl.col("release")
    return best.select("row", detector=named, score="estimate", threshold=pl.lit(rule.over))


def unmeasured(policy: Policy, dedup: pl.DataFrame | None) -> list[str]:
    """Return the columns that rules of the policy read and dedup did not measure, sorted."""
    read = {rule.column for rule in policy.rules if isinstance(rule, DedupRule)}
    return sorted(read - set(dedup.columns if dedup is not None else ()))


def _pii(rule: PiiRule, evidence: Evidence) -> pl.DataFrame:
    pii = evidence.pii
    if rule.sensitive is not None:
        classes = pl.col("sensitive").list.eval(pl.element().is_in(list(rule.sensitive))).list.any()
        return pii.filter(classes.fill_null(False)).select("row")
    if rule.per_kchar_over is not None:
        over = pii.filter(pl.col("per_kchar") > rule.per_kchar_over)
        return over.select("row", score="per_kchar", threshold=pl.lit(rule.per_kchar_over))
    counts = pii.select("row", "counts").explode("counts").drop_nulls("counts").unnest("counts")
    if rule.types is not None:
        counts = counts.filter(pl.col("type").is_in(list(rule.types)))
    total = counts.group_by("row").agg(score=pl.col("n").sum().cast(pl.Float64))
    limit = float(rule.count_over or 0)
    return total.filter(pl.col("score") > limit).with_columns(threshold=pl.lit(limit))


def screen_rows(rule: ScreenRule, screen: pl.DataFrame) -> pl.DataFrame:
    """Return (row, detector, score, threshold) of the documents of SCREEN on which `rule` fires, best hit each."""
    hits = screen.select("row", "hits").explode("hits").drop_nulls("hits").unnest("hits")
    hits = hits.filter(
        pl.col("code").is_in(_matching(hits["code"], rule.codes))
        & pl.col("detector").is_in(_matching(hits["detector"], rule.detectors))
        & (pl.col("score") >= rule.score)
        & (pl.col("n") >= rule.count)
    )
    if rule.levels is not None:
        hits = hits.filter(pl.col("level").is_in(list(rule.levels)))
    best = hits.sort(["row", "score", "detector"], descending=[False, True, False]).unique(
        "row", keep="first", maintain_order=True
    )
    return best.select("row", "detector", "score", threshold=pl.lit(rule.score))


def _not_run(rule: NotRunRule, evidence: Evidence, policy: Policy) -> pl.DataFrame:
    if rule.stage == "dedup":
        missing = pl.Series(unmeasured(policy, evidence.dedup), dtype=pl.String)
        hit = bool(_matching(missing, rule.detectors))
        return evidence.docs.filter((pl.col("status") == STATUS_OK) & hit).select(
            "row", detector=pl.lit("not_run")
        )
    table = evidence.pii if rule.stage == "pii" else evidence.screen
    missed = table.select("row", "not_run").explode("not_run").drop_nulls("not_run")
    missed = missed.filter(pl.col("not_run").is_in(_matching(missed["not_run"], rule.detectors)))
    readable = evidence.docs.filter(pl.col("status") == STATUS_OK).select("row")
    first = missed.sort("row", "not_run").unique("row", keep="first", maintain_order=True)
    return first.join(readable, on="row", how="semi").select("row", detector="not_run")


def _matching(values: pl.Series, patterns: tuple[str, ...]) -> list[str]:
    return [v for v in values.unique() if any(fnmatch.fnmatchcase(v, p) for p in patterns)]
