"""Text read in a wrong encoding is repaired only where asked, only without loss, and says what it was."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_helpers import read_all

from stages.ingest.mojibake import repair_of

ZH = "河边的芦苇在秋天变成白色，村里的人把它割下来编成席子。"
ZHT = "河邊的蘆葦在秋天變成白色，村裡的人把它割下來編成蓆子。"
WEST = "The café by the river — “crème brûlée”, naïve and déjà vu."


def sloppy(data: bytes) -> str:
    """Read bytes as browsers read Windows-1252: undefined ones become controls."""
    return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in data)


CASES = [
    (ZH, ZH.encode().decode("latin-1"), "utf-8-read-as-latin-1"),
    (ZH, sloppy(ZH.encode()), "utf-8-read-as-cp1252"),
    (WEST, WEST.encode().decode("latin-1"), "utf-8-read-as-latin-1"),
    (WEST, sloppy(WEST.encode()), "utf-8-read-as-cp1252"),
    (ZH, ZH.encode("gb18030").decode("latin-1"), "gb18030-read-as-latin-1"),
    (ZHT, ZHT.encode("big5hkscs").decode("latin-1"), "big5hkscs-read-as-latin-1"),
    ("芦苇席子" * 4, ("芦苇席子" * 4).encode().decode("gb18030"), "utf-8-read-as-gb18030"),
]


@pytest.mark.parametrize(("meant", "stored", "name"), CASES)
def test_a_misread_text_is_repaired_where_asked_and_says_what_it_was(put, tmp_path, meant, stored, name):
    put("a.jsonl", json.dumps({"text": stored}).encode() + b"\n")
    (as_is,) = read_all(tmp_path)
    (repaired,) = read_all(tmp_path, repair="mojibake", newlines=False, normalise="none")
    assert as_is["text"].split()[0][:3] == stored.split()[0][:3] and as_is["transforms"] in ([], ["newlines"])
    assert repaired["text"] == meant
    assert repaired["transforms"] == [f"repaired:{name}:{sha256(stored.encode()).hexdigest()}"]
    assert repaired["raw_sha256"] == as_is["raw_sha256"]


def test_the_turns_of_a_chat_are_repaired_with_their_text(put, tmp_path):
    turns = [
        {"role": "user", "content": ZH.encode().decode("latin-1")},
        {"role": "assistant", "content": "OK"},
    ]
    put("a.jsonl", json.dumps({"messages": turns}).encode() + b"\n")
    (row,) = read_all(tmp_path, repair="mojibake")
    assert [turn["content"] for turn in row["turns"]] == [ZH, "OK"]
    assert row["text"] == f"{ZH}\n\nOK"


@pytest.mark.parametrize(
    "text", [ZH, ZHT, WEST, "Ærøskøbing på Ærø", "ÀÁÂÃ ÄÅ", "日本語の文章です", "Привет, мир", "£ 5", "Â"]
)
def test_good_text_is_left_alone(text):
    assert repair_of(text) is None


def test_what_cannot_be_turned_back_without_loss_is_left_alone():
    assert repair_of(ZH.encode().decode("latin-1") + "好") is None
    assert repair_of(ZH.encode().decode("gb18030", "replace")) is None


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=40))
def test_no_chinese_text_is_taken_for_a_misread_one(text):
    repair = repair_of(text)
    assert repair is None or repair.apply(text).encode(repair.was).decode(repair.read_as) == text
