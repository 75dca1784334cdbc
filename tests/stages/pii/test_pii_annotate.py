"""The tables of the stage: row-aligned, typed, equal for equal texts, and silent about values."""

import datetime as dt
import hashlib

import polars as pl
import pytest
from pii_fixtures import EMAIL, ID_MAN, MOBILE, documents

from lineage import records
from stages.pii import PiiSettings, annotate, detectors, scan

KEY = b"k" * 32


def test_tables_have_the_schemas_of_the_floor_plan():
    counts, spans = annotate(documents([f"手机{MOBILE}", None, ""]), PiiSettings(), KEY)
    for frame, schema in ((counts, records.PII), (spans, records.PII_SPANS)):
        assert frame.schema == pl.DataFrame(schema.empty_table()).schema
    assert counts["row"].to_list() == [0, 1, 2]


def test_equal_texts_get_equal_findings_and_a_null_text_an_empty_annotation():
    counts, spans = annotate(documents([f"邮箱 {EMAIL}", None, f"邮箱 {EMAIL}"]), PiiSettings(), KEY)
    assert (
        counts["counts"].to_list()[0] == counts["counts"].to_list()[2] == [{"type": "EMAIL_ADDRESS", "n": 1}]
    )
    assert counts.row(1)[2:] == ([], [], 0.0, [])
    assert spans["row"].to_list() == [0, 2]
    assert spans["selector"].n_unique() == 1


def test_offsets_point_to_the_value_in_the_text_as_given():
    text = f"证件：{ID_MAN}；手机 {MOBILE[:3]}-{MOBILE[3:7]}-{MOBILE[7:]}；{EMAIL}。"
    got = {f.type: text[f.start : f.end] for f in scan([text], PiiSettings())}
    assert got == {
        "CN_RESIDENT_ID": ID_MAN,
        "CN_MOBILE": f"{MOBILE[:3]}-{MOBILE[3:7]}-{MOBILE[7:]}",
        "EMAIL_ADDRESS": EMAIL,
    }


def test_spans_hold_no_value():
    _, spans = annotate(documents([f"{ID_MAN} {MOBILE}"]), PiiSettings(), KEY)
    raw = b"".join(spans["selector"].to_list()) + str(spans.to_dict(as_series=False)).encode()
    assert ID_MAN.encode() not in raw and MOBILE.encode() not in raw
    assert hashlib.sha256(MOBILE.encode()).digest() not in spans["selector"].to_list()


@pytest.mark.parametrize("size", [1, 40, 2_000_000])
def test_batch_borders_change_nothing(size):
    texts = [f"电话 {MOBILE}", "nothing", f"{EMAIL} and {ID_MAN}", "", f"手机：{MOBILE}"]
    assert scan(texts, PiiSettings(batch_chars=size)) == scan(texts, PiiSettings())


def test_a_switched_off_type_is_not_found_and_leaves_the_detector_list():
    settings = PiiSettings(off=("EMAIL_ADDRESS",))
    assert [f.type for f in scan([f"see {EMAIL}"], settings)] == []
    assert all("EMAIL_ADDRESS" not in d["codes"] for d in detectors(settings))
    assert detectors(settings)[0]["sha256"] != detectors(PiiSettings())[0]["sha256"]


def test_settings_that_change_no_finding_leave_the_measured_figures_valid():
    other = PiiSettings(as_of=dt.date(2026, 1, 1), aggregate_types=9, batch_chars=10)
    assert detectors(other) == detectors(PiiSettings())
