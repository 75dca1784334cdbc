"""The screen's second step: what only many documents show, joined to what each document showed alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from lineage.errors import InputError
from lineage.keyed import keyed_text
from lineage.records import SCREEN
from pipelines import parts
from pipelines.project import PartRef
from pipelines.removal.keys import hmac_of
from pipelines.stage_run import StageRun

FOUND, PHRASES = "screen_found", "screen_phrases"
MARK = {"row": pl.UInt32, "code": pl.String, "detector": pl.String, "level": pl.String, "score": pl.Float64,
        "n": pl.UInt32}  # fmt: skip
Marks = dict[PartRef, pl.DataFrame]


def join_all(run: StageRun) -> dict[str, Any]:
    """Write data/screen from data/screen_found and the marks of whole-corpus signs; return counts per sign."""
    own, marks = run.settings.corpus, [{}]
    if own.bursts:
        marks.append(_bursts(run))
    if own.before:
        marks.append(_changes(run))
    if own.triggers:
        marks.append(_triggers(run))
    total: dict[str, int] = {}
    for ref in run.parts:
        found = pl.concat([pl.DataFrame(schema=MARK), *(m[ref] for m in marks if ref in m)])
        for code, n in found.group_by("code").len().rows():
            total[code] = total.get(code, 0) + n
        _join(run, ref, found.sort("row", "code"))
    return {"documents": dict(sorted(total.items()))}


def _join(run: StageRun, ref: PartRef, marks: pl.DataFrame) -> None:
    source, path = run.project.table(FOUND, ref), run.project.table("screen", ref)
    key = parts.content_key(found=run.input_key(FOUND, ref), marks=parts.table_digest(marks), code=run.code)
    if parts.is_done([path], key):
        return
    table = parts.read_part(source)
    if marks.height:
        hits = marks.select("row", hit=pl.struct(pl.exclude("row"))).group_by("row").agg(more="hit")
        table = table.join(hits, on="row", how="left", maintain_order="left").with_columns(
            hits=pl.when(pl.col("more").is_null())
            .then("hits")
            .otherwise(pl.concat_list("hits", pl.col("more").fill_null([])).list.sort())
        )
    parts.write_part(path, table.select(SCREEN.names), SCREEN, key, parts.poisoned(source))


def _mark(rows: pl.DataFrame, code: str, level: str, score: float) -> pl.DataFrame:
    """Return MARK for `rows` (row, n)."""
    from stages.screen.screen import CORPUS

    fixed = {"code": pl.lit(code), "detector": pl.lit(CORPUS), "level": pl.lit(level), "score": pl.lit(score)}
    return rows.with_columns(**fixed).select(list(MARK)).cast(MARK)


def _bursts(run: StageRun) -> Marks:
    """Mark the members of near-duplicate clusters that came in a burst; order is that of the source's parts."""
    from stages.screen import corpus

    tables, places = {}, {}
    for ref in run.parts:
        table = parts.read_part(run.project.table("dedup", ref), ["row", "cluster"])
        first = places.get(ref.source, 0)
        places[ref.source] = first + table.height
        order = pl.int_range(first, first + table.height, dtype=pl.Int64, eager=True)
        tables[ref] = table.with_columns(order.alias("order"), source=pl.lit(ref.source))
    if not tables:
        return {}
    found = corpus.bursts(pl.concat(tables.values()), run.settings.corpus).select(
        "source", "cluster", n="docs"
    )
    return {
        ref: _mark(t.join(found, on=["source", "cluster"], how="inner"), "poison-burst", "flag", 0.7)
        for ref, t in tables.items()
    }


def _changes(run: StageRun) -> Marks:
    """Mark the documents whose text is another one than in the earlier revision."""
    from stages.screen import corpus

    before, marks = _before(run.project.root / run.settings.corpus.before), {}
    for ref in run.parts:
        table = parts.read_part(run.project.table("ingest", ref), ["row", "doc_id", "text_sha256"])
        known = _unkeyed(before.join(table.select("doc_id"), on="doc_id", how="semi"), table, run)
        changed = pl.DataFrame(
            {"doc_id": corpus.changes(known, table)["doc_ids"]}, schema={"doc_id": pl.Binary}
        )
        rows = table.join(changed, on="doc_id", how="semi").select("row", n=pl.lit(1))
        marks[ref] = _mark(rows, "poison-revision", "mention", 0.5)
    return marks


def _before(folder: Path) -> pl.DataFrame:
    """Return doc_id, text_sha256 and text_in_keyed of an earlier revision.

    A public lineage names published documents alone, and the text of a changed one by its keyed name alone.
    """
    files = sorted(folder.rglob("*.parquet"))
    if not files:
        raise InputError("no table (*.parquet) of an earlier revision", where=str(folder),
                         cure="name a folder in screen.corpus.before, or empty it")  # fmt: skip
    return (
        pl.concat([_table(path) for path in files])
        .drop_nulls("doc_id")
        .unique("doc_id", keep="first", maintain_order=True)
    )


def _table(path: Path) -> pl.DataFrame:
    names = pq.read_schema(path).names
    digest = next((n for n in ("text_sha256", "text_in_sha256") if n in names), None)
    if digest is None or "doc_id" not in names:
        raise InputError("neither a table of documents nor a public lineage", where=str(path),
                         cure="it needs doc_id, and text_sha256 or text_in_sha256")  # fmt: skip
    return parts.read_lineage(path, ["doc_id", digest, "text_in_keyed"]).select(
        pl.col("doc_id", "text_in_keyed").cast(pl.Binary), pl.col(digest).cast(pl.Binary).alias("text_sha256")
    )


def _unkeyed(known: pl.DataFrame, now: pl.DataFrame, run: StageRun) -> pl.DataFrame:
    """Return `known` with the digest of today's text where its keyed name is the earlier one's, else that name."""
    if known["text_in_keyed"].null_count() == known.height:
        return known
    _, key = hmac_of(run.project)
    both = known.join(now.select("doc_id", now="text_sha256"), on="doc_id", how="left", maintain_order="left")
    told = [
        old if hidden is None else text if text and keyed_text(key, text) == hidden else hidden
        for old, hidden, text in both["text_sha256", "text_in_keyed", "now"].rows()
    ]
    return known.with_columns(text_sha256=pl.Series(told, dtype=pl.Binary))


def _triggers(run: StageRun) -> Marks:
    """Mark the documents that hold a phrase concentrated in their source; only such sources are read again."""
    from stages.screen import corpus

    tables = {ref: parts.read_part(run.project.table(PHRASES, ref)) for ref in run.parts}
    sizes = {ref: pq.read_metadata(run.project.table(FOUND, ref)).num_rows for ref in run.parts}
    found = corpus.triggers([(ref.source, sizes[ref], t) for ref, t in tables.items()], run.settings.corpus)
    marks = {}
    for (source,), own in found.group_by("source", maintain_order=True):
        for ref in (r for r in run.parts if r.source == source):
            docs = parts.read_part(run.project.table("ingest", ref), ["row", "text"]).drop_nulls("text")
            hits = corpus.mark(docs["text"], own)
            rows = hits.select(row=docs["row"].gather(hits["text"]), n="n")
            marks[ref] = _mark(rows, "poison-trigger", "flag", 0.7)
    return marks
