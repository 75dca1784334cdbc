"""Promises of stages/screen/fairness.py: neutral counts that add up over parts and hold no text."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from stages.screen import fairness

RULES = ("discrimination-words",)
ROWS = [
    ("a", "Many women and some men met the teachers.", "en", "kept", False, "2020-01-02"),
    ("a", "The women again; one girl spoke.", "en", "kept", True, "2021"),
    ("a", "老年人和孩子在公园里。", "zh-Hans", "removed", True, None),
    ("b", "村民与农民工讨论水渠。", "zh-Hans", "redacted", False, "2023-05"),
    ("b", None, None, "unreadable", False, None),
]


def frame(rows=ROWS):
    schema = {"source": pl.String, "text": pl.String, "lang": pl.String, "disposition": pl.String}
    return pl.DataFrame(rows, schema=schema | {"unfair": pl.Boolean, "date": pl.String}, orient="row")


def part(rows=ROWS, country="US", evidence=RULES):
    return fairness.part_facts(frame(rows), jurisdiction=country, evidence=evidence)


def test_groups_are_counted_by_whole_words_in_both_languages():
    found = fairness.mentions(pl.Series(["Women, and a woman in Germany.", "女性和男性", "a manual"]))
    rows = {(r["text"], r["group"]): r["n"] for r in found.iter_rows(named=True)}
    assert rows == {(0, "women"): 2, (1, "women"): 1, (1, "men"): 1}


def test_every_attribute_of_the_standard_has_a_table_in_both_languages():
    tables = fairness._content()["attributes"]
    assert tuple(tables) == fairness.ATTRIBUTES
    for groups in tables.values():
        terms = [term for group in groups.values() for term in group]
        assert len(terms) == len(set(terms))
        assert any(t.isascii() for t in terms) and any(not t.isascii() for t in terms)


def test_facts_tell_representation_co_occurrence_and_what_was_taken():
    facts = fairness.release_facts([part(country="CN")])
    women = next(r for r in facts["groups"] if r["group"] == "women")
    assert (women["kept"], women["kept_unfair"], women["mentions"]) == (2, 1, 3)
    assert women["unfair_share"] == 0.5 and women["lift"] == pytest.approx(1 * 3 / (2 * 1))
    old = next(r for r in facts["groups"] if r["group"] == "old")
    assert old["kept"] == 0 and old["loss"] == 1.0
    taken = {(r["source"], r["lang"]): r["loss"] for r in facts["filtering"]["rows"]}
    assert taken[("a", "zh-Hans")] == 1.0 and taken[("a", "en")] == 0.0
    assert facts["diversity"]["median_year"] == 2021 and facts["diversity"]["dated"] == 1.0
    assert facts["diversity"]["domestic"] == 1.0


def test_counts_of_parts_add_up_to_the_counts_of_the_whole():
    whole = fairness.release_facts([part()])
    assert fairness.release_facts([part(ROWS[:2]), part(ROWS[2:])]) == whole
    assert fairness.release_facts([])["docs"] == 0


def test_each_attribute_has_its_sums_and_each_group_its_loss():
    facts = fairness.release_facts([part()])
    assert [row["attribute"] for row in facts["attributes"]] == list(fairness.ATTRIBUTES)
    gender = next(r for r in facts["attributes"] if r["attribute"] == "gender")
    assert (gender["docs_with_groups"], gender["mentions"], gender["unfair"], gender["left"]) == (3, 4, 1, 0)
    taken = {r["group"]: r for r in facts["filtering"]["groups"]}
    assert taken["old"]["loss"] == 1.0 and taken["old"]["against_all"] == 0.8
    assert taken["women"]["loss"] == 0.0


def test_without_a_rule_about_discrimination_nothing_is_said_of_it():
    facts = fairness.release_facts([part(evidence=())])
    assert facts["discrimination"] == {"evidence": [], "docs": None, "share": None}
    assert {row["unfair"] for row in facts["attributes"]} == {None}
    assert all(row["lift"] is None and row["kept_unfair"] is None for row in facts["groups"])


def test_no_text_and_no_document_leaves_the_facts():
    told = json.dumps(part(), ensure_ascii=False)
    assert "公园" not in told and "teachers" not in told.replace('"teachers"', "")


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_the_effective_number_of_sources_is_the_exponential_of_their_entropy(sizes):
    import math

    assert fairness.effective(sizes) == pytest.approx(math.exp(entropy(sizes)), abs=1e-3)
    assert 1 - 1e-4 <= fairness.effective(sizes) <= len(sizes) + 1e-4
