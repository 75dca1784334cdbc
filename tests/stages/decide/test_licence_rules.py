"""Rules over licences: an obligation that the policy refuses, a licence of the data's own that nobody can read."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from pydantic import ValidationError

from lineage.records import LICENCE_UNREAD
from stages.decide.policy import Policy, RightsRule
from stages.decide.rules import Context, Evidence, fires

CONTEXT = Context(dt.date(2026, 11, 1), "pretraining", {})
LICENCES = ("MIT", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0 OR MIT", None, "CC-BY-ND-4.0 AND MIT", "LicenseRef-House")


def fired(test: str, **licences) -> dict[int, str | None]:
    """Return the detector by row of the documents a rule fires on."""
    body = {"policy": "p", "version": 1, "title": {"en": "t"}, "rules": [], "licences": licences}
    rule = RightsRule(id="r", on="rights", test=test, action="remove", reason=test)
    notes = [[], [LICENCE_UNREAD], ["nfc"], [], ["nfc", LICENCE_UNREAD], []]
    docs = pl.DataFrame({"row": range(6), "licence": LICENCES, "transforms": notes})
    empty = pl.DataFrame()
    found = fires(rule, Evidence(docs, empty, empty, empty), Policy.model_validate(body), CONTEXT)
    return dict(found.select("row", "detector").rows())


def test_a_document_falls_where_its_own_licence_asks_what_the_policy_refuses():
    refuse = ("non-commercial", "no-derivatives")
    assert fired("licence-obligation", refuse_obligations=refuse) == {
        1: "obligation:non-commercial",
        4: "obligation:no-derivatives",
    }
    assert fired("licence-obligation", refuse_obligations=("attribution",))[2] == "obligation:attribution"
    assert fired("licence-obligation") == {}


def test_what_a_person_read_in_an_own_licence_counts_and_the_unread_falls_on_demand():
    own = {"LicenseRef-House": ("no-ai-training",)}
    assert fired("licence-obligation", refuse_obligations=("no-ai-training",)) == {}
    assert fired("licence-obligation", refuse_obligations=("no-ai-training",), terms=own) == {
        5: "obligation:no-ai-training"
    }
    assert fired("licence-obligation", refuse_obligations=("unread",)) == {5: "obligation:unread"}
    assert fired("licence-obligation", refuse_obligations=("unread",), terms=own) == {}


def test_a_licence_that_could_not_be_read_fires_by_its_note():
    assert fired("licence-unread") == {1: None, 4: None}


def test_an_obligation_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="refuse_obligations"):
        fired("licence-obligation", refuse_obligations=("non-comercial",))
