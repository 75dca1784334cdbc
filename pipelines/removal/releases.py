"""Which releases hold a document: read from their public lineage, their manifests and their certificates."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from lineage import canonical, certificate, merkle
from lineage.digests import sha256_file
from pipelines import parts
from pipelines.project import read_json

LIVE = ("kept", "redacted")


def holding(release: Path, ids: pl.Series) -> dict[str, Any] | None:
    """Return what a release publishes of `ids`: {dataset, version, certificate, docs, shards[]}; None without any.

    shards: {source, part, path, sha256, md5, bytes, docs, certificate}; md5 is DVC's name for the object.
    """
    if not (release / certificate.RELEASE_CERTIFICATE).is_file():
        return None
    shards = []
    for lineage in sorted((release / "lineage").glob("*/*.parquet")):
        docs = parts.read_part(lineage, ["doc_id"])["doc_id"].is_in(ids.implode()).sum()
        if docs:
            shards.append(_shard(release, lineage.parent.name, lineage.stem, docs))
    if not shards:
        return None
    dataset = read_json(release / certificate.MANIFEST)["dataset"]
    return {
        "dataset": dataset["id"],
        "version": dataset["version"],
        "certificate": certificate_of(release / certificate.RELEASE_CERTIFICATE),
        "docs": sum(s["docs"] for s in shards),
        "shards": shards,
    }


def certificate_of(path: Path) -> str:
    """Return the id by which revocations name the certificate in a file."""
    return certificate.certificate_id(path.read_bytes())


def _shard(release: Path, source: str, part: str, docs: int) -> dict[str, Any]:
    shard = read_json(release / "meta" / "shards" / source / f"{part}.json")["shard"]
    path = release / shard["path"]
    return {
        "source": source,
        "part": part,
        "path": shard["path"],
        "sha256": sha256_file(path),
        "md5": md5_file(path),
        "bytes": shard["bytes"],
        "docs": docs,
        "certificate": certificate_of(release / certificate.certificate_path(source, part)),
    }


def md5_file(path: Path) -> str:
    """Return the MD5 by which DVC names an object; it identifies, it proves nothing."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def published_ids(release: Path) -> list[bytes]:
    """Return the ids of all documents that a release publishes, sorted."""
    ids: list[bytes] = []
    for lineage in sorted((release / "lineage").glob("*/*.parquet")):
        ids += parts.read_part(lineage, ["doc_id"])["doc_id"].drop_nulls().to_list()
    return sorted(ids)


def identity(release: Path) -> dict[str, Any]:
    """Return what names a release in a proof: data set, version, day, certificate, Merkle root, documents, ledger."""
    manifest = canonical.loads((release / certificate.MANIFEST).read_bytes(), where=certificate.MANIFEST)
    return {
        "dataset": manifest["dataset"]["id"],
        "version": manifest["dataset"]["version"],
        "as_of": manifest["dataset"]["as_of"],
        "certificate": certificate_of(release / certificate.RELEASE_CERTIFICATE),
        "kept_root": manifest["merkle"]["kept_root"],
        "docs": manifest["flow"]["kept"] + manifest["flow"]["redacted"],
        "ledger": manifest.get("ledger"),
    }


def presence(release: Path, wanted: list[bytes]) -> list[dict[str, Any]]:
    """Return a proof of presence or absence in `release` for each wanted id, in order; one tree serves them all."""
    from bisect import bisect_left

    ids = published_ids(release)
    tree = merkle.Tree(ids)

    def leaf(at: int) -> dict[str, Any]:
        return {"id": ids[at].hex(), "index": at, "path": [step.hex() for step in tree.inclusion(at)]}

    rows = []
    for doc_id in wanted:
        at = bisect_left(ids, doc_id)
        if at < len(ids) and ids[at] == doc_id:
            rows.append({"kind": "presence", "size": len(ids), "leaf": leaf(at)})
        else:
            left, right = leaf(at - 1) if at else None, leaf(at) if at < len(ids) else None
            rows.append({"kind": "absence", "size": len(ids), "left": left, "right": right})
    return rows
