"""dedup: sign every part, search candidates by band partition, verify exactly, annotate; removes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from lineage.records import DEDUP, EDGES
from pipelines import parts
from pipelines.project import PartRef, write_json
from pipelines.stage_run import StageRun
from pipelines.tasks import dedup_earlier, dedup_repeats
from pipelines.tasks.dedup_steps import SCRATCH, Steps
from stages import dedup

CARRIED = (
    "verified.parquet"  # similarities by the digests of the two texts: what the next run need not compute
)
SIGNED_BY = ("num_perm", "seed", "word_ngram", "char_ngram")  # the settings on which a signature depends
COLUMNS = ("row", "doc_id", "status", "text", "text_sha256")


def run(run: StageRun) -> dict[str, Any]:
    """Write data/dedup and data/dedup_edges with its report; return method and report."""
    run.map_parts(
        "pipelines.tasks.dedup:sign",
        {"ingest": COLUMNS},
        ("dedup_signatures",),
        key_settings=run.settings.model_dump(include=set(SIGNED_BY)),
        aligned=("dedup_signatures",),
    )
    run.sweep("dedup_signatures")
    edges = _edges(run)
    clusters = dedup.clusters(edges)
    extra = dedup_repeats.evidence(run), dedup_earlier.evidence(run)
    for ref in run.parts:
        _annotate(run, ref, clusters, [e[ref] for e in extra if ref in e])
    run.sweep("dedup")
    report = {"clusters": clusters["cluster"].n_unique()} | dedup.report(edges, _origins(run), run.settings)
    folder = run.project.data / "dedup_edges"
    write_json(folder / "report.json", report)
    parts.sweep(folder, {folder / n for n in ("edges.parquet", CARRIED, dedup_earlier.FILE, "report.json")})
    return {"method": dedup.method(run.settings)} | report


def sign(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    return {"dedup_signatures": dedup.sign(tables["ingest"], settings)}


def _edges(run: StageRun) -> pl.DataFrame:
    path = run.project.data / "dedup_edges" / "edges.parquet"
    signed = [run.input_key("dedup_signatures", ref) for ref in run.parts]
    key = parts.content_key(signatures=signed, settings=run.settings, code=run.code)
    if parts.is_done([path], key):
        return parts.read_part(path)
    edges = _search(run, key)  # writes what it verified before the edges, which make the search count as done
    parts.write_part(path, edges, EDGES, key)
    return edges


def _search(run: StageRun, key: str) -> pl.DataFrame:
    """Return the edges; each step's answer lies in a scratch folder under `key`, so that a killed run goes on there."""
    files = [run.project.table("dedup_signatures", ref) for ref in run.parts]
    texts = [run.project.table("ingest", ref) for ref in run.parts]
    folder = run.project.data / "dedup_edges"
    carried, same = _carried(run, folder / CARRIED)
    key = parts.content_key(search=key, carried=parts.table_digest(carried))
    steps = Steps(run, key, folder / SCRATCH, tuple(map(str, files)), tuple(map(str, texts)))
    members = steps.once("members", lambda: dedup.exact(files, run.settings))
    count = dedup.partitions(files, run.settings)
    size = sum(f.stat().st_size for f in files) // count
    pairs = dedup.named(dedup.merge_pairs(steps.each("candidates", [size] * count)), files)
    unknown, known = dedup.split(pairs, carried)
    batches = dedup.batches(unknown, run.settings)
    for number, batch in enumerate(batches):
        steps.once(f"pairs-{number:05d}", lambda batch=batch: batch)
    verified = [known, *steps.each("verify", [8 * int(b["shingles"].sum()) for b in batches])]
    parts.write_part(folder / CARRIED, dedup.carry(pairs, verified), None, same)
    return dedup.merge(members, verified, run.settings, pairs)


def _carried(run: StageRun, path: Path) -> tuple[pl.DataFrame, str]:
    """Return (similarities that the last run left, the key of such a table): none where shingles or code differ."""
    settings = run.settings
    key = parts.content_key(words=settings.word_ngram, characters=settings.char_ngram, code=run.code)
    found = parts.is_done([path], key)
    return parts.read_part(path) if found else pl.DataFrame(schema=dedup.CARRIED), key


def _annotate(run: StageRun, ref: PartRef, clusters: pl.DataFrame, extra: list[pl.DataFrame]) -> None:
    """Write one part's annotation; its key holds only the clusters, repetitions and matches of its own documents."""
    signed = parts.read_part(
        run.project.table("dedup_signatures", ref), ["row", "doc_id", "exact", "shingles"]
    )
    own = clusters.filter(pl.col("doc_id").is_in(signed["doc_id"].implode())).sort("doc_id")
    key = parts.content_key(
        signed=run.input_key("dedup_signatures", ref),
        own=parts.table_digest(own),
        extra=[parts.table_digest(e) for e in extra],
        code=run.code,
    )
    path = run.project.table("dedup", ref)
    if not parts.is_done([path], key):
        result = dedup.annotate(signed, own)
        for table in extra:
            result = dedup_repeats.joined(result, table)
        parts.check_aligned(result, signed, where=f"dedup {ref.source}/{ref.part}")
        parts.write_part(path, result, DEDUP, key)


def _origins(run: StageRun) -> pl.DataFrame:
    """Return doc_id and source of every document."""
    pieces = [
        parts.read_part(run.project.table("dedup", ref), ["doc_id"]).with_columns(source=pl.lit(ref.source))
        for ref in run.parts
    ]
    return pl.concat([pl.DataFrame(schema={"doc_id": pl.Binary, "source": pl.String}), *pieces])
