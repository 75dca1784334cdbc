"""The fast pass over texts passes no text that somebody has a say on."""

from __future__ import annotations

from unicodedata import combining, is_normalized

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.ingest.labels import explicit_notice
from stages.ingest.settings import IngestSettings
from stages.ingest.text_marks import COMPOSES, marks_of
from stages.ingest.text_scan import _tables, scan_texts

LETTERS = st.text(
    st.sampled_from("ab\r\n AIGCaigc生成合成é\u0301\u3099か각\u1100\u1161，。’\u2000Ω\U0001f600河")
)


def found(texts: list[str], **changes: object) -> tuple[list[bool], list[int]]:
    care, chars = scan_texts(pa.array(texts, pa.large_string()), None, IngestSettings(**changes))
    return care.tolist(), chars.tolist()


def test_every_character_that_nfc_may_change_is_marked_wherever_it_stands():
    every = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    for before, after in (("x", "yz"), ("", ""), ("河", "河")):
        data = [f"{before}{letter}{after}".encode() for letter in every]
        borders = np.concatenate(([0], np.cumsum([len(item) for item in data])))
        kinds, chars = marks_of(np.frombuffer(b"".join(data), np.uint8), borders, 8)
        wanted = [bool(_tables()[1][ord(letter)] & 2) for letter in every]
        missed = [
            c for c, want, kind in zip(every, wanted, kinds, strict=True) if want and not kind & COMPOSES
        ]
        assert missed == []
        assert set(chars.tolist()) == {1 + len(before) + len(after)}
    composing = {c for c, want in zip(every, wanted, strict=True) if want}
    assert {c for c in every if combining(c) or not is_normalized("NFC", c)} <= composing


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(LETTERS, min_size=1, max_size=5))
def test_a_text_that_is_passed_is_as_it_should_be(texts):
    care, chars = found(texts)
    assert chars == [len(text) for text in texts]
    for text, careful in zip(texts, care, strict=True):
        if not careful:
            assert text.strip() and "\r" not in text and is_normalized("NFC", text)
            assert "AIGC" not in text and not explicit_notice(text)


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["本文由人工智能生成。", "AI-generated", "河边的芦苇" * 30, "reeds " * 40, "AIGC"])
    )
)
def test_no_notice_at_head_or_tail_is_passed(parts):
    text = "".join(parts) or "x"
    assert found([text])[0][0] or not (explicit_notice(text) or "AIGC" in text)


def test_plain_texts_of_both_languages_are_passed():
    plain = [
        "河边的芦苇，在秋天变白。",
        "The reeds’ colour — white “as snow”.",
        "カタカナとひらがな",
        "각하",
        "naïve café",
    ]
    assert found(plain)[0] == [False] * 5
    assert found(["a\r\nb", "cafe\u0301"], newlines=False, normalise="none")[0] == [False, False]
