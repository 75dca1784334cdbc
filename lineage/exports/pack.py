"""One zip for an inspector: the papers of a release, its certificates, and how to verify them; same in, same out."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lineage.errors import HallmarkError
from lineage.exports.facts import Release, json_bytes, table

INDEX, GUIDE = "PACK.json", "VERIFY.md"
_CHUNK = 1 << 20


def chosen_shards(release: Release, globs: Sequence[str] | None) -> list[Mapping[str, Any]]:
    """Return the shards to take along: those that a glob names (path or `source/part`), else the smallest one.

    One shard lets an inspector follow the chain from the certificate down to rows.
    """
    if globs is None:
        return sorted(release.shards, key=lambda s: (s["bytes"], s["path"]))[:1]
    names = lambda s: (s["path"], f"{s['source']}/{s['part']}")  # noqa: E731
    found = [s for s in release.shards if any(fnmatchcase(n, g) for n in names(s) for g in globs)]
    if not found:
        raise HallmarkError(
            "no shard has such a name", where=", ".join(globs), cure="name a path, or source/part"
        )
    return found


def release_files(release: Release, shards: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the release's files to pack: all papers, and of `data/` and `lineage/` what belongs to `shards`."""
    keep = {s["path"] for s in shards}
    keep |= {m["lineage"]["path"] for m in release.manifests if m["shard"] and m["shard"]["path"] in keep}
    found = []
    for path in sorted(release.staging.rglob("*")):
        name = path.relative_to(release.staging).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise HallmarkError(
                "a link or special file inside the release", where=str(path), cure="run `hallmark verify`"
            )
        if path.is_file() and (name in keep or not name.startswith(("data/", "lineage/"))):
            found.append(name)
    return found


def write_pack(
    target: Path, release: Release, files: Sequence[str], papers: Mapping[str, bytes], keyids: Sequence[str]
) -> str:
    """Write the zip (whole or not at all) and return its SHA-256.

    `files`: release files, packed below release/; `papers`: below papers/; `keyids`: who signed, for the guide.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    guide = _guide(release, keyids).encode()
    index: list[dict[str, Any]] = []
    try:
        with zipfile.ZipFile(temporary, "w", allowZip64=True) as out:
            for name in sorted(files):
                index.append(_copy(out, f"release/{name}", release.staging / name))
            for name, content in sorted(papers.items()):
                index.append(_put(out, f"papers/{name}", content))
            index.append(_put(out, GUIDE, guide))
            _put(out, INDEX, json_bytes({"schema": "urn:hallmark:pack:1", "release": release.manifest_digest,
                                         "files": sorted(index, key=lambda f: f["path"])}))  # fmt: skip
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _info(name: str, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    info.external_attr, info.create_system = 0o644 << 16, 3
    return info


def _put(out: zipfile.ZipFile, name: str, content: bytes) -> dict[str, Any]:
    out.writestr(_info(name, True), content)
    return {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _copy(out: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), path.stat().st_size
    info = _info(name, path.suffix != ".parquet")
    info.file_size = size
    with path.open("rb") as source, out.open(info, "w") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            sink.write(chunk)
    return {"path": name, "bytes": size, "sha256": digest.hexdigest()}


def _guide(release: Release, keyids: Sequence[str]) -> str:
    words = table("pack")["guide"]
    dataset = release.dataset
    return words.format(
        id=dataset["id"],
        version=dataset["version"],
        manifest=release.manifest_digest,
        keys=", ".join(keyids) or "not stated",
    )
