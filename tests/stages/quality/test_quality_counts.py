"""The compiled kernel against slow, plain Python that says the same thing another way."""

from __future__ import annotations

import unicodedata
from collections import Counter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.quality import characters as ch
from stages.quality.counts import Limits, count

LIMITS = Limits(short_line=30, tokens=1_000_000)
WORDS = st.lists(st.sampled_from(["tide", "rope", "of", "and", "sail", "to", "a.b"]), max_size=60)
LINES = st.lists(st.sampled_from(["a line of rope", "  padded  ", "", "short", "another line"]), max_size=30)


def counted(text: str, limits: Limits = LIMITS) -> dict[str, int]:
    return count(pl.Series([text]), limits).row(0, named=True)


@given(st.text(st.characters(codec="utf-8")))
@settings(max_examples=300, deadline=None)
def test_every_character_is_decoded_and_stands_in_one_category(text):
    row = counted(text)
    assert row["chars"] == len(text)
    assert sum(row[name] for name in ch.CATEGORIES) == len(text)
    assert row["upper"] == sum(unicodedata.category(c) in ("Lu", "Lt") and ord(c) < ch.LIMIT for c in text)
    assert row["letter"] == sum(unicodedata.category(c)[0] == "L" and ord(c) < ch.LIMIT for c in text)


@given(WORDS)
@settings(max_examples=150, deadline=None)
def test_repeated_ngrams_agree_with_a_count_by_slices(words):
    row = counted(" ".join(words))
    assert row["words"] == len(words)
    assert row["token_chars"] == sum(map(len, words))
    for n in range(2, 5):
        grams = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
        weights = [sum(map(len, gram)) * times for gram, times in grams.items() if times > 1]
        assert row[f"top_{n}gram"] == max(weights, default=0)
    for n in range(5, 11):
        seen, covered = set(), set()
        for i in range(len(words) - n + 1):
            gram = tuple(words[i : i + n])
            covered |= set(range(i, i + n)) if gram in seen else set()
            seen.add(gram)
        assert row[f"dup_{n}gram"] == sum(len(words[i]) for i in covered)


@given(LINES)
@settings(max_examples=150, deadline=None)
def test_lines_and_repeated_lines_agree_with_a_count_by_sets(lines):
    row = counted("\n".join(lines))
    full = [line.strip() for line in lines if line.strip()]
    assert row["lines"] == len(full)
    assert row["line_chars"] == sum(map(len, full))
    assert row["dup_lines"] == len(full) - len(set(full))
    assert row["dup_line_chars"] == sum(map(len, full)) - sum(map(len, set(full)))


@given(LINES)
@settings(max_examples=100, deadline=None)
def test_paragraphs_are_runs_of_lines_between_blank_ones(lines):
    row = counted("\n".join(lines))
    paragraphs = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    whole = [tuple(p) for p in paragraphs if p]
    assert row["paragraphs"] == len(whole)
    assert row["dup_paragraphs"] == len(whole) - len(set(whole))


def test_a_slice_of_a_column_is_counted_like_the_column():
    texts = pl.Series(["first", "", "第二条", "third 🜁 text"])
    whole = count(texts, LIMITS)
    assert count(texts.slice(2, 2), LIMITS).equals(whole.slice(2, 2))
    assert count(pl.concat([texts[:1], texts[1:]], rechunk=False), LIMITS).equals(whole)
    assert count(texts[:0], LIMITS).height == 0


def test_characters_beyond_the_table_are_counted_and_belong_to_no_script():
    row = counted("a\U000e0041\U0010ffff")
    assert row["chars"] == 3 and row["control"] == 2 and row["script_latin"] == 1


def test_chinese_characters_are_one_token_each_and_their_punctuation_none():
    row = counted("潮水不等人，船也不等。OK then")
    assert row["words"] == 11
    assert row["spaced_words"] == 2
    assert row["cjk_punct"] == 2
    assert row["sentences"] == 1


def test_tokens_beyond_the_limit_are_not_searched_for_repetition():
    text = "one two three four five " * 400
    assert counted(text)["dup_5gram"] > 0
    assert counted(text, Limits(30, 1000))["token_chars"] == len("onetwothreefourfive") * 200
    assert counted(text, Limits(30, 1000))["words"] == 2000


def test_only_one_standard_has_each_one_sided_character():
    table = ch.table()
    for codec, other, mark in (("gb2312", "big5", ch.SIMPLIFIED), ("big5", "gb2312", ch.TRADITIONAL)):
        points = [i for i in range(ch.LIMIT) if table[i] & mark]
        assert len(points) > 2000
        assert all(chr(i).encode(codec) for i in points)
        assert not any(chr(i).encode(other, "ignore") for i in points)
