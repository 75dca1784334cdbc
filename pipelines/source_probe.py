"""`hallmark source probe`: the 5 % rule on a seeded sample, before anything of a source is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import SettingsError
from pipelines.project import Project

#: An entry for files that no source names yet; nothing of it is written anywhere.
_LOOSE = {
    "id": "probe", "title": {"zh": "抽检", "en": "Probe"}, "class": "public-domain", "licence": "NOASSERTION",
    "jurisdiction": "ZZ", "storage_region": "ZZ", "cross_border": False,
    "collected": {"from": "2000-01-01", "to": "2000-01-01"}, "retain_until": "2000-01-01",
    "personal_data": {"lawful_basis": "none"}, "purpose": ["probe"],
}  # fmt: skip


def probe_source(project: Project, wanted: str) -> dict[str, Any]:
    """Return the probe of a source (by id) or of a file, folder or glob: n, failures, share, upper95, status.

    The draw is the one that the stage `sample` makes (same seed, stratum and keys), the hits are those of the
    stage `screen`, size and limits come from params.yaml and the policy; verdicts in reviews/ override.
    """
    from stages.decide.policy import load_policy
    from stages.decide.probe import probes
    from stages.decide.reviews import load_reviews

    policy = load_policy(project.policy_path)
    drawn, frame, unreadable = _draw(project, _source(project, wanted))
    if drawn.is_empty():
        raise SettingsError(
            "no record could be read", where=wanted, cure="see `hallmark source add` for formats"
        )
    draws = drawn.select("doc_id", "text_sha256", draw=pl.lit("probe"), stratum=pl.col("source"))
    verdicts = _screened(project, drawn, policy)
    result = probes(draws, verdicts, load_reviews(project.root / "reviews"), policy.probe, policy.rules)[0]
    by_rule = verdicts.drop_nulls("rule")["rule"].value_counts().sort("rule").rows()
    return result | {
        "documents": frame,
        "unreadable": unreadable,
        "seed": project.params.sample.seed,
        "strict": policy.probe.strict,
        "policy": f"{policy.policy} {policy.version}",
        "rules": dict(by_rule),
    }


def _source(project: Project, wanted: str) -> Any:
    from stages.ingest.places import scheme_of
    from stages.ingest.source import Source

    if wanted in project.sources:
        return project.sources[wanted]
    if scheme_of(wanted):
        return Source.model_validate(_LOOSE | {"paths": [wanted]})
    path = Path(wanted)
    absolute = path if path.is_absolute() else Path.cwd() / path
    inside = absolute.relative_to(project.root).as_posix() if absolute.is_relative_to(project.root) else None
    return Source.model_validate(_LOOSE | {"paths": [inside or absolute.as_posix()]})


def _draw(project: Project, source: Any) -> tuple[pl.DataFrame, int, int]:
    """Return the drawn documents in ingest's form, and how many could and could not be read.

    Part by part, with only the draws so far in memory: the bottom of a union is among the bottoms of its parts.
    """
    from stages.ingest import list_files, plan_parts, read_part
    from stages.sample import bottom

    settings, kept = project.params.ingest, pl.DataFrame()
    good = bad = 0
    n, seed = project.params.sample.probe, project.params.sample.seed
    for part in plan_parts(source, list_files(source, project.root), settings):
        table = pl.DataFrame(pl.from_arrow(read_part(source, part, project.root, settings)))
        ok = table.filter(pl.col("status") == "ok").with_columns(part=pl.lit(part.part))
        good, bad = good + ok.height, bad + table.height - ok.height
        every = pl.concat([kept, ok]) if kept.height else ok
        every = every.unique("doc_id", keep="first", maintain_order=True)
        chosen = bottom(every, "probe", source.id, n, seed)
        kept = chosen.select("doc_id").join(every, on="doc_id", how="left", maintain_order="left")
    rows = pl.int_range(pl.len(), dtype=pl.UInt32)
    return kept.with_columns(row=rows) if kept.height else kept, good, bad


def _screened(project: Project, drawn: pl.DataFrame, policy: Any) -> pl.DataFrame:
    """Return doc_id and the first screen rule that would remove or hold the document, null for none."""
    from stages.decide.policy import ScreenRule
    from stages.decide.rules import Context, Evidence, fires
    from stages.screen import annotate

    empty = pl.DataFrame()
    evidence = Evidence(drawn, empty, empty, annotate(drawn, project.params.screen))
    release = project.params.release
    context = Context(release.as_of, release.purpose, {})
    rules = [rule for rule in policy.rules if isinstance(rule, ScreenRule) and rule.action != "flag"]
    fired = [fires(r, evidence, policy, context).select("row", rule=pl.lit(r.id)) for r in rules]
    out = drawn.select("row", "doc_id")
    if not fired:
        return out.select("doc_id", rule=pl.lit(None, pl.String))
    first = pl.concat(fired).unique("row", keep="first", maintain_order=True)
    return out.join(first, on="row", how="left", maintain_order="left").select("doc_id", "rule")


def probe_report(result: dict[str, Any], *, as_json: bool) -> str:
    """Return the probe as JSON, or in words."""
    if as_json:
        return json.dumps(result, ensure_ascii=False, sort_keys=True)
    measured = "the 95 % upper bound" if result["strict"] else "the share"
    lines = [
        f"{result['n']} of {result['documents']} readable documents drawn (seed {result['seed']}); "
        f"{result['unreadable']} records could not be read",
        f"{result['failures']} would be removed or held by {result['policy']}, judged by {result['judged_by']}: "
        f"{result['share']:.2%}, 95 % upper bound {result['upper95']:.2%} (Clopper-Pearson)",
        *(f"  {rule}: {n}" for rule, n in result["rules"].items()),
        f"{result['status']}: {measured} may be at most {result['max_share']:.2%}",
    ]
    if result["status"] == "fail":
        lines.append("  -> do not use this source as it is; clean it, or have people review the draw")
    return "\n".join(lines)
