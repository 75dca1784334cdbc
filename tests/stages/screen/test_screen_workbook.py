"""Promises of the importers and of the keyword counters, with an invented and neutral pack."""

from datetime import date

import pytest

from lineage.errors import SettingsError
from stages.screen import ScreenSettings, detectors, library, scan, workbook
from stages.screen.lexicon import load_lexicon

DAY = date(2026, 11, 20)


def bank(tmp_path, rows, heading="风险代码,关键词,添加日期", encoding="utf-8-sig"):
    path = tmp_path / "bank.csv"
    path.write_bytes("\n".join([heading, *rows]).encode(encoding))
    return path


def test_a_keyword_bank_becomes_lexicons_that_cover_the_operators_codes(tmp_path):
    path = bank(
        tmp_path,
        ["A1a,紫色茶壶,2026-11-18", "A.1-a,方形云朵,2026-11-19", "A.1-b,quiet gizmo,"],
        encoding="gb18030",
    )
    found = workbook.keywords(path, DAY)
    assert (found.rows, found.terms, found.refused) == (3, 3, ())
    folder = tmp_path / "lexicons"
    files = workbook.write(found, folder)
    assert [load_lexicon(f).code for f in files] == ["A.1-a", "A.1-b"]
    settings = ScreenSettings(operator_lexicons=str(folder), models=(), lexicons=(), cbrn=False)
    hits = scan(["桌上有一把紫 色 茶 壶。", "the quiet gizmo", "无关"], settings)
    assert dict(hits.select("text", "code").rows()) == {0: "A.1-a", 1: "A.1-b"}
    missing = {d["codes"][0] for d in detectors(settings) if d["detector"] is None}
    assert "A.1-c" in missing and not {"A.1-a", "A.1-b"} & missing


def test_equal_workbooks_give_equal_files(tmp_path):
    path = bank(tmp_path, ["A1a,紫色茶壶,", "A1a,方形云朵,"])
    one = [f.read_bytes() for f in workbook.write(workbook.keywords(path, DAY), tmp_path / "a")]
    two = [f.read_bytes() for f in workbook.write(workbook.keywords(path, DAY), tmp_path / "b")]
    assert one == two


def test_rows_that_cannot_be_used_are_named_by_number_and_never_by_term(tmp_path):
    rows = [
        "A1a,紫色茶壶,",
        "A1a,紫色 茶壶,",
        "Z9,方形云朵,",
        "A1a,x,",
        "A1a,圆形石头,soon",
        "A1a," + "长" * 101 + ",",
    ]
    found = workbook.keywords(bank(tmp_path, rows), DAY)
    assert [number for number, _ in found.refused] == [4, 5, 6, 7] and found.repeated == 1
    assert found.terms == 1 and all("石头" not in why and "云朵" not in why for _, why in found.refused)


def test_a_missing_column_and_an_unreadable_workbook_are_clear_errors(tmp_path):
    with pytest.raises(SettingsError, match="no column 'term'"):
        workbook.keywords(bank(tmp_path, ["A1a,x"], heading="code,words"), DAY)
    with pytest.raises(SettingsError, match="cannot be read"):
        workbook.keywords(tmp_path / "absent.csv", DAY)
    (tmp_path / "b.csv").write_bytes(b"\xff\xff\xff\x00\x81")
    with pytest.raises(SettingsError, match="neither"):
        workbook.keywords(tmp_path / "b.csv", DAY)


def test_control_lists_check_cas_numbers_and_go_to_their_field(tmp_path):
    rows = [
        "examplium chloride,7647-14-5,chemical",
        "wrong digit,7647-14-4,chemical",
        "invented toxin,,biological",
        "x y,,space",
    ]
    found = workbook.control_list(bank(tmp_path, rows, heading="name,cas,field"), "australia-group", DAY)
    assert sorted(found.lexicons) == [
        "control-australia-group-biological",
        "control-australia-group-chemical",
    ]
    assert [n for n, _ in found.refused] == [3, 5]
    nsg = workbook.control_list(bank(tmp_path, ["invented part"], heading="name"), "nsg", DAY)
    assert nsg.lexicons["control-nsg-nuclear"]["code"] == "cbrn-nuclear"
    with pytest.raises(SettingsError, match="choose from"):
        workbook.control_list(tmp_path / "x.csv", "other", DAY)


@pytest.mark.parametrize(
    ("kind", "field"),
    [("nsg", "nuclear"), ("mtcr", "missile"), ("miit", "chemical"), ("australia-group", None)],
)
def test_names_of_each_control_list_are_found_under_the_field_of_their_list(tmp_path, kind, field):
    heading, row = (
        ("name", "invented examplium") if field else ("name,field", "invented examplium,biological")
    )
    folder = tmp_path / "lexicons"
    workbook.write(workbook.control_list(bank(tmp_path, [row], heading=heading), kind, DAY), folder)
    settings = ScreenSettings(operator_lexicons=str(folder), models=(), lexicons=(), cbrn=False)
    hits = scan(["a note on invented examplium", "a note on nothing"], settings)
    assert hits.select("text", "code").rows() == [(0, f"cbrn-{field or 'biological'}")]


def test_a_catalogue_of_important_data_sends_each_hit_to_review(tmp_path):
    path = bank(tmp_path, ["水利,invented dam table", "energy,格网坐标表"], heading="行业,关键词")
    folder = tmp_path / "lexicons"
    workbook.write(workbook.catalogue(path, DAY), folder)
    settings = ScreenSettings(operator_lexicons=str(folder), models=(), lexicons=(), cbrn=False)
    hits = scan(["an invented dam table here", "附格网坐标表"], settings)
    assert hits["code"].to_list() == ["important-data"] * 2


def test_the_counters_say_what_is_short_and_how_old_it_is(tmp_path):
    assert library.facts(ScreenSettings(), DAY) == {"operator_keywords": None, "keyword_library": None}
    rows = [f"A1a,gadget{k}word,2026-11-18" for k in range(201)] + [
        f"A2a,trinket{k}word,2026-11-01" for k in range(99)
    ]
    folder = tmp_path / "lexicons"
    workbook.write(workbook.keywords(bank(tmp_path, rows), DAY), folder)
    told = library.facts(ScreenSettings(operator_lexicons=str(folder)), DAY)
    assert told["operator_keywords"] == 300
    short = told["keyword_library"]["short"]
    assert "A.1-a" not in short and "A.2-a" in short and "A.1-b" in short
    assert told["keyword_library"]["age_days"] == 2 and told["keyword_library"]["fresh"]
    assert not library.facts(ScreenSettings(operator_lexicons=str(folder)), date(2026, 12, 1))[
        "keyword_library"
    ]["fresh"]
