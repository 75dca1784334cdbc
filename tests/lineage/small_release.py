"""Builds a small signed release as docs/architecture.md lays it out: three parts, one with nothing kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lineage import canonical, certificate, keys, merkle
from lineage.digests import sha256_file
from lineage.keys import Signer

AS_OF = date(2026, 3, 1)
TODAY = date(2026, 4, 1)
DAYS = 180
GATES = [
    {"id": "books", "status": "pass", "measured": 0, "threshold": 0, "clause": "law 1", "verified": True},
    {
        "id": "pii-residual",
        "status": "pass",
        "measured": 0.01,
        "threshold": 0.02,
        "clause": "",
        "verified": False,
    },
    {
        "id": "audit",
        "status": "not_run",
        "measured": None,
        "threshold": 0.98,
        "clause": "",
        "verified": False,
    },
]
PARTS = (("wiki", "00aa00aa-0000"), ("wiki", "00aa00aa-0001"), ("forum", "bb11bb11-0000"))
FATES = (
    ("kept", None, None),
    ("redacted", "pii-redacted", "pii"),
    ("kept", None, None),
    ("removed", "near-duplicate", "dedup"),
    ("quarantined", "review-pending", "screen"),
    ("unreadable", "bad-json", "ingest"),
)


def build(
    root: Path, signer: Signer, *, gates: list[dict[str, Any]] = GATES, grade: str = "screened"
) -> Path:
    """Write a whole release below `root` and sign it."""
    write(root / "meta/policy.yaml", b"id: demo\nversion: 3\n")
    write(root / "meta/evidence/demo-lexicon.json", b'{"recall":0.9}')
    manifests = [_part(root, s, p, gates, empty=s == "forum") for s, p in PARTS]
    sign_shards(root, signer)
    _release_manifest(root, manifests, gates, grade)
    write(root / "README.md", b"# A demo\n")
    for kind in certificate.SHEET_KINDS:
        write(root / f"sheets/release.{kind}", kind.encode())
    sign_release(root, signer)
    return root


def sign_shards(root: Path, signer: Signer) -> None:
    """Issue the certificate of every part."""
    for source, part in PARTS:
        made = certificate.certify_shard(root, f"meta/shards/{source}/{part}.json", signer)
        write(root / certificate.certificate_path(source, part), made)


def sign_release(root: Path, signer: Signer) -> None:
    """Issue the release certificate."""
    made = certificate.certify_release(root, signer, AS_OF, DAYS)
    write(root / certificate.RELEASE_CERTIFICATE, made)


def write(path: Path, data: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def signer(folder: Path, name: str = "pipeline", role: str = "pipeline") -> Signer:
    """Make a key and return its signer."""
    path = folder / f"{name}.pem"
    keys.generate(role, path)
    return keys.load_private(path)


def shard_of(root: Path, number: int = 0) -> str:
    """Return the path of a shard of the release, in path order."""
    return sorted(p.relative_to(root).as_posix() for p in (root / "data").rglob("*.parquet"))[number]


def _part(root: Path, source: str, part: str, gates: list[dict[str, Any]], empty: bool) -> dict[str, Any]:
    fates = [f for f in FATES if not empty or f[0] not in ("kept", "redacted")]
    ids = [hashlib.sha256(f"{source}/{part}/{i}".encode()).digest() for i in range(len(fates))]
    texts = [f"Text {i} of {part}, 文本。" for i in range(len(fates))]
    public = [i for i, fate in enumerate(fates) if fate[0] in ("kept", "redacted")]
    shard = _shard(root, source, part, [ids[i] for i in public], [texts[i] for i in public])
    lineage = _lineage(root, f"lineage/{source}/{part}.parquet", fates, ids, texts)
    counts = Counter(fate[0] for fate in fates)
    manifest = {
        "schema": "urn:hallmark:shard-manifest:1",
        "source": {"id": source, "title": source, "licence": "CC0-1.0"},
        "part": part,
        "unit": "document",
        "shard": shard,
        "flow": {"in": len(fates)} | {d: counts[d] for d in certificate_flow()},
        "reasons": [
            {"stage": stage, "reason": reason, "disposition": fate, "docs": n}
            for (fate, reason, stage), n in sorted(Counter(f for f in fates if f[1]).items())
        ],
        "stages": [{"stage": "screen", "code_sha256": "0" * 64, "params": {}, "detectors": [detector(root)]}],
        "screen": [],
        "gates": gates,
        "not_checked": [{"what_zh": "图像", "what_en": "images", "why": "text only"}],
        "policy": {"id": "demo", "version": "3", "sha256": sha256_file(root / "meta/policy.yaml")},
        "lineage": lineage | {"kept_root": merkle.doc_root(ids[i] for i in public)},
        "known_limits": {"zh": ["演示数据"], "en": ["demonstration data"]},
    }
    write(root / f"meta/shards/{source}/{part}.json", canonical.dumps(manifest))
    for path in certificate.sheet_paths(source, part):
        write(root / path, path.encode())
    return manifest | {"_public": [ids[i] for i in public]}


def certificate_flow() -> tuple[str, ...]:
    """The ways out of the books."""
    return ("kept", "redacted", "removed", "quarantined", "unreadable")


def detector(root: Path) -> dict[str, Any]:
    """One detector with its evidence file."""
    path = "meta/evidence/demo-lexicon.json"
    evidence = {
        "path": path,
        "sha256": sha256_file(root / path),
        "recall": 0.9,
        "n": 100,
        "status": "measured",
    }
    return {"detector": "demo-lexicon@1", "sha256": "1" * 64, "codes": ["A.1-d"], "evidence": evidence}


def _shard(root: Path, source: str, part: str, ids: list[bytes], texts: list[str]) -> dict[str, Any] | None:
    if not ids:
        return None
    draft = root / "draft.parquet"
    draft.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"doc_id": [i.hex() for i in ids], "text": texts}), draft)
    digest = sha256_file(draft)
    path = f"data/{source}/{part}-{digest[:12]}.parquet"
    size = draft.stat().st_size
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    draft.rename(root / path)
    return {"path": path, "bytes": size, "rows": len(ids), "sha256": digest}


def _lineage(root: Path, path: str, fates: list[Any], ids: list[bytes], texts: list[str]) -> dict[str, Any]:
    open_to_all = [fate[0] in ("kept", "redacted") for fate in fates]
    positions = iter(range(len(fates)))
    digests = [hashlib.sha256(t.encode()).digest() for t in texts]
    table = pa.table(
        {
            "doc_id": pa.array(
                [i if o else None for i, o in zip(ids, open_to_all, strict=True)], pa.large_binary()
            ),
            "row": pa.array(range(len(fates)), pa.uint32()),
            "disposition": [fate[0] for fate in fates],
            "reason": [fate[1] for fate in fates],
            "stage": [fate[2] for fate in fates],
            "text_out_sha256": pa.array(
                [d if o else None for d, o in zip(digests, open_to_all, strict=True)], pa.large_binary()
            ),
            "shard_row": pa.array([next(positions) if o else None for o in open_to_all], pa.uint32()),
        }
    )
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, root / path)
    return {"path": path, "sha256": sha256_file(root / path), "rows": len(fates)}


def _release_manifest(
    root: Path, parts: list[dict[str, Any]], gates: list[dict[str, Any]], grade: str
) -> None:
    shards = [
        {
            "source": m["source"]["id"],
            "part": m["part"],
            "path": m["shard"]["path"] if m["shard"] else None,
            "sha256": m["shard"]["sha256"] if m["shard"] else None,
            "rows": m["shard"]["rows"] if m["shard"] else 0,
            "manifest_sha256": sha256_file(root / f"meta/shards/{m['source']['id']}/{m['part']}.json"),
        }
        for m in parts
    ]
    names = ("in", *certificate_flow())
    manifest = {
        "schema": "urn:hallmark:release-manifest:1",
        "dataset": {
            "id": "demo",
            "title": {"zh": "演示", "en": "Demo"},
            "version": "1",
            "as_of": "2026-03-01",
        },
        "shards": shards,
        "flow": {name: sum(m["flow"][name] for m in parts) for name in names},
        "merkle": {
            "kept_root": merkle.doc_root(i for m in parts for i in m["_public"]),
            "shard_root": merkle.shard_root(shards),
        },
        "stages": parts[0]["stages"],
        "policy": parts[0]["policy"],
        "gates": gates,
        "grade_allowed": grade,
        "known_limits": parts[0]["known_limits"],
        "not_checked": parts[0]["not_checked"],
        "previous": None,
    }
    write(root / "meta/manifest.json", canonical.dumps(manifest))
