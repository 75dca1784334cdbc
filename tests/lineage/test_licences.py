"""Obligations of a licence expression: AND binds to all of it, OR leaves the choice, the unread stays unread."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.licences import Obligation, ids, obligations, refused, table
from stages.ingest.source import licence_problem

EVERY = get_args(Obligation)


def test_every_id_of_the_table_is_on_the_spdx_list_and_every_duty_is_known():
    assert [spdx for spdx in table() if licence_problem(spdx)] == []
    assert {duty for row in table().values() for duty in row["duties"]} <= set(EVERY)
    assert {
        spdx for spdx, row in table().items() if ("family" in row) != ("share-alike" in row["duties"])
    } == set()


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("CC0-1.0", set()),
        ("CDLA-Permissive-2.0", {"notice"}),  # section 2.1: make the agreement's text available, and no more
        ("CDLA-Permissive-1.0", {"attribution", "notice", "state-changes"}),
        ("CC-BY-NC-SA-2.0", {"attribution", "share-alike", "non-commercial"}),
        ("CC-BY-ND-4.0 AND CDLA-Permissive-2.0", {"attribution", "no-derivatives", "notice"}),
        ("CC-BY-NC-4.0 OR CC-BY-2.0", {"attribution"}),
        ("MPL-2.0 WITH Classpath-exception-2.0", {"attribution", "notice", "share-alike"}),
        ("(CC0-1.0 OR CC-BY-SA-4.0) AND CC-BY-NC-2.0", {"attribution", "non-commercial"}),
        ("LicenseRef-House", {"unread"}),
        ("LicenseRef-House OR CC0-1.0", set()),
        ("MIT AND (", {"unread"}),
        ("NOASSERTION", set()),
    ],
)
def test_an_expression_asks_what_its_parts_ask(expression, asked):
    assert set(obligations(expression)) == asked


@pytest.mark.parametrize(
    ("expression", "refuse", "left"),
    [
        ("CC-BY-NC-ND-4.0", ("no-derivatives", "non-commercial"), ("no-derivatives", "non-commercial")),
        ("CC-BY-NC-4.0 AND MIT", ("non-commercial",), ("non-commercial",)),
        # by number of duties CC-BY-NC-4.0 is the lighter one; the refusal leaves only the other
        ("CC-BY-NC-4.0 OR GPL-3.0-only", ("non-commercial",), ()),
        ("CC-BY-NC-4.0 OR GPL-3.0-only", ("non-commercial", "share-alike"), ("non-commercial",)),
        ("(MIT OR CC-BY-NC-4.0) AND (CC-BY-ND-4.0 OR ISC)", ("non-commercial", "no-derivatives"), ()),
        ("LicenseRef-House", ("non-commercial",), ()),
        ("LicenseRef-House", ("unread",), ("unread",)),
        ("LicenseRef-Read", ("unread", "no-ai-training"), ("no-ai-training",)),
        ("MIT AND (", ("unread",), ("unread",)),
        ("NONE", ("unread",), ()),
        ("CC-BY-NC-4.0", (), ()),
    ],
)
def test_only_what_no_alternative_avoids_is_refused(expression, refuse, left):
    assert refused(expression, refuse, {"LicenseRef-Read": ("no-ai-training",)}) == left


@settings(deadline=None)
@given(st.sampled_from(sorted(table())), st.sampled_from(sorted(table())), st.sets(st.sampled_from(EVERY)))
def test_and_unites_and_or_is_met_where_one_part_is(a, b, refuse):
    alone = [set(refused(x, refuse)) for x in (a, b)]
    assert set(refused(f"{a} AND {b}", refuse)) == alone[0] | alone[1]
    assert set(refused(f"{a} OR {b}", refuse)) in alone
    assert bool(refused(f"{a} OR {b}", refuse)) == all(alone)
    assert set(ids(f"{a} OR {b}")) <= {a, b} and set(ids(f"{a} AND {b}")) == {a, b}
