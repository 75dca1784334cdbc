"""The second label: sensitive classes, minors, and the sum of ordinary items."""

import datetime as dt

import polars as pl
from pii_fixtures import EMAIL, ID_MAN, MOBILE, card, documents, resident_id

from stages.pii import PiiSettings, annotate

KEY = b"k" * 32
DAY = dt.date(2026, 1, 1)


def classes(text: str, **options) -> list[str]:
    """Return the sensitive classes of one text."""
    counts, _ = annotate(documents([text]), PiiSettings(**options), KEY)
    return counts["sensitive"].to_list()[0]


def test_types_carry_their_class():
    assert classes(f"卡号{card()}") == ["financial-account"]
    assert classes(f"手机{MOBILE}") == []


def test_a_child_is_known_by_the_birth_date_in_the_number_and_only_on_a_stated_day():
    child, grown = resident_id(day="20120102"), resident_id(day="20120101")
    assert "minor-under-14" in classes(f"身份证{child}", as_of=DAY)
    assert "minor-under-14" not in classes(f"身份证{grown}", as_of=DAY)
    assert "minor-under-14" not in classes(f"身份证{child}")


def test_without_a_day_the_check_of_minors_says_that_it_did_not_run():
    counts, _ = annotate(documents([f"身份证{ID_MAN}", "nothing"]), PiiSettings(), KEY)
    assert counts["not_run"].to_list() == [["pii:minors"], []]


def test_many_ordinary_items_together_are_sensitive():
    text = f"手机{MOBILE}，{EMAIL}，QQ：1000000000，车牌京A00D00"
    assert classes(text) == ["aggregate"] and classes(text, aggregate_types=5) == []


def test_what_a_text_says_about_a_person_gives_a_class_only_beside_a_finding():
    assert classes(f"张某，手机{MOBILE}，确诊糖尿病。") == ["medical-health"]
    assert classes("糖尿病的确诊标准是什么？") == []
    assert classes(f"宗教信仰：佛教，电话{MOBILE}") == ["religious-belief"]
    assert classes(f"His diagnosis: flu. Mail {EMAIL}") == ["medical-health"]


def test_findings_per_thousand_characters_are_rounded():
    counts, _ = annotate(documents([f"{MOBILE} abc"]), PiiSettings(), KEY)
    assert counts.select(pl.col("per_kchar")).item() == 66.6667
