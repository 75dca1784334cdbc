"""Builds shard and release manifests whose books close, from a seed; shaped as docs/architecture.md says."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import fair_facts

REASONS = (
    ("ingest", "bad-json", "unreadable"),
    ("ingest", "empty-text", "unreadable"),
    ("quality", "low-quality", "removed"),
    ("dedup", "exact-duplicate", "removed"),
    ("dedup", "near-duplicate", "removed"),
    ("pii", "pii-redacted", "redacted"),
    ("pii", "pii-density", "quarantined"),
    ("screen", "prohibited-content", "removed"),
    ("screen", "secrecy-marking", "quarantined"),
    ("screen", "cbrn-context", "quarantined"),
)
CODES = ("A.1-a", "A.1-d", "A.1-f", "A.2-e", "A.3-c", "cbrn-chemical", "secrecy-state", "poison-hidden-text")


def sha(*words: Any) -> str:
    """Return a digest that looks like one, from words."""
    return hashlib.sha256("/".join(map(str, words)).encode()).hexdigest()


def shard(
    seed: int = 1, source: str = "wiki-zh", *, docs: int = 12_345, empty: bool = False
) -> dict[str, Any]:
    """Return a shard manifest; `empty` makes one of which nothing was kept."""
    r = random.Random(seed)
    part = f"{sha(source, seed)[:8]}-{seed % 10:04d}"
    reasons = [
        {"stage": s, "reason": w, "disposition": d, "docs": r.randrange(docs // 300 + 1, docs // 20 + 3)}
        for s, w, d in REASONS
    ]
    if empty:
        left = docs - sum(x["docs"] for x in reasons if x["disposition"] != "redacted")
        reasons = [x for x in reasons if x["disposition"] != "redacted"]
        reasons[3]["docs"] += left
    flow = {
        d: sum(x["docs"] for x in reasons if x["disposition"] == d)
        for d in ("redacted", "removed", "quarantined", "unreadable")
    }
    flow = {"in": docs, "kept": docs - sum(flow.values()), **flow}
    rows = flow["kept"] + flow["redacted"]
    path = f"data/{source}/{part}-{sha(part)[:12]}.parquet"
    return {
        "schema": "urn:hallmark:shard-manifest:1",
        "source": _source(source, seed),
        "part": part,
        "unit": "document",
        "shard": {
            "path": path,
            "bytes": rows * 1789,
            "rows": rows,
            "sha256": sha(part),
            "media_type": "application/vnd.apache.parquet",
        }
        if rows
        else None,
        "inputs": [
            {"file": f"dump/{i:03d}.jsonl.gz", "sha256": sha(part, i), "bytes": 1_048_577 * (i + 1)}
            for i in range(3)
        ],
        "flow": flow,
        "reasons": reasons,
        "stages": [_stage(name) for name in ("ingest", "quality", "dedup", "pii", "screen")],
        "dedup": {
            "method": {"name": "minhash", "permutations": 128, "jaccard": 0.8},
            "exact_removed": reasons[3]["docs"],
            "near_removed": 77 + seed,
            "clusters": 41,
        },
        "pii": [
            {"type": t, "action": "redact", "found": n * seed, "docs": n, "residual": round(n / 37, 4)}
            for t, n in (("CN_RESIDENT_ID", 12), ("CN_MOBILE", 340), ("EMAIL_ADDRESS", 1205))
        ],
        "screen": [_screen(code, i, r) for i, code in enumerate(CODES)],
        "quality": {"rules": [{"rule": "repeated-lines", "docs": 120}, {"rule": "symbol-ratio", "docs": 61}]},
        "languages": _split(rows, "code", ("zh-Hans", "en", "lzh", "und"), r, chars=True),
        "licences": _split(rows, "spdx", ("CC-BY-SA-4.0", "CC0-1.0"), r),
        "lengths": _split(rows, "upto", (100, 1000, 10_000, 100_000), r),
        "ai_labels": _split(rows, "verdict", ("none", "labelled-2", "explicit-only"), r),
        "time_span": {"from": "2009-03-01", "to": "2026-08-31"},
        "tokens": {"tokenizer": "words@1", "n": rows * 311},
        "fairness": fair_facts.part(seed, rows),
        "gates": _gates(),
        "not_checked": [
            {
                "what_zh": "政治类风险代码",
                "what_en": "Risk codes of political speech",
                "why": "no-detector-supplied",
            },
            {"what_zh": "图片", "what_en": "Images", "why": "text-only"},
            *(
                {
                    "what_zh": f"检测器 lexicon-{i} 的召回率",
                    "what_en": f"Recall of lexicon-{i}",
                    "why": "not_measured",
                }
                for i in range(30)
            ),
        ],
        "policy": {"id": "gb45654", "version": "1.2", "sha256": sha("policy")},
        "lineage": {
            "path": f"lineage/{source}/{part}.parquet",
            "sha256": sha("lin", part),
            "rows": docs,
            "kept_root": sha("kept", part),
            "removed_root": sha("gone", part),
        },
        "known_limits": {
            "zh": ["短文本的语言识别不可靠。"],
            "en": ["Language identification is weak on short texts."],
        },
    }


def release(shards: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return the release manifest that sums shard manifests."""
    shards = shards if shards is not None else [shard(1), shard(2), shard(3, "law-en", docs=4_000)]
    first = shards[0]
    names = sorted({s["source"]["id"] for s in shards})
    flow = {key: sum(s["flow"][key] for s in shards) for key in first["flow"]}
    reasons = [
        {
            "stage": st,
            "reason": w,
            "disposition": d,
            "docs": sum(x["docs"] for s in shards for x in s["reasons"] if x["reason"] == w),
        }
        for st, w, d in REASONS
    ]
    sources = []
    for name in names:
        mine = [s for s in shards if s["source"]["id"] == name]
        sources.append({**mine[0]["source"], "flow": {k: sum(s["flow"][k] for s in mine) for k in flow}})
    kept = [s for s in shards if s["shard"]]
    return {
        **{k: first[k] for k in ("unit", "stages", "screen", "quality", "time_span", "gates", "not_checked")},
        **{
            k: first[k]
            for k in ("policy", "known_limits", "pii", "languages", "licences", "lengths", "ai_labels")
        },
        "schema": "urn:hallmark:release-manifest:1",
        "dataset": {
            "id": "demo",
            "title": {"zh": "示例语料", "en": "Demo corpus"},
            "purpose": "pretraining",
            "as_of": "2026-11-01",
            "version": "1.0.0",
        },
        "flow": flow,
        "reasons": reasons,
        "sources": sources,
        "dedup": {**first["dedup"], "clusters": 99},
        "tokens": {"tokenizer": "words@1", "n": sum(s["tokens"]["n"] for s in shards)},
        "fairness": fair_facts.release([s["fairness"] for s in shards]),
        "shards": [
            {
                "source": s["source"]["id"],
                "part": s["part"],
                "path": s["shard"]["path"],
                "sha256": s["shard"]["sha256"],
                "rows": s["shard"]["rows"],
                "manifest_sha256": sha("m", s["part"]),
            }
            for s in kept
        ],
        "dup_sources": [
            {"a": names[0], "b": names[-1], "pairs": 412},
            {"a": names[0], "b": names[0], "pairs": 97},
        ],
        "grade_allowed": "screened",
        "merkle": {"kept_root": sha("kept"), "shard_root": sha("shards")},
        "previous": None,
    }


def _source(source: str, seed: int) -> dict[str, Any]:
    return {
        "id": source,
        "title": f"Source {source}",
        "class": "open-licence",
        "licence": "CC-BY-SA-4.0",
        "jurisdiction": "CN",
        "storage_region": "CN",
        "purpose": "pretraining",
        "collected": "2026-09",
        "evidence": [{"kind": "licence-text", "sha256": sha("licence", source)}],
    }


def _stage(name: str) -> dict[str, Any]:
    detectors = [
        {
            "detector": f"{name}-check@1",
            "sha256": sha(name),
            "codes": [],
            "languages": ["zh"],
            "evidence": None,
        }
    ]
    return {
        "stage": name,
        "code_sha256": sha("code", name),
        "params": {"threshold": 0.8, "min_chars": 20},
        "detectors": detectors,
    }


def _screen(code: str, i: int, r: random.Random) -> dict[str, Any]:
    if code == "A.1-a":
        return {
            "code": code,
            "detector": "operator-lexicon@0",
            "docs": 0,
            "kept": 0,
            "removed": 0,
            "quarantined": 0,
            "status": "not_run",
            "evidence": None,
        }
    kept, removed, held = r.randrange(40), r.randrange(60), r.randrange(9)
    evidence = {"n": 1000, "recall": 0.9123, "precision": 0.8801, "recall_ci95": [0.8912, 0.9301]}
    return {
        "code": code,
        "detector": f"lexicon-{i}@2",
        "docs": kept + removed + held,
        "kept": kept,
        "removed": removed,
        "quarantined": held,
        "status": "pass",
        "evidence": evidence if i % 2 else None,
    }


def _gates() -> list[dict[str, Any]]:
    return [
        {"id": "books", "status": "pass", "measured": 0, "threshold": 0, "clause": "law-1", "verified": True},
        {
            "id": "N4",
            "status": "not_run",
            "measured": None,
            "threshold": 0.96,
            "clause": "GB/T 45654-2025 9.2",
            "verified": False,
        },
        {
            "id": "N5",
            "status": "pass",
            "measured": 0.9912,
            "threshold": 0.98,
            "clause": "GB/T 45654-2025 9.2",
            "verified": False,
        },
        {
            "id": "licences-known",
            "status": "pass",
            "measured": 1.0,
            "threshold": 1.0,
            "clause": "GB/T 45654-2025 5.1",
            "verified": True,
        },
    ]


def _split(
    rows: int, key: str, names: tuple[Any, ...], r: random.Random, *, chars: bool = False
) -> list[dict]:
    cuts = sorted(r.randrange(rows + 1) for _ in names[1:])
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, rows], strict=True)]
    return [
        {key: n, "docs": d, **({"chars": d * 812} if chars else {})}
        for n, d in zip(names, sizes, strict=True)
    ]


def long_release() -> dict[str, Any]:
    """Return a release with more shards, licences and reasons than a sheet prints."""
    manifest = release([shard(i, f"s-{i % 7}", docs=5_000 + i) for i in range(1, 260)])
    manifest["licences"] = [{"spdx": f"LicenseRef-{i}", "docs": 1 + i % 17} for i in range(333)]
    return manifest


def fixed_words() -> list[dict[str, str]]:
    """Return every phrase, name and question of the sheets' catalogue."""
    from lineage.reasons import REASONS
    from lineage.sheets.reader import catalogue

    words = [*catalogue("messages").values(), *catalogue("questions").values()]
    words += [entry for group in catalogue("names").values() for entry in group.values()]
    return words + [{"zh": r.zh, "en": r.en} for r in REASONS]


def coded_words(lang: str) -> set[str]:
    """Return the catalogue's names followed by their codes, as a sheet prints them."""
    from lineage.sheets.reader import catalogue

    return {f"{e[lang]} ({code})" for group in catalogue("names").values() for code, e in group.items()}


def odd_manifests() -> list[dict[str, Any]]:
    """Return manifests in rare states: open books, probes and audit, other grades, bare, nothing kept."""
    open_books, probed, withheld = shard(8), release(), release()
    open_books["flow"]["kept"] += 1
    open_books["gates"] = [{**open_books["gates"][0], "grades": ["screened", "certified"]}]
    probed["probes"] = [
        {
            "source": "wiki-zh",
            "n": 400,
            "failures": 3,
            "share": 0.0075,
            "upper95": 0.0193,
            "max_share": 0.05,
            "status": "pass",
            "judged_by": "screen rules",
        }
    ]
    probed["audit"] = fair_facts.audit()
    probed["technical"] = fair_facts.technical(3)
    probed["flags"] = [{"rule": "cbrn-mention", "docs": 12}]
    probed["previous"] = {"version": "0.9.0", "sha256": sha("previous")}
    probed["pii"] = [{**row, "in_published": 5} for row in probed["pii"]]
    probed["screen"] = [{**row, "level": "flag"} for row in probed["screen"]]
    metrics = {
        "recall": [0.8885, 0.8707, 0.9041],
        "precision": [0.7988, 0.7779, 0.8182],
        "fpr": [0.04, 0.0354, 0.0441],
    }
    cards = {"A.2-e": {**metrics, "positives": 1363, "threshold": 0.5, "status": "measured"}}
    evidence = {"path": "meta/evidence/x.json", "test": cards}
    probed["screen"] = [{**r, "evidence": evidence} if r["code"] == "A.2-e" else r for r in probed["screen"]]
    screen = probed["stages"][-1]
    detector = {**screen["detectors"][0], "codes": ["A.2-e"], "evidence": evidence}
    listed = {"path": "meta/evidence/z.json", "figures": [
        {"code": "A.2-e", "language": "zh", "level": "flag", "set": "held/apart", "standing": "held-out",
         "recall": [0.6185, 0.5707, 0.6541], "precision": None, "fpr": None, "positives": 77, "threshold": 0.97,
         "status": "measured"},
    ]}  # fmt: skip
    third = {**detector, "detector": "z@1", "evidence": listed}
    flat = {**detector, "detector": "y@1", "evidence": {"recall": {"value": 0.75, "interval": [0.7, 0.8]}}}
    probed["stages"] = [*probed["stages"][:-1], {**screen, "detectors": [detector, flat, third]}]
    probed["chars"], probed["bytes"] = 123_456_789, 234_567_890
    probed["gates"][1].update(
        zh="人工抽检合格率", en="Pass rate of the human audit", better="more", grades=["certified"]
    )
    withheld["audit"], withheld["technical"] = fair_facts.unread_audit(), None
    probed["sources"][0]["annotation"] = {"batches": 4, "uninspected": 1, "open": 2, "stored": "apart"}
    open_books["source"]["annotation"] = {"batches": 4, "uninspected": 0, "open": 0, "stored": None}
    open_books["technical"] = fair_facts.technical_part()
    withheld["grade_allowed"], withheld["gates"][0]["status"] = "withheld", "fail"
    certified, strange, bare = release(), release(), shard(9)
    certified["technical"] = fair_facts.technical(3, measured=False)
    certified["grade_allowed"], strange["grade_allowed"] = "certified", "hallowed"
    bare.update(
        gates=[{"id": "books", "status": "pass", "measured": 0, "threshold": 0}], not_checked=[], inputs=[]
    )
    return [open_books, probed, withheld, certified, strange, bare, shard(5, empty=True)]
