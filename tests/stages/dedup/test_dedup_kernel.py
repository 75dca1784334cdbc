"""Signatures against datasketch, hashes against xxhash, folding against unicodedata."""

from __future__ import annotations

import unicodedata

import dedup_reference as reference
import numpy as np
import polars as pl
import pytest
import xxhash
from datasketch import MinHash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.dedup import DedupSettings, sign
from stages.dedup.hashing import xxh32
from stages.dedup.scripts import uncomposed
from stages.dedup.signing import composed

SCRIPTS = st.sampled_from(
    [
        *("abcdef ghi jk", "ÀÉîßẞŒ İıſ", "Ω ωΣσς", "привет мир", "שלום עולם", "مرحبا بالعالم"),
        "한국어 문장",
        *(
            "汉字处理文本語",
            "かなカナ゙ガ",
            "สวัสดีครับ",
            "ភាសាខ្មែរ",
            "मानक हिन्दी",
            "𠀀𠀁𪛖㐀",
            "豈更\ufa6c\U0002f800",
        ),
        *(
            "①½ﷺ㈱ﬁ℃",
            "０１２ＡＢｃ",
            "𝒜𝟙🅰",
            "😀🏽👩💻",
            "\u00ad\u200b\u200d\ufe0f\u0301",
            "\U000e0041\U000e0100",
        ),
        *("\t\n\r\u2028\u3000 \xa0", "__--..,,。、！"),
    ]
)
PIECE = SCRIPTS.flatmap(lambda letters: st.text(letters, max_size=12))
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECE, max_size=12).map("".join))


@settings(max_examples=250, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8), st.integers(1, 7), st.integers(1, 7), st.integers(0, 3))
@example(["ﷺ" * 40], 5, 5, 1)
@example(["a" * 5000, "字" * 3000, "a b " * 900], 5, 3, 1)
def test_signatures_equal_datasketch_bit_for_bit(texts, words, characters, seed):
    chosen = DedupSettings(word_ngram=words, char_ngram=characters, num_perm=32, seed=seed)
    signed = sign(reference.documents(texts), chosen)
    for text, count, signature in zip(texts, signed["shingles"], signed["signature"], strict=True):
        shingles = reference.shingles(text, words, characters)
        assert count == len(shingles)
        if not shingles:
            assert signature is None
            continue
        oracle = MinHash(num_perm=32, seed=seed, hashfunc=xxhash.xxh32_intdigest, scheme="affine32")
        oracle.update_batch(shingles)
        assert signature == oracle.hashvalues.astype("<u4").tobytes()


@given(st.binary(max_size=80), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_the_hash_is_xxhash(data, seed):
    array = np.frombuffer(b"." + data, np.uint8)
    assert xxh32(array, 1, len(array), np.uint32(seed)) == xxhash.xxh32_intdigest(data, seed)


@pytest.mark.parametrize("start", range(0, 0x34000, 0x4000))
def test_every_code_point_folds_as_defined(start):
    texts = [chr(p) for p in range(start, start + 0x4000) if not 0xD800 <= p < 0xE000]
    chosen = DedupSettings(num_perm=16, word_ngram=64, char_ngram=64)
    signed = sign(reference.documents(texts), chosen)
    a, b = MinHash(num_perm=16, seed=1, scheme="affine32").permutations
    for text, signature in zip(texts, signed["signature"], strict=True):
        (shingle,) = reference.shingles(text, 64, 64) or [None]
        if shingle is None:
            assert signature is None, hex(ord(text))
            continue
        h = np.uint32(xxhash.xxh32_intdigest(shingle))
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h = (h ^ (h >> np.uint32(shift))).astype(np.uint64) * np.uint64(factor) & np.uint64(0xFFFFFFFF)
            h = h.astype(np.uint32)
        h ^= h >> np.uint32(16)
        expected = (a.astype(np.uint64) * np.uint64(h) + b) & np.uint64(0xFFFFFFFF)
        assert signature == expected.astype("<u4").tobytes(), hex(ord(text))


@given(st.lists(TEXTS, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_texts_are_brought_into_form_nfc(texts):
    assert composed(pl.Series(texts, dtype=pl.String)).to_list() == [
        unicodedata.normalize("NFC", t) for t in texts
    ]


def test_no_code_point_outside_the_table_of_suspects_can_break_form_nfc():
    table = uncomposed()
    clear = [chr(p) for p in range(0x34000) if not table[p] and not 0xD800 <= p < 0xE000]
    text = "".join(clear)
    assert unicodedata.is_normalized("NFC", text)
    for before in "aeiouAOU가각かカकதক":  # what most often composes with a follower
        assert unicodedata.is_normalized("NFC", before + before.join(clear))


def test_equal_texts_are_signed_once_and_unreadable_rows_keep_their_place():
    docs = reference.documents(["one two", None, "one two", "", "three"])
    signed = sign(docs, DedupSettings())
    assert signed["row"].to_list() == [0, 1, 2, 3, 4]
    assert signed["signature"][0] == signed["signature"][2]
    assert signed.row(1)[2:] == (None, 0, None)
    assert signed["exact"][3] is not None and signed["signature"][3] is None
