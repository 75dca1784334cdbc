"""A document's way through the releases that its release was made from, to the first one at hand; digests checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lineage import canonical, certificate
from lineage.digests import sha256_bytes, sha256_file
from lineage.errors import TrustError
from lineage.removals import keyed_text
from pipelines import parts
from pipelines.project import Project
from pipelines.removal.keys import hmac_of
from pipelines.sealing.parents import release_folder

SAID = ("id", "title", "licence", "class", "jurisdiction", "revision", "collected")
COLUMNS = ["row", "shard_row", "doc_id", "text_in_sha256", "text_in_keyed", "text_out_sha256"]
_CURE = "pull that release and name its folder with --release"


def ancestors(
    project: Project, origin: Mapping[str, Any], known: Sequence[Path] = ()
) -> list[dict[str, Any]]:
    """Return one entry per release upstream of a document, the nearest first; empty where its source is no release.

    Entry: {dataset, version, digest, source, part, row, shard_row, doc_id, inputs}; a release that is not at hand has
    `missing` instead. `origin`: of the document in this project (file, record, text_sha256). `known`: folders of
    further releases; a release counts only if its manifest has the digest that the release made from it states.
    """
    file = (project.root / str(origin["file"]).split("!", 1)[0]).resolve()
    folder = release_folder(file)
    if folder is None:
        return []
    digest = sha256_file(folder / certificate.MANIFEST)
    at_hand = {
        sha256_file(f / certificate.MANIFEST): f for f in known if (f / certificate.MANIFEST).is_file()
    }
    key = hmac_of(project)[1]
    found = _step(folder, digest, (origin.get("text_sha256"), None), key, file.relative_to(folder).as_posix())
    chain = [found]
    while found.get("parent"):
        above, text = found.pop("parent"), found.pop("text_before")
        nearest = at_hand.get(above["digest"])
        if nearest is None:
            chain.append({k: above[k] for k in ("dataset", "version", "digest")} | {"missing": _CURE})
            break
        found = _step(nearest, above["digest"], text, key)
        chain.append(found)
    for entry in chain:
        entry.pop("text_before", None)
    return chain


def _step(
    folder: Path, digest: str, text: tuple[str | None, str | None], key: bytes, shard: str | None = None
) -> dict[str, Any]:
    """Return what one release says of the document that it published as `text`.

    `text`: hex digest, or null and the keyed name, which only a project with the key of the one that redacted knows.
    """
    manifest = canonical.loads(_checked(folder / certificate.MANIFEST, digest), where=certificate.MANIFEST)
    told = {"dataset": manifest["dataset"]["id"], "version": manifest["dataset"]["version"], "digest": digest}
    for listed in manifest["shards"]:
        if listed["path"] is None or (shard and listed["path"] != shard):
            continue
        place = f"{listed['source']}/{listed['part']}"
        own = folder / "meta" / "shards" / f"{place}.json"
        part = canonical.loads(_checked(own, listed["manifest_sha256"]), where=str(own))
        lineage = folder / part["lineage"]["path"]
        _checked(lineage, part["lineage"]["sha256"])
        hits = _published_as(parts.read_lineage(lineage, COLUMNS), text, key).head(1)
        if hits.height:
            return told | _told(manifest, part, hits.row(0, named=True))
    hidden = "the text was redacted below it under another project's key"
    return told | {"missing": "no published document of it has this text" if not text[1] else hidden}


def _published_as(table: pl.DataFrame, text: tuple[str | None, str | None], key: bytes) -> pl.DataFrame:
    plain, hidden = (bytes.fromhex(t or "") for t in text)
    if plain:
        return table.filter(pl.col("text_out_sha256") == plain)
    return table.filter(
        pl.Series(
            [bool(t) and keyed_text(key, t) == hidden for t in table["text_out_sha256"]], dtype=pl.Boolean
        )
    )


def _told(manifest: Mapping[str, Any], part: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    source = next(s for s in manifest["sources"] if s["id"] == part["source"]["id"])
    above = next((p for p in manifest.get("parents") or () if p["source"] == source["id"]), None)
    return {
        "source": {k: source[k] for k in SAID if k in source},
        "part": part["part"],
        "row": row["row"],
        "shard_row": row["shard_row"],
        "doc_id": row["doc_id"].hex(),
        "inputs": part["inputs"],
        "text_before": tuple(row[n] and row[n].hex() for n in ("text_in_sha256", "text_in_keyed")),
        "parent": above,
    }


def _checked(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrustError(f"cannot be read: {error.strerror}", where=str(path), cure=_CURE) from None
    if sha256_bytes(data) != digest:
        raise TrustError("not the file that the release made from it names", where=str(path), cure=_CURE)
    return data
