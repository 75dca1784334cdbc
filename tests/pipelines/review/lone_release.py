"""A small signed release with whole shards, and nothing of a project around it."""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "lineage"))

import small_release

from lineage.digests import sha256_file
from stages.publish.shard import SHARD

MAIL = "Write to [EMAIL:0123456789abcdef] before the <script>document.title='owned'</script> noon. 中午之前。"


def build(base: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return (release, public key of its pipeline), certified for a hundred years."""
    monkeypatch.setattr(small_release, "AS_OF", date(2026, 3, 1))
    monkeypatch.setattr(small_release, "DAYS", 36_500)
    monkeypatch.setattr(small_release, "_shard", shard)
    signer = small_release.signer(base / "their-keys")
    return small_release.build(base / "release", signer), base / "their-keys" / "pipeline.pem.pub"


def shard(root: Path, source: str, part: str, ids: list[bytes], texts: list[str]) -> dict[str, Any] | None:
    """Write a shard as publish does, in the whole schema; the first text holds a redaction and a script."""
    if not ids:
        return None
    fixed = {"source": source, "kind": "text", "lang": "en", "licence": "CC0-1.0", "ai_label": "none"}
    rows = [
        dict.fromkeys(SHARD.names) | fixed | {"doc_id": i.hex(), "text": f"{MAIL} {t}" if n == 0 else t}
        for n, (i, t) in enumerate(zip(ids, texts, strict=True))
    ]
    draft = root / "draft.parquet"
    draft.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SHARD), draft)
    digest, size = sha256_file(draft), draft.stat().st_size
    target = root / f"data/{source}/{part}-{digest[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft.rename(target)
    return {"path": target.relative_to(root).as_posix(), "bytes": size, "rows": len(ids), "sha256": digest}


def tree(root: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*")
        if p.is_file()
    }
