"""N5 through the whole pipeline: a classifier that cleaned nothing reads all that is published."""

from __future__ import annotations

import random

import decision_house as kit
import polars as pl
import pytest

from stages.publish.technical import rogan_gladen

HANS = "桥河灯船茶山路雨雪木石花草鸟鱼马车门窗书笔纸墨田米麦豆果盐糖布线针钟鼓琴棋画诗"
SET = "discrimination-zh@1"
ACTING = '[discrimination], detectors: ["discrimination-zh@*"], score: 0.97, action: '
LIVE = ("kept", "redacted")


def chinese(seed: int) -> str:
    """Return plain sentences that no other seed gives."""
    dice = random.Random(seed)
    rows = ["".join(dice.sample(HANS, 3)) + "旁边的人把" + "".join(dice.sample(HANS, 4)) for _ in range(9)]
    return "，".join(f"{r}放在{dice.choice('上下左右前后')}面" for r in rows) + "。"


def audited(house, score: float, threshold: float):
    kit.edit_policy(
        house,
        (ACTING + "quarantine", ACTING + "flag"),
        ("probe:\n", f"n5: {{detectors: [{SET}], score: {score}}}\n\nprobe:\n"),
        ("technical-audit-pass-rate, threshold: 0.98, grades: [certified]",
         f"technical-audit-pass-rate, threshold: {threshold}, grades: [certified]"),
    )  # fmt: skip
    kit.fill(
        house,
        {"zh": ["机密★5年\n" + chinese(99), *(chinese(n) for n in range(30))]},
    )
    return kit.run(house)


def recount(project, score: float) -> tuple[int, int]:
    """Return published documents, and those with a hit of the set at the score, from the tables themselves."""
    both = kit.table(project, "decide", ["doc_id", "disposition"]).join(
        kit.table(project, "screen", ["doc_id", "hits"]), on="doc_id"
    )
    live = both.filter(pl.col("disposition").is_in(LIVE))
    hits = (
        live.explode("hits")
        .unnest("hits", separator="_")
        .filter((pl.col("hits_detector") == SET) & (pl.col("hits_score") >= score))
    )
    return live.height, hits["doc_id"].n_unique()


def test_the_gate_passes_on_what_the_set_read_and_stands_beside_its_recall(house):
    kit.edit_policy(house, ("max_share: 0.05", "max_share: 0.5"))
    project = audited(house, 0.97, 0.9)
    told = kit.manifest(house / "release")
    found, (live, flagged) = told["technical"], recount(project, 0.97)
    assert live == 30 and (found["read"], found["not_read"], found["flagged"]) == (live, 0, flagged)
    assert found["detectors"] == [SET] and found["share_read"] == 1.0  # a census; 10 % is asked
    assert found["pass_rate"] == pytest.approx(1 - flagged / live, abs=1e-4)
    recall, alarms, share = found["recall"], found["fpr"], found["corrected"]["share"]
    assert 0 < recall[1] <= recall[0] <= recall[2] <= 1
    assert share == rogan_gladen(flagged / live, recall[0], alarms[0])
    gate = next(g for g in told["gates"] if g["id"] == "technical-audit")
    assert (gate["status"], gate["measured"]) == ("pass", found["pass_rate"])
    assert gate["interval95"] == found["interval95"] and gate["interval95"][0] <= gate["measured"]


def test_a_set_that_cleaned_the_corpus_audits_nothing(house):
    kit.edit_policy(
        house,
        ("max_share: 0.05", "max_share: 0.5"),
        ("probe:\n", f"n5: {{detectors: [{SET}], score: 0.97}}\n\nprobe:\n"),
    )
    kit.fill(house, {"zh": [chinese(1), chinese(2)]})
    kit.run(house)
    told = kit.manifest(house / "release")
    assert told["technical"] is None
    assert next(g for g in told["gates"] if g["id"] == "technical-audit")["status"] == "not_run"
