"""Makes the fairness facts and the audit of a manifest with the project's own functions, from invented documents."""

from __future__ import annotations

from typing import Any

import polars as pl

from stages.publish.audit import audit_facts
from stages.publish.technical import release_facts as release_technical
from stages.screen.fairness import part_facts
from stages.screen.fairness import release_facts as release

TEXTS = ("藏族与汉族的乡村教师", "farmers and teachers of the valley", "老年人与儿童", "women and men")
__all__ = ["audit", "part", "release", "technical", "technical_part", "unread_audit"]


def part(seed: int, rows: int) -> dict[str, Any]:
    """Return the fairness facts of a part; odd seeds have rules that look for discrimination."""
    n = max(4, min(rows, 40 + seed))
    frame = pl.DataFrame(
        {
            "source": [f"source-{seed % 2}"] * n,
            "text": [TEXTS[(i + seed) % 4] for i in range(n)],
            "lang": [("zh", "en", "zh", "en")[(i + seed) % 4] for i in range(n)],
            "disposition": ["removed" if i % 7 == 3 else "kept" for i in range(n)],
            "unfair": [i % 11 == 2 for i in range(n)],
            "date": [None if i % 9 == 5 else f"{2009 + i % 6}-03-01" for i in range(n)],
        },
        schema_overrides={"date": pl.String},
    )
    return part_facts(frame, jurisdiction="CN", evidence=["hate-flag"] if seed % 2 else [])


def _draws(n: int) -> pl.DataFrame:
    ids = [i.to_bytes(32, "big") for i in range(n)]
    return pl.DataFrame({"doc_id": ids, "text_sha256": ids, "stratum": ["s"] * n, "rank": range(n)})


def audit() -> dict[str, Any]:
    """Return an audit with failures, two readers, and an earlier draw."""
    facts = _facts(300)
    facts |= {
        "labelled": 290,
        "passed": 287,
        "failures": 3,
        "open": 10,
        "pass_rate": 0.9897,
        "interval95": [0.9701, 0.9979],
    }
    facts["frame"] = {"docs": 41_207, "sha256": "ba" * 32}
    facts["weighted_rate"] = 0.9893
    facts["strata"] = [
        {"source": "notes", "docs": 41_000, "drawn": 298, "labelled": 288, "failures": 3},
        {"source": "small-set", "docs": 207, "drawn": 2, "labelled": 2, "failures": 0},
    ]
    facts["codes"] = [{"code": "A.2-e", "docs": 2}, {"code": "unstated", "docs": 1}]
    facts["agreement"] = {"items": 100, "share": 0.3333, "alike": 0.97, "kappa": 0.6512}
    facts["papers"] = {
        "people_sha256": "cd" * 32,
        "rulebook_sha256": "ef" * 32,
        "headings_missing": [],
        "risks_named": 31,
    }
    facts["earlier"] = [{"sample": "7-aabbccddeeff", "labelled": 200, "failures": 9, "pass_rate": 0.955}]
    return facts


def unread_audit() -> dict[str, Any]:
    """Return an audit of which nothing was read, too small for a bound."""
    return _facts(20)


def technical(parts: int, *, measured: bool = True) -> dict[str, Any]:
    """Return a technical audit over equal parts, with or without evidence on the detectors' own errors."""
    part = technical_part()
    figures = [
        {"code": "A.2-e", "recall": [0.62, 0.57, 0.66], "fpr": [0.01, 0.005, 0.02], "status": "measured"}
    ]
    evidence = {"figures": figures} if measured else None
    stages = [{"stage": "screen", "detectors": [{"detector": part["detectors"][0], "evidence": evidence}]}]
    return release_technical([part] * parts, stages)


def technical_part() -> dict[str, Any]:
    """Return what an independent set found in one part."""
    return {"detectors": ["second-look@1"], "score": 0.8, "read": 812, "not_read": 31, "flagged": 19}


def _facts(n: int) -> dict[str, Any]:
    from stages.decide.reviews import SCHEMA

    lines = pl.DataFrame(schema=SCHEMA)
    return audit_facts(_draws(n), lines, wanted=4000, seed=7, min_pass=0.96, sample="7-0011223344ff")
