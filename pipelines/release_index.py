"""data/dedup_index/<version>.parquet: the MinHash signatures of every document of a sealed release, kept or not.

Restricted, and without text: documents stand under their keyed ids. `hallmark release seal` adds a version once; later
runs match their documents with the versions sealed before theirs, and `near` looks up single texts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lineage.digests import sha256_file
from lineage.removals import keyed_id, keyed_text
from pipelines import parts
from pipelines.project import PartRef, Project, write_bytes
from pipelines.removal.keys import hmac_of
from pipelines.removal.request import signature_method
from pipelines.sealing import seals
from stages import dedup

FOLDER = "dedup_index"
INDEX = pa.schema(
    [
        pa.field("doc_id", pa.binary()),  # keyed: HMAC-SHA256(project key, document id)
        pa.field("exact", pa.binary()),
        pa.field("shingles", pa.uint32()),
        pa.field("signature", pa.binary()),
        pa.field("source", pa.string()),
        pa.field("disposition", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
METHOD, KEY_ID = b"hallmark.method", b"hallmark.hmac_key"
TRACKED = "outs:\n- path: data/dedup_index\n  hash: md5\n  remote: restricted\nwdir: ..\n"


def append(project: Project, version: str) -> Path | None:
    """Write the index of the release that the last run made, and return its file; an index that stands stays.

    None, with a warning, where data/ holds no run of this release, document by document.
    """
    path = project.data / FOLDER / f"{version}.parquet"
    tracked = project.root / "history" / f"{FOLDER}.dvc"
    if path.is_file():
        return path
    if not _made_by_this_run(project):
        print(
            f"warning: data/ holds no run of release {version}; its documents are not in the index of releases, so "
            "later runs cannot compare theirs with them (run `dvc repro` on its commit, then seal again)",
            file=sys.stderr,
        )
        return None
    _write(project, path)
    if not tracked.is_file():
        write_bytes(tracked, TRACKED.encode())
    return path


def before(project: Project) -> list[tuple[str, Path]]:
    """Return (version, file) of the releases sealed before the present version that have an index, oldest first.

    A version that is sealed itself meets the same ones again: its bytes do not change with later seals.
    """
    found = seals.records(project.root / "history")
    own = next((r["seq"] for r in found if r["version"] == project.params.release.version), len(found) + 1)
    files = [
        (r["version"], project.data / FOLDER / f"{r['version']}.parquet") for r in found if r["seq"] < own
    ]
    return [(version, path) for version, path in files if path.is_file()]


def comparable(project: Project, files: Sequence[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Return those that the present dedup settings can be compared with; the others are named as not run."""
    method = signature_method(project).encode()
    good = [(v, p) for v, p in files if (pq.read_schema(p).metadata or {}).get(METHOD) == method]
    for version in sorted({v for v, _ in files} - {v for v, _ in good}):
        print(
            f"warning: not_run: the index of release {version} was made by another dedup method",
            file=sys.stderr,
        )
    return good


def digest(path: Path) -> str:
    """Return the SHA-256 of an index file."""
    return sha256_file(path)


def near(project: Project, texts: Sequence[str], least: float | None = None) -> list[dict[str, Any]]:
    """Return what sealed releases hold that resembles texts: one entry per match, the nearest of a text first.

    Entry: query (place of the text), release, source, keyed_id (hex), disposition, reason, kind (exact | near),
    estimate of the Jaccard similarity. `least`: lowest estimate, default `dedup.threshold`.
    """
    sealed = [r["version"] for r in seals.records(project.root / "history")]
    paths = [(v, project.data / FOLDER / f"{v}.parquet") for v in sealed]
    files = comparable(project, [(v, p) for v, p in paths if p.is_file()])
    found = dedup.similar(
        pl.Series(list(texts), dtype=pl.String), [p for _, p in files], project.params.dedup, least
    )
    told = []
    for f, (version, path) in enumerate(files):
        hits = found.filter(pl.col("file") == f)
        facts = parts.read_part(path, ["doc_id", "source", "disposition", "reason"])[hits["row"]]
        rows = zip(hits.iter_rows(named=True), facts.iter_rows(named=True), strict=True)
        told += [
            {"query": hit["query"], "release": version, "source": fact["source"]}
            | {"keyed_id": fact["doc_id"].hex(), "disposition": fact["disposition"], "reason": fact["reason"]}
            | {"kind": hit["kind"], "estimate": hit["estimate"]}
            for hit, fact in rows
        ]
    return sorted(told, key=lambda t: (t["query"], -t["estimate"], sealed.index(t["release"]), t["keyed_id"]))


def known(project: Project) -> list[dict[str, str]]:
    """Return [{release, sha256}] of what `before` finds: inventory tells dedup, which DVC would skip otherwise."""
    return [{"release": v, "sha256": digest(p)} for v, p in before(project)]


def _made_by_this_run(project: Project) -> bool:
    """Tell whether data/ agrees with the lineage in release/: the same parts, documents, verdicts and texts."""
    folder = project.release / "lineage"
    released = {path.relative_to(folder) for path in folder.glob("*/*.parquet")}
    if not released or not (project.data / "ingest" / "plan.json").is_file():
        return False
    refs = project.parts()
    if {Path(ref.file()) for ref in refs} != released:
        return False
    _, key = hmac_of(project)
    return all(_agrees(project, ref, key, folder / ref.file()) for ref in refs)


def _agrees(project: Project, ref: PartRef, key: bytes, lineage: Path) -> bool:
    """Compare one part row by row; a document that was not published is known by its keyed id, without its text."""
    tables = [project.table(n, ref) for n in ("ingest", "decide", "dedup_signatures")]
    if not all(t.is_file() for t in tables):
        return False
    columns = ["doc_id", "keyed_id", "disposition", "reason", "text_in_sha256", "text_in_keyed"]
    told = parts.read_lineage(lineage, columns)
    docs = parts.read_part(tables[0], ["doc_id", "text_sha256"])
    verdict = parts.read_part(tables[1], ["doc_id", "disposition", "reason"])
    if not told.height == docs.height == verdict.height or not docs["doc_id"].equals(verdict["doc_id"]):
        return False
    published = told["doc_id"].is_not_null()
    unnamed = docs.filter(~published)["doc_id"]
    keyed = pl.Series([keyed_id(key, d) for d in unnamed], dtype=pl.Binary)
    live, mine = told.filter(published), docs.filter(published)["doc_id", "text_sha256"]
    return (
        told.select("disposition", "reason").equals(verdict.select("disposition", "reason"))
        and told.filter(~published)["keyed_id"].cast(pl.Binary).equals(keyed)
        and all(
            doc == own and (plain == digest if plain else hidden == keyed_text(key, digest))
            for (doc, plain, hidden), (own, digest) in zip(
                live["doc_id", "text_in_sha256", "text_in_keyed"].rows(), mine.rows(), strict=True
            )
        )
    )


def _write(project: Project, path: Path) -> None:
    """Write the index part by part, so that memory holds one part."""
    key_id, key = hmac_of(project)
    notes = {METHOD: signature_method(project).encode(), KEY_ID: key_id.encode()}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(path, INDEX.with_metadata(notes), _rows(project, key))


def _replace(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for table in tables:
                writer.write_table(
                    parts.conform(table, INDEX, where=str(path)), row_group_size=parts.ROW_GROUP
                )
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _rows(project: Project, key: bytes) -> Iterator[pa.Table]:
    for ref in project.parts():
        signed = parts.read_part(project.table("dedup_signatures", ref))
        verdict = parts.read_part(project.table("decide", ref), ["row", "disposition", "reason"])
        table = signed.join(verdict, on="row", how="left", maintain_order="left").drop_nulls("exact")
        keyed = pl.Series([keyed_id(key, d) for d in table["doc_id"]], dtype=pl.Binary)
        yield table.with_columns(doc_id=keyed, source=pl.lit(ref.source)).select(INDEX.names).to_arrow()
