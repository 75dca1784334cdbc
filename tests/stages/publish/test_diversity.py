"""Promises of stages/publish/diversity.py: evidence of discrimination is what a rule of the policy asks for."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from stages.decide.policy import load_policy
from stages.publish.diversity import fairness_facts

HITS = pl.List(
    pl.Struct(
        {"code": pl.String, "detector": pl.String, "level": pl.String, "score": pl.Float64, "n": pl.UInt32}
    )
)
RULE = "{id: words, on: screen, codes: ['A.2-*'], score: 0.6, action: flag, reason: prohibited-content}"
OTHER = "{id: harm, on: screen, codes: [A.1-d], score: 0.1, action: remove, reason: prohibited-content}"


def policy(folder: Path, *rules: str):
    path = folder / "probe.yaml"
    body = "".join(f"  - {rule}\n" for rule in rules)
    path.write_text(f"policy: probe\nversion: 1\ntitle: {{en: Probe}}\nrules:\n{body}", encoding="utf-8")
    return load_policy(path)


def tables(hits: list[list[dict]]) -> dict[str, pl.DataFrame]:
    n = len(hits)
    row = pl.int_range(n, dtype=pl.UInt32, eager=True).alias("row")
    return {
        "ingest": pl.DataFrame(
            [row, pl.Series("source", ["s"] * n), pl.Series("text", ["women"] * n),
             pl.Series("date", [None] * n, dtype=pl.String)]
        ),
        "quality": pl.DataFrame([row, pl.Series("lang", ["en"] * n)]),
        "screen": pl.DataFrame([row, pl.Series("hits", hits, dtype=HITS)]),
        "decide": pl.DataFrame([row, pl.Series("disposition", ["kept"] * n)]),
    }  # fmt: skip


def hit(code: str, score: float) -> dict:
    return {"code": code, "detector": "lexicon-x@1", "level": "flag", "score": score, "n": 1}


@pytest.mark.parametrize(
    ("found", "unfair"),
    [([hit("A.2-e", 0.6)], 1), ([hit("A.2-e", 0.59)], 0), ([hit("A.1-d", 0.9)], 0), ([], 0)],
)
def test_a_hit_counts_from_the_score_at_which_a_rule_fires(tmp_path, found, unfair) -> None:
    facts = fairness_facts(tables([found, []]), policy(tmp_path, RULE, OTHER), "CN")
    assert (facts["docs"], facts["unfair"], facts["evidence"]) == (2, unfair, ["words"])


def test_a_policy_that_reads_no_discrimination_measures_none(tmp_path) -> None:
    facts = fairness_facts(tables([[hit("A.2-e", 0.9)]]), policy(tmp_path, OTHER), "CN")
    assert (facts["unfair"], facts["evidence"]) == (0, [])
