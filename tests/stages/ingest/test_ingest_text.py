"""Encodings and normalisation are recorded; AI-content labels are read before anything is taken off."""

from __future__ import annotations

import json

import pytest
from ingest_helpers import read_all

from stages.ingest.labels import credit_code_valid, explicit_notice

ZH = "河边的芦苇在秋天变成白色,村里的人把它割下来编成席子,冬天铺在屋里。" * 3
ZHT = "河邊的蘆葦在秋天變成白色,村裡的人把它割下來編成蓆子,冬天鋪在屋裡。" * 3


@pytest.mark.parametrize(
    ("text", "codec", "noted"),
    [
        (ZH, "utf-8", []),
        (ZH, "utf-8-sig", ["bom-removed"]),
        (ZH, "utf-16", ["decoded:utf-16"]),
        (ZH, "gb18030", ["decoded:gb18030"]),
        (ZH, "gbk", ["decoded:gb18030"]),
        (ZHT, "big5hkscs", ["decoded:big5"]),
        ("The café by the river sold crème brûlée. " * 9, "cp1252", ["decoded:windows-1252"]),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_each_encoding_gives_the_text_and_says_so(put, tmp_path, text, codec, noted, name):
    line = {
        "a.txt": text,
        "a.csv": f'text,n\n"{text}",1\n',
        "a.jsonl": json.dumps({"text": text}, ensure_ascii=False),
    }
    put(name, line[name].encode(codec))
    (row,) = read_all(tmp_path)
    assert (row["text"], row["transforms"]) == (text, noted)


def test_an_encoding_that_is_not_accepted_is_bad_encoding(put, tmp_path):
    put("a.txt", ZH.encode("gb18030"))
    put("b.txt", bytes(range(128, 256)) * 9)
    assert [row["error"] for row in read_all(tmp_path, encodings=("utf-8",))] == ["bad-encoding"] * 2


def test_normalisation_and_newlines_are_recorded_and_can_be_turned_off(put, tmp_path):
    put("a.txt", "cafe\u0301\r\nline".encode())
    assert (read_all(tmp_path)[0]["text"], read_all(tmp_path)[0]["transforms"]) == (
        "caf\u00e9\nline",
        ["newlines", "nfc"],
    )
    assert read_all(tmp_path, normalise="none", newlines=False)[0]["text"] == "cafe\u0301\r\nline"


@pytest.mark.parametrize(
    ("level", "verdict"), [("1", "labelled-1"), ("3", "labelled-3"), ("AIGC", "label-malformed")]
)
def test_a_label_in_front_matter_outlives_the_front_matter(put, tmp_path, level, verdict):
    put("a.md", f'---\ntitle: T\nAIGC:\n  Label: "{level}"\n  ProduceID: "x"\n---\nBody.\n'.encode())
    (row,) = read_all(tmp_path)
    assert (row["ai_label"], row["text"], row["title"]) == (verdict, "Body.\n", "T")
    assert json.loads(row["ai_label_json"])["label"]["Label"] == level
    assert read_all(tmp_path, ai_labels=False)[0]["ai_label"] is None


def test_a_label_in_a_page_is_read_before_its_main_text(put, tmp_path):
    words = (
        "The reeds by the river turn white in autumn, and people weave them into mats for the winter. " * 3
    )
    page = f"""<html><head><title>Mats</title><meta name="AIGC" content='{{"Label": "2"}}'>
    <meta name="robots" content="noai"></head><body><nav><a href="/">Home</a></nav><p>{words}</p></body></html>"""
    put("a.html", page.encode())
    (row,) = read_all(tmp_path)
    assert (row["ai_label"], row["title"], row["text"]) == ("labelled-2", "Mats", words.strip())
    assert json.loads(row["meta"])["opt_out"] == ["noai"]


def test_notices_are_told_from_texts_about_the_subject():
    assert explicit_notice("本文由人工智能生成。" + ZH)
    assert explicit_notice(ZH + "(AI生成)")
    assert not explicit_notice("人工智能是一门学科。" + ZH)


def test_the_credit_code_check_refuses_a_changed_digit():
    assert credit_code_valid("91990000HALLMARK0N")
    assert not credit_code_valid("91990000HALLMARK1N")
