"""dedup: sign every part, search candidates by band partition, verify exactly, annotate; removes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from lineage.records import DEDUP, EDGES
from pipelines import parts
from pipelines.executor import usage
from pipelines.project import PartRef
from pipelines.stage_run import StageRun
from stages import dedup
from stages.dedup import DedupSettings

COLUMNS = ("row", "doc_id", "status", "text", "text_sha256")


@dataclass(frozen=True)
class Step:
    """One unit of the candidate search or the verification: paths in, a small file out."""

    kind: str
    number: int
    of: int
    signatures: tuple[str, ...]
    texts: tuple[str, ...]
    settings: DedupSettings
    folder: str
    weight: int

    @property
    def label(self) -> str:
        return f"{self.kind} {self.number + 1} of {self.of}"

    @property
    def output(self) -> Path:
        return Path(self.folder) / f"{self.kind}-{self.number:05d}.parquet"


def run(run: StageRun) -> dict[str, Any]:
    """Write data/dedup and data/dedup_edges; return the method, pairs, and loss by source."""
    run.map_parts(
        "pipelines.tasks.dedup:sign",
        {"ingest": COLUMNS},
        ("dedup_signatures",),
        aligned=("dedup_signatures",),
    )
    run.sweep("dedup_signatures")
    edges = _edges(run)
    clusters = dedup.clusters(edges)
    for ref in run.parts:
        _annotate(run, ref, clusters)
    run.sweep("dedup")
    near = edges.filter(pl.col("kind") == "near")
    return {
        "method": dedup.method(run.settings),
        "exact_pairs": edges.height - near.height,
        "near_pairs": near.height,
        "clusters": clusters["cluster"].n_unique(),
        "sources_with_many_duplicates": _losses(run, clusters),
    }


def sign(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    return {"dedup_signatures": dedup.sign(tables["ingest"], settings)}


def _edges(run: StageRun) -> pl.DataFrame:
    path = run.project.data / "dedup_edges" / "edges.parquet"
    signed = [run.input_key("dedup_signatures", ref) for ref in run.parts]
    key = parts.content_key(signatures=signed, settings=run.settings, code=run.code)
    if parts.is_done([path], key):
        return parts.read_part(path)
    scratch = run.project.data / "dedup_edges" / "scratch"
    edges = _search(run, scratch)
    parts.write_part(path, edges, EDGES, key)
    parts.sweep(run.project.data / "dedup_edges", {path})
    return edges


def _search(run: StageRun, scratch: Path) -> pl.DataFrame:
    files = [run.project.table("dedup_signatures", ref) for ref in run.parts]
    texts = [run.project.table("ingest", ref) for ref in run.parts]
    members = dedup.exact(files, run.settings)
    scratch.mkdir(parents=True, exist_ok=True)
    members.write_parquet(scratch / "members.parquet")
    found = _steps(run, "candidates", dedup.partitions(files, run.settings), files, texts, scratch)
    pairs = dedup.merge_pairs([pl.read_parquet(s.output, glob=False) for s in found])
    batches = dedup.batches(pairs, run.settings)
    for i, batch in enumerate(batches):
        batch.write_parquet(scratch / f"pairs-{i:05d}.parquet")
    checked = _steps(run, "verify", len(batches), files, texts, scratch)
    return dedup.merge(members, [pl.read_parquet(s.output, glob=False) for s in checked], run.settings)


def _steps(run: StageRun, kind: str, count: int, files, texts, scratch: Path) -> list[Step]:
    total = sum(ref.bytes for ref in run.parts)
    weight = max(1, total // max(1, count))
    names = tuple(map(str, files)), tuple(map(str, texts))
    steps = [Step(kind, i, count, *names, run.settings, str(scratch), weight) for i in range(count)]
    run.map(_step, steps, label=f"dedup {kind}")
    return steps


def _step(step: Step) -> dict[str, Any]:
    before = usage()
    folder, files = Path(step.folder), [Path(p) for p in step.signatures]
    if step.kind == "candidates":
        members = pl.read_parquet(folder / "members.parquet", glob=False)
        result = dedup.candidates(files, step.settings, step.number, step.of, members)
    else:
        batch = pl.read_parquet(folder / f"pairs-{step.number:05d}.parquet", glob=False)
        result = dedup.verify(batch, [Path(p) for p in step.texts], step.settings)
    result.write_parquet(step.output)
    after = usage()
    return {"seconds": 0.0, "cpu": after["cpu"] - before["cpu"], "peak_mib": after["peak_mib"], "bytes": 0}


def _annotate(run: StageRun, ref: PartRef, clusters: pl.DataFrame) -> None:
    """Write one part's annotation; its key holds only the clusters of its own documents."""
    signed = parts.read_part(
        run.project.table("dedup_signatures", ref), ["row", "doc_id", "exact", "shingles"]
    )
    own = clusters.filter(pl.col("doc_id").is_in(signed["doc_id"].implode())).sort("doc_id")
    rows = json.dumps(
        [[d.hex(), c.hex(), n] for d, c, n in own.select("doc_id", "cluster", "degree").rows()]
    ).encode()
    key = parts.content_key(
        signed=run.input_key("dedup_signatures", ref), own=hashlib.sha256(rows).hexdigest(), code=run.code
    )
    path = run.project.table("dedup", ref)
    if not parts.is_done([path], key):
        result = dedup.annotate(signed, own)
        parts.check_aligned(result, signed, where=f"dedup {ref.source}/{ref.part}")
        parts.write_part(path, result, DEDUP, key)


def _losses(run: StageRun, clusters: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the sources of which more than `source_loss_warn` has a duplicate: a guard against over-merging."""
    docs: dict[str, list[int]] = {}
    for ref in run.parts:
        table = parts.read_part(run.project.table("dedup", ref), ["cluster"])
        line = docs.setdefault(ref.source, [0, 0])
        line[0] += table.height
        line[1] += table.height - table["cluster"].null_count()
    shares = {s: round(b / a, 4) for s, (a, b) in docs.items() if a}
    limit = run.settings.source_loss_warn
    return [{"source": s, "share": x} for s, x in sorted(shares.items()) if x > limit]
