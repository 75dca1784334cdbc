"""The stage as the runner calls it: row-aligned, once per text, independent of block borders."""

from __future__ import annotations

import hashlib
import json
import re

import polars as pl
import pytest

from lineage.records import SCREEN
from stages.screen import TAXONOMY, ScreenSettings, annotate, detectors, scan
from stages.screen.corpus_settings import CorpusSettings

SETTINGS = ScreenSettings()
TEXTS = [
    "新用户注册即送彩金,百家乐真人荷官在线,提现秒到账",
    "The committee published its annual report on the budget of the city.",
    None,
    "秘密★10年\n某发〔2031〕7号",
    "",
    "x",
    "新用户注册即送彩金,百家乐真人荷官在线,提现秒到账",
    "これはにほんごのぶんしょうです。ひらがなだけでかかれています。",
]


def documents(texts: list[str | None]) -> pl.DataFrame:
    digest = [hashlib.sha256(t.encode()).digest() if t is not None else None for t in texts]
    ids = [hashlib.sha256(str(k).encode()).digest() for k in range(len(texts))]
    return pl.DataFrame(
        {"row": range(len(texts)), "doc_id": ids, "text": texts, "text_sha256": digest},
        schema={"row": pl.UInt32, "doc_id": pl.Binary, "text": pl.String, "text_sha256": pl.Binary},
    )


def test_annotation_has_the_schema_and_rows_of_its_part():
    docs = documents(TEXTS)
    result = annotate(docs, SETTINGS)
    assert result["row"].to_list() == docs["row"].to_list()
    assert result["doc_id"].to_list() == docs["doc_id"].to_list()
    assert result.to_arrow().cast(SCREEN).schema == SCREEN
    assert result.null_count().row(0) == (0, 0, 0, 0)


def test_an_unreadable_record_gets_an_empty_annotation():
    row = annotate(documents(TEXTS), SETTINGS).row(2, named=True)
    assert row["hits"] == [] and row["not_run"] == []


def test_equal_texts_get_equal_evidence_and_hits_are_sorted():
    rows = annotate(documents(TEXTS), SETTINGS).to_dicts()
    assert rows[0]["hits"] == rows[6]["hits"] != []
    for row in rows:
        keys = [(h["code"], h["detector"], h["level"]) for h in row["hits"]]
        assert keys == sorted(set(keys))
        assert all(0 < h["score"] <= 1 and h["score"] == round(h["score"], 4) for h in row["hits"])


def test_what_no_detector_can_judge_says_not_run():
    rows = annotate(documents(TEXTS), SETTINGS).to_dicts()
    assert rows[0]["not_run"] == []
    assert any(name.startswith("discrimination-zh") for name in rows[5]["not_run"])
    assert any(name.startswith("lexicon-") for name in rows[7]["not_run"])


def test_a_part_without_documents_is_no_error():
    assert annotate(documents([]), SETTINGS).height == 0
    assert annotate(documents([None]), SETTINGS).height == 1


def test_block_borders_change_nothing():
    texts = [t for t in TEXTS if t is not None] * 5
    small = SETTINGS.model_copy(update={"block_mb": 0.0001})
    assert scan(texts, small).equals(scan(texts, SETTINGS))


def test_a_long_document_is_judged_by_its_worst_window():
    filler = "今天天气很好,我们全家去公园散步,孩子们都很高兴。" * 4000
    hot = "女人天生低等,都是废物,根本不配出来工作,滚回家去吧,恶心的女拳"
    found = scan([filler, filler + hot * 16 + filler], SETTINGS).filter(code="discrimination", level="flag")
    assert found["text"].unique().to_list() == [1]


def test_no_text_and_no_position_is_in_the_result():
    columns = set(scan(["sarin"], SETTINGS).columns)
    assert columns == {"text", "code", "detector", "level", "score", "n"}


def test_detectors_name_what_runs_and_what_waits_for_an_operator():
    rows = detectors(SETTINGS)
    assert json.loads(json.dumps(rows)) == rows
    waiting = {row["codes"][0]: row["not_run"] for row in rows if row["detector"] is None}
    assert set(waiting) == {risk.code for risk in TAXONOMY.annex() if risk.detector == "operator"}
    assert set(waiting.values()) == {"no detector supplied"}
    for row in rows:
        if row["detector"]:
            assert re.fullmatch(r"[a-z0-9-]+@\d+", row["detector"]) and re.fullmatch(
                r"[0-9a-f]{64}", row["sha256"]
            )


def test_every_reported_detector_and_code_is_declared():
    rows = detectors(SETTINGS)
    declared = {(row["detector"], code) for row in rows for code in row["codes"]}
    found = scan([t for t in TEXTS if t], SETTINGS)
    assert found.height > 0
    assert set(found.select("detector", "code").rows()) <= declared


def test_the_taxonomy_holds_the_31_risks_in_five_families():
    assert len(TAXONOMY.annex()) == 31 and len(TAXONOMY.families) == 5
    assert [sum(r.family == f.code for r in TAXONOMY.annex()) for f in TAXONOMY.families] == [8, 9, 5, 7, 2]
    assert TAXONOMY["A.1-d"].detector == "shipped" and TAXONOMY["A.1-a"].detector == "operator"


@pytest.mark.parametrize("switch", ["secrecy", "cbrn", "poisoning"])
def test_each_switch_removes_its_detectors(switch):
    prefix = {"secrecy": "secrecy-", "cbrn": "cbrn-", "poisoning": "poison-"}[switch]
    quiet = SETTINGS.model_copy(update={"corpus": CorpusSettings(bursts=False)})  # it has switches of its own
    rows = detectors(quiet.model_copy(update={switch: False}))
    names = [row["detector"] or "" for row in rows if not row.get("not_run")]
    assert any((row["detector"] or "").startswith(prefix) for row in detectors(quiet))
    assert not any(name.startswith(prefix) for name in names)
