"""Which documents of the project a selector means, and their verified near-duplicates."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from lineage.errors import HallmarkError
from lineage.records import STATUS_OK
from pipelines import parts
from pipelines.project import PartRef, Project
from pipelines.removal.addresses import canonical_url, host_of
from pipelines.removal.selector import Selector
from stages import dedup

FOUND = {
    "doc_id": pl.Binary,
    "source": pl.String,
    "part": pl.String,
    "row": pl.UInt32,
    "match": pl.String,  # doc-id | url | domain | subject | exact | near
    "jaccard": pl.Float64,  # with the text asked for, 4 decimals
}


class Matches(NamedTuple):
    """The documents meant (FOUND), their verified near-duplicates (FOUND), and the text's exact digest."""

    direct: pl.DataFrame
    twins: pl.DataFrame
    exact: bytes | None


def find(project: Project, selector: Selector, hmac_key: bytes, *, twins: bool = True) -> Matches:
    """Return the documents of the last run that `selector` means, and their verified near-duplicates.

    Without `twins`, only documents near a text that is asked for stand in that place.
    """
    exact, near = None, pl.DataFrame(schema=FOUND)
    if selector.kind == "text":
        signed = sign_text(project, selector.value)
        exact = signed["exact"][0]
        both = _by_text(project, selector.value, signed)
        direct, near = both.filter(pl.col("match") == "exact"), both.filter(pl.col("match") == "near")
    else:
        direct = _by_column(project, selector, hmac_key)
    if selector.kind == "doc-id" and direct["doc_id"].n_unique() > 1:
        raise HallmarkError("several documents have an id that begins so", cure="give the id in full")
    direct = direct.unique("doc_id", keep="first", maintain_order=True).sort("doc_id")
    if twins:
        near = pl.concat([near, twins_of(project, direct)])
    return Matches(direct, near.unique("doc_id", keep="first", maintain_order=True).sort("doc_id"), exact)


def twins_of(project: Project, direct: pl.DataFrame) -> pl.DataFrame:
    """Return the verified near-duplicates of documents (FOUND, without the documents themselves)."""
    edges = parts.read_part(project.data / "dedup_edges" / "edges.parquet")
    near = neighbours(edges, direct["doc_id"])
    return locate(project, near.filter(~near.is_in(direct["doc_id"].implode())), "twin")


def neighbours(edges: pl.DataFrame, ids: pl.Series) -> pl.Series:
    """Return `ids`, whatever repeats their text, and every verified near-duplicate of these; sorted, unique.

    An exact edge joins a document with the representative of its text; near edges join representatives.
    """
    exact, near = edges.filter(pl.col("kind") == "exact"), edges.filter(pl.col("kind") != "exact")
    same = _group(exact, ids)
    return _group(exact, pl.concat([same, _step(near, same)])).unique().sort()


def _group(exact: pl.DataFrame, ids: pl.Series) -> pl.Series:
    """Return all documents of the exact groups of `ids`: two steps over a star reach every member."""
    for _ in range(2):
        ids = pl.concat([ids, _step(exact, ids)]).unique()
    return ids


def _step(edges: pl.DataFrame, ids: pl.Series) -> pl.Series:
    known = ids.implode()
    there = edges.filter(pl.col("a").is_in(known))["b"]
    back = edges.filter(pl.col("b").is_in(known))["a"]
    return pl.concat([there, back]).cast(pl.Binary).alias("doc_id")


def locate(project: Project, ids: pl.Series, match: str) -> pl.DataFrame:
    """Return FOUND for document ids, by source, part and row."""
    wanted = ids.implode()
    frames = [pl.DataFrame(schema=FOUND)]
    for ref in project.parts():
        table = parts.read_part(project.table("ingest", ref), ["row", "doc_id"])
        frames.append(_found(ref, table.filter(pl.col("doc_id").is_in(wanted)), match))
    return pl.concat(frames).sort("doc_id")


def _by_column(project: Project, selector: Selector, hmac_key: bytes) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=FOUND)]
    keyed = selector.keyed(hmac_key) if selector.kind == "subject" else b""
    for ref in project.parts():
        if selector.kind == "subject":
            spans = parts.read_part(project.table("pii_spans", ref), ["row", "doc_id", "selector"])
            hits = spans.filter(pl.col("selector") == keyed).unique("row").sort("row")
        elif selector.kind == "doc-id":
            table = parts.read_part(project.table("ingest", ref), ["row", "doc_id"])
            hits = table.filter(pl.col("doc_id").bin.encode("hex").str.starts_with(selector.value))
        else:
            table = parts.read_part(project.table("ingest", ref), ["row", "doc_id", "url"])
            hits = table.filter(_address(selector))
        frames.append(_found(ref, hits, selector.kind))
    return pl.concat(frames)


def _address(selector: Selector) -> pl.Expr:
    if selector.kind == "url":
        return canonical_url(pl.col("url")) == selector.value
    host = host_of(pl.col("url"))
    return (host == selector.value) | host.str.ends_with("." + selector.value)


def _found(ref: PartRef, rows: pl.DataFrame, match: str) -> pl.DataFrame:
    named = rows.select("doc_id", "row").with_columns(
        source=pl.lit(ref.source),
        part=pl.lit(ref.part),
        match=pl.lit(match),
        jaccard=pl.lit(None, pl.Float64),
    )
    return named.select(pl.col(n).cast(k) for n, k in FOUND.items())


def sign_text(project: Project, text: str) -> pl.DataFrame:
    """Return the one row of SIGNATURES of a text that is no document."""
    import hashlib

    row = {
        "row": [0],
        "doc_id": [b"\x00" * 32],
        "status": [STATUS_OK],
        "text": [text],
        "text_sha256": [hashlib.sha256(text.encode()).digest()],
    }
    docs = pl.DataFrame(row, schema_overrides={"row": pl.UInt32})
    return dedup.sign(docs, project.params.dedup)


def _by_text(project: Project, text: str, signed: pl.DataFrame) -> pl.DataFrame:
    """Return the documents with this very text, and those whose shingle sets are verified to be near it."""
    refs = project.parts()
    files = [project.table("dedup_signatures", ref) for ref in refs]
    with TemporaryDirectory() as folder:  # holds the signature, not the text
        asked = Path(folder) / "asked.parquet"
        signed.write_parquet(asked)
        near = dedup.earlier(files, [asked], project.params.dedup)
    found = locate(project, near["doc_id"], "near").join(near.select("doc_id", "kind"), on="doc_id")
    measured = [_measure(project, text, key, rows) for key, rows in found.group_by("source", "part")]
    table = pl.concat([pl.DataFrame(schema=FOUND), *measured])
    return table.filter(pl.col("jaccard") >= project.params.dedup.threshold).sort("doc_id")


def _measure(project: Project, text: str, key: Any, rows: pl.DataFrame) -> pl.DataFrame:
    """Fill in the exact Jaccard of one part's rows with the text asked for."""
    from stages.dedup.jaccard import jaccard
    from stages.dedup.signing import composed
    from stages.dedup.verification import shingle_hashes

    texts = parts.read_part(project.table("ingest", PartRef(*key)), ["row", "text"])
    joined = rows.join(texts, on="row", how="left").with_columns(pl.col("text").fill_null(""))
    every = pl.concat([pl.Series("text", [text]), joined["text"]])
    hashes, counts = shingle_hashes(composed(every), project.params.dedup)
    starts = np.concatenate([[0], np.cumsum(counts)])
    values = np.empty(joined.height, np.float64)
    jaccard(hashes, starts, np.zeros(joined.height, np.int64), np.arange(1, joined.height + 1), values)
    same = pl.col("kind") == "exact"
    measured = joined.with_columns(
        jaccard=pl.when(same).then(1.0).otherwise(pl.Series(np.round(values, 4))),
        match=pl.when(same).then(pl.lit("exact")).otherwise(pl.lit("near")),
    )
    return measured.select(pl.col(n).cast(k) for n, k in FOUND.items())
