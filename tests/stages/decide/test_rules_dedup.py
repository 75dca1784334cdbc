"""Rules that read what the dedup stage measured besides duplicates."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from pydantic import ValidationError

from stages.decide.policy import DedupRule, NotRunRule, Policy
from stages.decide.rules import Context, Evidence, fires, unmeasured

POLICY = Policy.model_validate({"policy": "test", "version": 1, "title": {"en": "t"}, "rules": []})
CONTEXT = Context(dt.date(2026, 1, 1), "pretraining", {})
COMMON = {"id": "r", "on": "dedup", "action": "remove"}


def fired(dedup: pl.DataFrame | None, **rule) -> list[tuple]:
    rows = pl.DataFrame({"row": [0, 1, 2]}, schema={"row": pl.UInt32})
    rule = DedupRule.model_validate(COMMON | {"reason": "repeated-text"} | rule)
    return sorted(fires(rule, Evidence(rows, rows, rows, rows, dedup), POLICY, CONTEXT).rows())


def measured(**columns) -> pl.DataFrame:
    return pl.DataFrame({"row": [0, 1, 2]} | columns, schema_overrides={"row": pl.UInt32})


def test_a_share_over_the_value_fires_and_is_quoted():
    table = measured(repeated_lines=[0.5, 0.51, 1.0], repeated_paragraphs=[0.9, 0.0, 0.0])
    assert fired(table, column="repeated_lines", over=0.5) == [(1, None, 0.51, 0.5), (2, None, 1.0, 0.5)]
    assert fired(table, column="repeated_paragraphs", over=0.5) == [(0, None, 0.9, 0.5)]


def test_the_test_set_that_was_met_is_named_and_can_be_chosen():
    table = measured(test_sets=[["gsm", "mmlu"], [], ["mmlu"]], test_ngrams=[9, 0, 2])
    rule = {"column": "test_ngrams", "reason": "test-set-overlap"}
    assert fired(table, **rule, over=0) == [(0, "test-set:gsm", 9.0, 0.0), (2, "test-set:mmlu", 2.0, 0.0)]
    assert fired(table, **rule, over=2) == [(0, "test-set:gsm", 9.0, 2.0)]
    assert fired(table, **rule, over=0, test_sets=["mm*"]) == [
        (0, "test-set:mmlu", 9.0, 0.0),
        (2, "test-set:mmlu", 2.0, 0.0),
    ]
    assert fired(table, **rule, over=0, test_sets=["other"]) == []


@pytest.mark.parametrize("table", [None, measured()])
def test_where_nothing_was_measured_no_rule_fires_but_it_is_known_and_a_not_run_rule_can_act(table):
    assert fired(table, column="repeated_lines", over=0) == []
    rule = DedupRule.model_validate(
        COMMON | {"reason": "repeated-text", "column": "repeated_lines", "over": 0}
    )
    policy = POLICY.model_copy(update={"rules": (rule,)})
    assert unmeasured(policy, table) == ["repeated_lines"]
    assert unmeasured(policy, measured(repeated_lines=[0.0] * 3)) == []
    assert unmeasured(POLICY, table) == []
    docs = pl.DataFrame({"row": [0, 1], "status": ["ok", "unreadable"]}, schema_overrides={"row": pl.UInt32})
    held = {"id": "n", "on": "not-run", "action": "quarantine", "reason": "not-measured", "stage": "dedup"}
    for detectors, rows in (("*",), [0]), (("test_ngrams",), []):
        rule = NotRunRule.model_validate(held | {"detectors": detectors})
        assert fires(rule, Evidence(docs, docs, docs, docs, table), policy, CONTEXT)["row"].to_list() == rows


def test_a_document_near_one_of_an_earlier_release_fires_for_the_outcomes_named():
    met = [
        [{"release": "0.1.0", "outcome": "kept", "estimate": 1.0}],
        [
            {"release": "0.1.0", "outcome": "near-duplicate", "estimate": 0.85},
            {"release": "0.2.0", "outcome": "copyright", "estimate": 0.9},
        ],
        [],
    ]
    table, rule = measured(earlier=met), {"column": "earlier", "over": 0.8}
    assert fired(table, **rule) == [(0, "release:0.1.0", 1.0, 0.8), (1, "release:0.2.0", 0.9, 0.8)]
    assert fired(table, **rule, outcomes=["near-*"]) == [(1, "release:0.1.0", 0.85, 0.8)]
    assert fired(table, column="earlier", over=0.9) == [(0, "release:0.1.0", 1.0, 0.9)]
    with pytest.raises(ValidationError, match="outcomes"):
        fired(None, column="repeated_lines", over=0, outcomes=["x"])


def test_test_sets_belong_to_their_own_column():
    with pytest.raises(ValidationError, match="test_sets"):
        fired(None, column="repeated_lines", over=0, test_sets=["x"])
