"""Policy rules on evidence: first failing rule, operators, language ranges, errors."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import SettingsError
from stages.quality import judge

EVIDENCE = pl.DataFrame(
    {
        "lang": ["en", "zh-Hans", "zh", "zhx", "und"],
        "letter_share": [0.9, 0.1, 0.9, 0.1, None],
        "lorem_ipsum": [True, False, False, True, None],
        "words": [10, 200, 30, 40, None],
    },
    schema_overrides={"words": pl.UInt32},
)


def rule(name: str, column: str, op: str, value: float, languages: list[str] | None = None) -> dict:
    return {"id": name, "column": column, "op": op, "value": value, "languages": languages}


def test_the_first_failing_rule_is_named_and_null_passes():
    rules = [rule("letters", "letter_share", "<", 0.5), rule("lorem", "lorem_ipsum", ">", 0.5)]
    assert judge(EVIDENCE, rules).to_list() == ["lorem", "letters", None, "letters", None]
    assert judge(EVIDENCE, rules[::-1]).to_list() == ["lorem", "letters", None, "lorem", None]


def test_a_threshold_itself_passes():
    assert judge(EVIDENCE, [rule("w", "words", "<", 10)]).to_list() == [None] * 5
    assert judge(EVIDENCE, [rule("w", "words", ">", 200)]).to_list() == [None] * 5
    assert judge(EVIDENCE, [rule("w", "words", "<", 10.5)]).to_list() == ["w", None, None, None, None]


def test_a_language_covers_its_subtags_and_nothing_that_only_looks_alike():
    found = judge(EVIDENCE, [rule("w", "words", ">", 0, ["zh"])]).to_list()
    assert found == [None, "w", "w", None, None]


def test_an_empty_list_of_languages_applies_to_none():
    assert judge(EVIDENCE, [rule("w", "words", ">", 0, [])]).null_count() == 5


def test_no_rules_and_no_rows_are_no_error():
    assert judge(EVIDENCE, []).to_list() == [None] * 5
    assert judge(EVIDENCE[:0], [rule("w", "words", ">", 0)]).to_list() == []


@given(st.floats(0, 300), st.sampled_from(["<", ">"]))
def test_a_rule_agrees_with_plain_comparison(value, op):
    found = judge(EVIDENCE, [rule("w", "words", op, value)]).to_list()
    words = EVIDENCE["words"].to_list()
    assert [f is not None for f in found] == [
        w is not None and (w < value if op == "<" else w > value) for w in words
    ]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"id": "r", "column": "words", "op": "<"}, "lacks value"),
        (rule("r", "words", "=", 1), "no operator"),
        (rule("r", "wrods", "<", 1), "no measured column"),
        (rule("r", "lang", "<", 1), "no measured column"),
        (rule("r", "words", "<", "many"), "no number"),
    ],
)
def test_a_broken_rule_is_an_error_that_names_it(broken, message):
    with pytest.raises(SettingsError, match=message) as error:
        judge(EVIDENCE, [broken])
    assert "quality rule r" in str(error.value) and error.value.cure
