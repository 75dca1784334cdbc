"""Obligations of a licence expression: AND binds to all of it, OR leaves the choice, the unknown stays unknown."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.ingest.licences import KINDS, licence_counts, obligations, table
from stages.ingest.source import licence_problem


def test_every_id_of_the_table_is_on_the_spdx_list_and_every_value_is_known():
    assert [spdx for spdx in table() if licence_problem(spdx)] == []
    assert {value for row in table().values() for value in row.values()} <= {
        "yes",
        "no",
        "unstated",
        "refused",
    }
    assert all(tuple(row) == KINDS for row in table().values())


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("CC0-1.0", set()),
        ("CC-BY-NC-SA-4.0", {"attribution", "share-alike", "non-commercial"}),
        ("CC-BY-ND-4.0 AND MIT", {"attribution", "no-derivatives"}),
        ("CC-BY-NC-4.0 OR MIT", {"attribution"}),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"attribution", "share-alike"}),
        ("(CC0-1.0 OR CC-BY-SA-4.0) AND CC-BY-NC-4.0", {"attribution", "non-commercial"}),
    ],
)
def test_an_expression_asks_what_its_parts_ask(expression, asked):
    assert {kind for kind in KINDS if obligations(expression)[kind] == "yes"} == asked


def test_nothing_is_claimed_about_a_licence_that_the_table_lacks():
    assert obligations("LicenseRef-House")["attribution"] == "unknown"
    assert obligations("LicenseRef-House AND CC-BY-4.0")["attribution"] == "yes"
    assert obligations("LicenseRef-House OR CC0-1.0")["non-commercial"] == "no"
    assert obligations("NOASSERTION")["unknown"] == ["NOASSERTION"]
    assert obligations("MIT AND (")["unknown"] == ["MIT AND ("]


@settings(deadline=None)
@given(st.sampled_from(sorted(table())), st.sampled_from(sorted(table())))
def test_and_binds_at_least_as_much_as_or(a, b):
    both, either = obligations(f"{a} AND {b}"), obligations(f"{a} OR {b}")
    for kind in KINDS:
        alone = {obligations(a)[kind], obligations(b)[kind]}
        assert (both[kind] == "yes") == ("yes" in alone)
        assert (either[kind] == "yes") == (alone == {"yes"})


def test_documents_are_counted_by_their_own_licence():
    found = licence_counts(pl.Series(["MIT", "CC-BY-4.0", "MIT", None]))
    assert [(row["spdx"], row["docs"]) for row in found] == [("MIT", 2), ("CC-BY-4.0", 1), ("NOASSERTION", 1)]
