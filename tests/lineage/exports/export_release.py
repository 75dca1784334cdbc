"""Builds a small release with real shards and manifests made by the publish stage's own functions."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lineage import canonical
from lineage.digests import sha256_bytes, sha256_file
from lineage.exports import Release
from stages.decide.reviews import SCHEMA
from stages.publish.audit import audit_facts
from stages.publish.manifest import release_manifest, shard_manifest
from stages.publish.shard import SHARD
from stages.screen.fairness import part_facts

POLICY = {"id": "probe", "version": 1, "sha256": "a" * 64}
DETECTORS = [
    {"detector": "words@1", "sha256": "b" * 64, "codes": ["A.1-d"], "languages": ["en"], "status": "run",
     "evidence": None, "notes": {}},
    {"detector": "operator", "sha256": None, "codes": ["A.1-a"], "languages": [],
     "status": "not_run: no detector supplied", "evidence": None, "notes": {}},
]  # fmt: skip
STAGES = [
    {"stage": n, "code_sha256": "c" * 64, "libraries": {}, "params": {"x": 1},
     "detectors": DETECTORS if n == "screen" else []}
    for n in ("ingest", "quality", "dedup", "pii", "screen", "decide", "publish")
]  # fmt: skip
TURNS = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
URLS = ("https://a.example.com/1", "http://www.example.com:80/2", "https://bbc.co.uk/x", None)


def gate(name: str, status: str = "pass", measured: float | None = 0) -> dict[str, Any]:
    """Return a gate result as the publish stage writes it."""
    return {"id": name, "status": status, "measured": measured, "threshold": 0, "better": "less", "zh": name,
            "en": name, "grades": ["certified"], "clause": "", "edition": "", "verified": False}  # fmt: skip


def source(name: str, **changes: Any) -> dict[str, Any]:
    """Return the public view of a source."""
    return {
        "id": name, "title": {"zh": f"来源 {name}", "en": f"Source {name}"}, "class": "open-licence",
        "licence": "CC-BY-4.0", "evidence": [{"kind": "licence-text", "sha256": "d" * 64}], "jurisdiction": "CN",
        "storage_region": "CN", "cross_border": False, "collected": {"from": "2025-01-01", "to": "2025-03-31"},
        "retain_until": "2030-01-01", "purpose": ["pretraining"], "priority": 1, "revision": "1",
        "publish_fields": ["url"], "complaints": None, "copyright_notice": None, "lawful_basis": "consent",
        "annotated": False, "annotation": None,
    } | changes  # fmt: skip


def build(
    root: Path,
    sources: list[dict[str, Any]] | None = None,
    *,
    gates: list[dict[str, Any]] | None = None,
    part_gates: list[dict[str, Any]] | None = None,
    answers: dict[str, Any] | None = None,
    redacted: int = 0,
    probe: dict[str, Any] | None = None,
    dataset: dict[str, Any] | None = None,
) -> Release:
    """Write shards and manifests below `root` and return the view that exports take."""
    sources = sources if sources is not None else [source("wiki"), source("forum", licence="MIT")]
    manifests = [_part(root, s, part_gates or [], redacted) for s in sources]
    shards = [
        {"source": m["source"]["id"], "part": m["part"],
         "manifest_sha256": sha256_bytes(canonical.dumps(m))}
        | {k: m["shard"][k] for k in ("path", "sha256", "rows", "bytes")}
        for m in manifests
    ]  # fmt: skip
    told = probe or {"status": "pass", "share": 0.01, "upper95": 0.02, "max_share": 0.05, "n": 100,
                     "failures": 1, "judged_by": "screen rules"}  # fmt: skip
    manifest = release_manifest(
        dataset={"id": "demo", "version": "1.0.0", "title": {"zh": "示例", "en": "Demo"}, "purpose": "pretraining",
                 "as_of": "2026-01-02", "issuer": "", "contact": ""} | (dataset or {}),
        sources=[s | {"flow": m["flow"], "probe": told} for s, m in zip(sources, manifests, strict=True)],
        manifests=manifests,
        shards=shards,
        extra={"dup_sources": [], "probes": [told], "audit": _unread(), "previous": None,
               "parents": [],
               "ledger": None, "revocations": []},
        gates=gates if gates is not None else [gate("manual-audit", "not_run", None)],
        kept_root="e" * 64,
    )  # fmt: skip
    _write(root / "meta/manifest.json", canonical.dumps(manifest))
    return Release.of(root, manifest, manifests, answers)


def _unread() -> dict[str, Any]:
    ids = {"doc_id": [bytes([i]) * 32 for i in range(8)], "text_sha256": [b"\x0b" * 32] * 8}
    nothing = pl.DataFrame(schema=SCHEMA)
    return audit_facts(pl.DataFrame(ids), nothing, wanted=4000, seed=7, min_pass=0.96)


def _part(root: Path, origin: dict[str, Any], gates: list[dict[str, Any]], redacted: int) -> dict[str, Any]:
    name, urls = origin["id"], URLS if "url" in origin["publish_fields"] else [None] * len(URLS)
    texts = [f"{name} {i} 文本" for i in range(len(urls))]
    rows = {
        "doc_id": [hashlib.sha256(t.encode()).hexdigest() for t in texts], "source": [name] * len(texts),
        "kind": ["messages"] + ["text"] * (len(texts) - 1), "text": texts,
        "turns": [TURNS] + [None] * (len(texts) - 1),
        "lang": ["en"] * len(texts), "licence": [origin["licence"]] * len(texts), "ai_label": ["none"] * len(texts),
        "url": list(urls),
    }  # fmt: skip
    blank = [None] * len(texts)
    table = pa.table([pa.array(rows.get(f.name, blank), f.type) for f in SHARD], schema=SHARD)
    draft = root / "draft.parquet"
    root.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, draft)
    digest = sha256_file(draft)
    path = root / f"data/{name}/00000000-0000-{digest[:12]}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.rename(path)
    made = shard_manifest(
        source={k: v for k, v in origin.items() if k not in ("flow", "probe")},
        part="00000000-0000",
        shard={"path": path.relative_to(root).as_posix(), "bytes": path.stat().st_size, "rows": len(texts),
               "sha256": digest, "media_type": "application/vnd.apache.parquet"},
        inputs=[{"file": "a.jsonl", "sha256": "f" * 64}],
        facts=_facts(origin, texts, redacted),
        stages=STAGES,
        method={"threshold": 0.8},
        gates=gates,
        policy=POLICY,
        lineage={"path": f"lineage/{name}/00000000-0000.parquet", "sha256": "9" * 64, "rows": len(texts) + 3,
                 "kept_root": "1" * 64, "removed_root": "2" * 64},
    )  # fmt: skip
    _write(root / f"meta/shards/{name}/00000000-0000.json", canonical.dumps(made))
    return made


def _facts(origin: dict[str, Any], texts: list[str], redacted: int) -> dict[str, Any]:
    n = len(texts)
    return {
        "flow": {"in": n + 3, "kept": n - redacted, "redacted": redacted, "removed": 2, "quarantined": 1,
                 "unreadable": 0},
        "reasons": [{"stage": "screen", "reason": "prohibited-content", "disposition": "removed", "docs": 2},
                    {"stage": "pii", "reason": "pii-density", "disposition": "quarantined", "docs": 1}],
        "pii": [{"type": "EMAIL_ADDRESS", "found": 3, "docs": 2, "in_published": 1, "action": "redact",
                 "residual": 0}],
        "quality": {"rules": []}, "languages": [{"code": "en", "docs": n, "chars": 9 * n}],
        "licences": [{"spdx": origin["licence"], "docs": n}], "lengths": [{"upto": None, "docs": n}],
        "licence_unread": 0,
        "ai_labels": [{"verdict": "none", "docs": n}], "time_span": {"from": None, "to": None}, "chars": 9 * n,
        "tokens": {"tokenizer": "words-han@1", "n": 2 * n},
        "bytes": sum(len(t.encode()) for t in texts), "flags": [], "not_run": [],
        "dedup": {"exact_removed": 0, "near_removed": 0, "twins_removed": 0, "clusters": 0}, "screen": [],
        "fairness": part_facts(_people(origin, texts), jurisdiction=origin["jurisdiction"]),
    }  # fmt: skip


def _people(origin: dict[str, Any], texts: list[str]) -> pl.DataFrame:
    n = len(texts)
    columns = {"source": [origin["id"]] * n, "text": texts, "lang": ["en"] * n, "disposition": ["kept"] * n,
               "unfair": [False] * n, "date": [None] * n}  # fmt: skip
    return pl.DataFrame(columns, schema_overrides={"date": pl.String})


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
