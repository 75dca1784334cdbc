"""Makes signed releases of any number and size of shards for the benchmark of the verifier."""

from __future__ import annotations

import hashlib
import random
from datetime import date
from pathlib import Path
from typing import Any

from lineage import canonical, certificate, keys, merkle, trust
from lineage.digests import sha256_file

AS_OF, DAYS = date(2026, 3, 1), 365
SOURCE = "made"
#: Bytes of the papers of a part as the bundled sample's are, so that their share of the work is true.
LINEAGE_BYTES, SHEET_BYTES, PER_SOURCE = 8 << 10, 16 << 10, 1000
FLOW = ("kept", "redacted", "removed", "quarantined", "unreadable")


def make(root: Path, *, shards: int, bytes_each: int, seed: int = 1) -> tuple[Path, Path]:
    """Make a release of `shards` shards of random bytes below `root`; return (release, trust file)."""
    release, generator = root / "release", random.Random(seed)
    keys.generate("pipeline", root / "key.pem")
    signer = keys.load_private(root / "key.pem")
    (root / "trust.json").write_bytes(trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")]))
    _write(release / certificate.POLICY, b"policy: made\nversion: 1\n")
    _write(release / "README.md", b"# Made for a benchmark\n")
    block = generator.randbytes(min(bytes_each, 64 << 20))
    rows = [_part(release, i, bytes_each, block, signer) for i in range(shards)]
    _release_manifest(release, rows)
    _write(
        release / certificate.RELEASE_CERTIFICATE, certificate.certify_release(release, signer, AS_OF, DAYS)
    )
    return release, root / "trust.json"


def _part(release: Path, number: int, size: int, block: bytes, signer: keys.Signer) -> dict[str, Any]:
    source, part = f"{SOURCE}-{number // PER_SOURCE}", f"{number:08x}-0000"
    head = number.to_bytes(8, "big")
    data = (head + block * (size // len(block) + 1))[:size]
    digest = hashlib.sha256(data).hexdigest()
    path = f"data/{source}/{part}-{digest[:12]}.parquet"
    _write(release / path, data)
    lineage = f"lineage/{source}/{part}.parquet"
    _write(release / lineage, (head * LINEAGE_BYTES)[:LINEAGE_BYTES])
    ids = [hashlib.sha256(head).digest()]
    manifest = {
        "schema": "urn:hallmark:shard-manifest:1",
        "source": {"id": source, "title": source, "licence": "CC0-1.0"},
        "part": part,
        "shard": {"path": path, "bytes": len(data), "rows": 1, "sha256": digest},
        "flow": {"in": 1} | {name: int(name == "kept") for name in FLOW},
        "reasons": [],
        "stages": [],
        "gates": [
            {"id": "books-close", "status": "pass", "measured": 0, "threshold": 0, "grades": ["screened"]}
        ],
        "policy": {"id": "made", "version": 1, "sha256": sha256_file(release / certificate.POLICY)},
        "lineage": {
            "path": lineage,
            "sha256": sha256_file(release / lineage),
            "rows": 1,
            "kept_root": merkle.doc_root(ids),
        },
        "not_checked": [],
        "known_limits": {"zh": [], "en": []},
    }
    name = f"meta/shards/{source}/{part}.json"
    _write(release / name, canonical.dumps(manifest))
    for sheet in certificate.sheet_paths(source, part):
        _write(release / sheet, (head * SHEET_BYTES)[:SHEET_BYTES])
    signed = certificate.certify_shard(release, name, signer)
    _write(release / certificate.certificate_path(source, part), signed)
    return manifest | {"manifest_sha256": sha256_file(release / name), "ids": ids}


def _release_manifest(release: Path, parts: list[dict[str, Any]]) -> None:
    shards = [
        {"source": m["source"]["id"], "part": m["part"], "manifest_sha256": m["manifest_sha256"]}
        | {name: m["shard"][name] for name in ("path", "sha256", "rows", "bytes")}
        for m in parts
    ]
    first = parts[0]
    manifest = {
        "schema": "urn:hallmark:release-manifest:1",
        "dataset": {
            "id": "made",
            "title": {"zh": "made", "en": "made"},
            "version": "1.0.0",
            "as_of": "2026-03-01",
        },
        "shards": shards,
        "flow": {name: sum(m["flow"][name] for m in parts) for name in ("in", *FLOW)},
        "merkle": {
            "kept_root": merkle.doc_root(i for m in parts for i in m["ids"]),
            "shard_root": merkle.shard_root(shards),
        },
        **{name: first[name] for name in ("stages", "policy", "gates", "known_limits", "not_checked")},
        "grade_allowed": "screened",
        "previous": None,
    }
    _write(release / certificate.MANIFEST, canonical.dumps(manifest))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
