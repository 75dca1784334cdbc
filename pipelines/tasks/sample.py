"""sample: rule verdicts of every part, then seeded draws from what the policy alone would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from lineage import evidence
from lineage.records import DRAWS
from pipelines import parts
from pipelines.detector_lists import detectors
from pipelines.project import PartRef, Project, write_json
from pipelines.stage_run import StageRun
from stages import screen as screening
from stages.decide import lanes
from stages.decide.keepers import elect
from stages.decide.optouts import load_refusals, load_robots
from stages.decide.policy import Policy, load_policy
from stages.decide.probe import probes
from stages.decide.reviews import SCHEMA, in_force
from stages.decide.rules import Context, Evidence, SourceFacts
from stages.decide.settle import order_view
from stages.decide.verdicts import verdicts
from stages.sample import SampleSettings, check_sets, draw, frame_digest, part_checks, publishable, strata

DOC_COLUMNS = (
    "row", "doc_id", "source", "status", "error", "licence", "chars", "date", "ai_label", "text_sha256", "meta",
    "url", "author", "transforms",
)  # fmt: skip
POISONOUS = "poisonous-record"
#: The evidence tables, in the order of `Evidence`, with the columns that rules read.
COLUMNS: dict[str, tuple[str, ...] | None] = {
    "ingest": DOC_COLUMNS,
    "quality": None,
    "pii": None,
    "screen": None,
    "dedup": None,
}
#: Read only for what dedup could not measure.
SIGNED = {"dedup_signatures": ("row",)}


def run(run: StageRun) -> dict[str, Any]:
    """Judge every part by rule, elect keepers without human verdicts, and draw."""
    policy = load_policy(run.project.policy_path)
    context = rule_context(run)
    run.map_parts(
        "pipelines.tasks.sample:part",
        COLUMNS | SIGNED,
        ("verdicts",),
        extra=(policy, context),
        # of the sources only the part's own: another one that comes or goes changes no verdict here
        key_extra=lambda ref: [
            policy,
            context.as_of,
            context.purpose,
            context.languages,
            str(context.sources[ref.source]),
        ],
    )
    run.sweep("verdicts")
    frame = _frame(run, policy)
    draws = draw(frame, run.settings)
    if slow := _slow(run, draws, policy):  # probes stay the same draw: they come from all readable documents
        frame = _frame(run, policy, slow)
        draws = draw(frame, run.settings)
    checks, cells = _checks(run, frame)
    draws = pl.concat([draws, checks])
    write_json(run.project.data / "sample" / "checks.json", cells)
    key = parts.content_key(frame=frame_digest(frame), draws=parts.table_digest(draws))
    parts.write_part(run.project.data / "sample" / "draws.parquet", draws, DRAWS, key)
    facts = _audit_frame(frame, draws, run.settings)
    write_json(run.project.data / "sample" / "frame.json", facts)
    drawn = draws.group_by("draw").len().sort("draw")
    return {
        "seed": run.settings.seed,
        "frame_sha256": frame_digest(frame),
        "frame": frame.height,
        "draws": dict(drawn.rows()),
        "strata": facts["strata"],
    }


def _checks(run: StageRun, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Draw the sets that check the screen's detectors; the frame is every readable document."""
    ran = detectors(run.project, "screen")
    named = {d["detector"]: tuple(d["languages"]) for d in ran if d["detector"] and not d.get("not_run")}
    if not (run.settings.detector and named and run.parts):
        return draw(frame.clear(), run.settings), []

    def offered(ref: PartRef) -> tuple[pl.DataFrame, pl.DataFrame]:
        read = frame.filter(source=ref.source, part=ref.part).filter(pl.col("disposition") != "unreadable")
        hits = parts.read_part(run.project.table("screen", ref), ["row", "hits", "not_run"])
        lang = parts.read_part(run.project.table("quality", ref), ["row", "lang"])
        return part_checks(read.join(hits, on="row").join(lang, on="row"), named, run.settings)

    return check_sets(map(offered, run.parts), run.settings)


def _audit_frame(frame: pl.DataFrame, draws: pl.DataFrame, settings: SampleSettings) -> dict[str, Any]:
    """Return what an assessor needs to draw the audit again: frame digest, seed, n, and the strata's sizes."""
    audited, drawn = publishable(frame), draws.filter(pl.col("draw") == "audit")
    told = {"docs": audited.height, "sha256": frame_digest(audited), "seed": settings.seed, "n": drawn.height}
    return told | {"strata": strata(audited, drawn)}


def part(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    policy, context = extra
    table = verdicts(Evidence(*(tables[n] for n in COLUMNS)), policy, context)
    return {"verdicts": hold_poisoned(table, tables["poisoned"]) if "poisoned" in tables else table}


def hold_poisoned(table: pl.DataFrame, poisoned: pl.DataFrame) -> pl.DataFrame:
    """Return the verdicts with what a stage could not measure in quarantine; what is removed stays removed."""
    stage = pl.col("table").replace({"dedup_signatures": "dedup"})
    first = poisoned.unique("row", keep="first", maintain_order=True).select("row", held=stage)
    joined = table.join(first, on="row", how="left", maintain_order="left")
    hold = pl.col("held").is_not_null() & ~pl.col("disposition").is_in(["removed", "unreadable"])
    changed = {"disposition": pl.lit("quarantined"), "reason": pl.lit(POISONOUS), "stage": pl.col("held")}
    nothing = dict.fromkeys(("rule", "detector", "score", "threshold"), pl.lit(None))
    return joined.with_columns(
        pl.when(hold).then(value).otherwise(pl.col(n)).alias(n) for n, value in (changed | nothing).items()
    ).select(table.columns)


def rule_context(run: StageRun) -> Context:
    """Return the release's and the sources' facts that rules compare with."""
    release = run.project.params.release
    entries = run.project.inventory(run.name)["sources"]
    sources = {e["id"]: _facts(e, run.project.root) for e in entries}
    return Context(release.as_of, release.purpose, sources, measured_languages(run.project))


def measured_languages(project: Project) -> tuple[str, ...] | None:
    """Return the languages that the detectors of the screen which run were measured on; None where none runs."""
    folders = (Path(screening.__file__).parent / "evidence", project.root / "evidence" / "detectors")
    return evidence.languages(detectors(project, "screen"), evidence.load(folders))


def _facts(entry: dict[str, Any], root: Path) -> SourceFacts:
    loaded = {
        "purposes": tuple(entry["purposes"]),
        "robots": load_robots(entry["robots"], root),
        "refusals": tuple(load_refusals(root / r["path"], r["sha256"]) for r in entry["refusals"]),
    }
    return SourceFacts(**(entry | loaded))


def load_edges(run: StageRun) -> pl.DataFrame:
    return parts.read_part(run.project.data / "dedup_edges" / "edges.parquet")


def _slow(run: StageRun, draws: pl.DataFrame, policy: Policy) -> tuple[str, ...]:
    """Return the sources that the rules alone send into the slow lane."""
    if policy.lanes.fast_share is None or not run.parts:
        return ()
    tables = [parts.read_part(run.project.table("verdicts", ref), ["doc_id", "rule"]) for ref in run.parts]
    nobody = in_force(pl.DataFrame(schema=SCHEMA))
    probed = probes(draws, pl.concat(tables), nobody, policy.probe, policy.rules)
    return lanes.slow(lanes.with_lane(probed, policy.lanes))


def _frame(run: StageRun, policy: Policy, slow: tuple[str, ...] = ()) -> pl.DataFrame:
    edges = load_edges(run)
    columns = ["row", "doc_id", "source", "text_sha256", "disposition"]
    pieces, candidates = [], []
    for ref in run.parts:
        table = lanes.hold(parts.read_part(run.project.table("verdicts", ref)), slow, policy.lanes)
        candidates.append(order_view(table, edges))
        pieces.append(table.select(columns).with_columns(part=pl.lit(ref.part)))
    if not pieces:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.Binary) | {"part": pl.String})
    lost = elect(pl.concat(candidates), edges).select("doc_id", lost="disposition")
    frame = pl.concat(pieces).join(lost, on="doc_id", how="left", maintain_order="left")
    return frame.with_columns(disposition=pl.coalesce("lost", "disposition")).drop("lost")
