"""What the public lineage of a release says about documents: published where, removed why; needs no project data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lineage import canonical, certificate, keys
from lineage.errors import InputError
from lineage.removals import keyed_id, keyed_text
from pipelines import parts
from pipelines.project import read_json

COLUMNS = [
    "doc_id", "keyed_id", "disposition", "reason", "stage", "keeper", "shard_row", "text_in_sha256",
    "text_in_keyed", "text_out_sha256",
]  # fmt: skip


def in_release(folder: Path, ids: Sequence[bytes], text: str | None = None) -> dict[str, Any]:
    """Return what a release says about documents: {dataset, version, documents: [...]}.

    A removed document is known by its keyed id, so the project's HMAC key must be at hand. `text`: published documents
    with this very text, before or after redaction, count too.
    """
    if not (folder / certificate.MANIFEST).is_file():
        raise InputError(
            "no release here", where=str(folder), cure="give a folder that holds meta/manifest.json"
        )
    dataset = canonical.loads((folder / certificate.MANIFEST).read_bytes(), where=str(folder))["dataset"]
    wanted = pl.Series(list(ids), dtype=pl.Binary).implode()
    _, key = keys.load_hmac(keys.default_folder())
    keyed = pl.Series([keyed_id(key, i) for i in ids], dtype=pl.Binary).implode()
    digest = hashlib.sha256(text.encode()).digest() if text is not None else b""
    test = pl.col("doc_id").is_in(wanted) | pl.col("keyed_id").is_in(keyed)
    test |= (pl.col("text_in_sha256") == digest) | (pl.col("text_out_sha256") == digest)
    test |= pl.col("text_in_keyed") == keyed_text(key, digest)
    rows: list[dict[str, Any]] = []
    for path in sorted((folder / "lineage").glob("*/*.parquet")):
        hits = parts.read_lineage(path, COLUMNS).filter(test.fill_null(False))
        rows += [_told(folder, path, row) for row in hits.iter_rows(named=True)]
    return {"dataset": dataset["id"], "version": dataset["version"], "documents": rows}


def _told(folder: Path, lineage: Path, row: dict[str, Any]) -> dict[str, Any]:
    source, part = lineage.parent.name, lineage.stem
    told = {k: v.hex() if isinstance(v, bytes) else v for k, v in row.items()}
    shard = read_json(folder / "meta" / "shards" / source / f"{part}.json")["shard"]
    return {
        "source": source,
        "part": part,
        "shard": shard["path"] if row["doc_id"] and shard else None,
    } | told
