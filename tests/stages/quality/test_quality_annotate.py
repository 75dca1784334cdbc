"""What the stage promises about its table, whatever the text."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from quality_parts import evidence, part_of

from lineage.records import QUALITY_FIXED
from stages.quality import EVIDENCE, RULES, QualitySettings, annotate

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
PARTS = st.lists(st.one_of(st.none(), ANY_TEXT), max_size=8)


@given(PARTS)
@settings(max_examples=80, deadline=None)
def test_every_record_keeps_its_row_whatever_the_text(texts):
    docs = part_of(texts)
    found = annotate(docs, QualitySettings())
    assert dict(found.schema) == EVIDENCE
    assert found.select("row", "doc_id").equals(docs.select("row", "doc_id"))
    assert found["lang"].null_count() == 0


@given(PARTS, st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_evidence_does_not_depend_on_where_a_part_is_cut(texts, cut):
    docs = part_of(texts)
    whole = annotate(docs, QualitySettings())
    pieces = [annotate(docs[:cut], QualitySettings()), annotate(docs[cut:], QualitySettings())]
    assert whole.equals(pl.concat(pieces))


@given(ANY_TEXT)
@settings(max_examples=150, deadline=None)
def test_shares_lie_between_zero_and_one_and_have_four_decimals(text):
    row = annotate(part_of([text]), QualitySettings()).row(0, named=True)
    for name, value in row.items():
        if name.endswith(("_share", "_score")) and value is not None:
            assert 0 <= value <= 1, name
            assert value == round(value, 4), name


def test_an_unreadable_record_has_no_evidence_and_no_language():
    row = evidence("A readable text.", None).row(1, named=True)
    assert row.pop("lang") == "und"
    assert row.pop("row") == 1
    assert row.pop("doc_id") is not None
    assert set(row.values()) == {None}


def test_equal_texts_have_equal_evidence():
    found = evidence("One text, twice.", "Another text.", "One text, twice.").drop("row", "doc_id")
    assert found.row(0) == found.row(2) != found.row(1)


def test_the_fixed_columns_come_first_and_have_the_types_of_the_floor_plan():
    table = evidence("A text.").to_arrow()
    fixed = table.schema.names[: len(QUALITY_FIXED)]
    assert fixed == QUALITY_FIXED.names
    assert table.select(fixed).cast(QUALITY_FIXED).schema == QUALITY_FIXED
    assert pa.types.is_floating(table.schema.field("quality_score").type)


def test_every_rule_is_a_column_and_every_column_a_rule():
    extra = evidence("A text.").columns[len(QUALITY_FIXED) :]
    assert extra == [rule.column for rule in RULES]
    assert all(rule.meaning and rule.source for rule in RULES)


def test_clean_prose_scores_above_repeated_and_broken_text():
    prose = "The ferry leaves at seven and reaches the island before noon on most days.\n" + (
        "Nobody waits for late passengers because the tide does not wait either, says the captain.\n"
    )
    texts = (prose, "key_one: 1\n" * 40, "x9 0b 7f 3c " * 50, "Ã©Ã¨ Â« " * 30)
    scores = evidence(*texts)["quality_score"].to_list()
    assert scores[0] > 0.8 and max(scores[1:]) < 0.6
