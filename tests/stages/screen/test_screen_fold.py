"""Folding: disguises vanish, nothing else does."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.screen import fold


def folded(text: str) -> str:
    data, offsets = fold.utf8_parts(pl.Series([text]).to_arrow())
    out, ends = fold.fold(data, offsets)
    assert ends.tolist() == [0, len(out)]
    return out.tobytes().decode("utf-8", "surrogatepass").removesuffix("\n")


def test_disguises_fold_to_the_plain_term():
    plain = folded("赌博网站")
    for disguise in ("賭博網站", "赌 博 网 站", "赌\u200b博\u2060网站", "赌*博-网_站", "赌··博网站"):
        assert folded(disguise) == plain
    for disguise in ("CASINO", "ｃａｓｉｎｏ", "c a s i n o", "cas\u00adino", "c\u0430sin\u043e", "𝐜𝐚𝐬𝐢𝐧𝐨"):
        assert folded(disguise) == "casino"


def test_ordinary_spacing_between_words_and_sentences_stays():
    assert folded("Plan B is a good plan") == "plan b is a good plan"
    assert folded("see a, b and c") == "see a, b and c"
    assert folded("他说。 我去") == "他说。 我去"


@settings(deadline=None)
@given(
    st.lists(
        st.text(max_size=60).filter(lambda t: not any(0xD800 <= ord(c) <= 0xDFFF for c in t)), max_size=8
    )
)
def test_documents_fold_one_by_one_as_together(texts):
    data, offsets = fold.utf8_parts(pl.Series(texts, dtype=pl.String).to_arrow())
    out, ends = fold.fold(data, offsets)
    together = [out[a:b].tobytes() for a, b in itertools.pairwise(ends)]
    assert together == [(folded(text) + "\n").encode() for text in texts]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x2FFFF, exclude_categories=["Cs"]), max_size=80))
def test_folded_text_is_valid_and_never_longer(text):
    result = folded(text)
    assert len(result.encode()) <= len(text.encode())


def test_a_letter_folds_as_the_unicode_database_says():
    table = fold.table()
    for char in "ＡｂＺé①㎏ÀΩ":
        nfkc = unicodedata.normalize("NFKC", char)
        expected = nfkc.lower() if len(nfkc) == 1 else char
        assert chr(table[ord(char)]) == expected


def test_sliced_arrow_arrays_read_the_right_bytes():
    series = pl.Series(["first", "second", "third"])[1:]
    data, offsets = fold.utf8_parts(series.to_arrow())
    assert bytes(data[offsets[0] : offsets[1]]) == b"second"
    out, _ = fold.fold(data, np.asarray(offsets))
    assert out.tobytes() == b"second\nthird\n"
