"""Office files hold what the papers hold, and are the same bytes at any time of day."""

from __future__ import annotations

import io
import zipfile

import docx
import export_release as made
import openpyxl
import pytest

from lineage.exports import Release
from lineage.exports.office import docx as to_docx
from lineage.exports.office import keyword_workbook, xlsx
from lineage.exports.paper import Paper
from lineage.exports.papers import RESTRICTED, papers


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return made.build(tmp_path_factory.mktemp("release"))


def test_a_document_holds_every_heading_and_cell_of_the_paper(release: Release) -> None:
    from lineage.exports.clauses import clause_table

    paper = clause_table(release, "zh")
    read = docx.Document(io.BytesIO(to_docx(paper)))
    cells = [[[c.text for c in row.cells] for row in t.rows] for t in read.tables]
    assert cells == [[heads, *rows] for kind, *(heads, rows) in [b for b in paper.blocks if b[0] == "table"]]
    assert read.paragraphs[0].text == paper.title


def test_the_same_paper_gives_the_same_bytes_and_no_date_of_today() -> None:
    paper = Paper("T").head("H").say("p").points(["a"]).table(["x"], [(1,)])
    first, later = to_docx(paper), to_docx(paper)
    assert first == later
    for content in (first, xlsx({"s": (["a"], [(1,)])})):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            assert {i.date_time for i in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert b"1980-01-01T00:00:00Z" in packed.read("docProps/core.xml")
            assert b"202" not in packed.read("docProps/core.xml").split(b"<dcterms", 1)[1]


def test_a_cell_that_begins_like_a_formula_stays_text() -> None:
    rows = [("=1+1", "@x", "-2", "+3")]
    book = openpyxl.load_workbook(io.BytesIO(xlsx({"s": (["a", "b", "c", "d"], rows)})))
    cells = next(iter(book["s"].iter_rows(min_row=2)))
    assert tuple(c.value for c in cells) == rows[0]
    assert all(c.data_type == "s" for c in cells)


def test_control_characters_do_not_break_an_office_file() -> None:
    bad = "a\x00b\x0b\ud800"
    assert "[U+0000]" in docx.Document(io.BytesIO(to_docx(Paper("t").say(bad)))).paragraphs[1].text
    assert openpyxl.load_workbook(io.BytesIO(xlsx({"s": ([bad], [])})))["s"]["A1"].value.startswith(
        "a[U+0000]"
    )


def test_the_keyword_workbook_has_the_three_columns_of_the_filing_and_the_counts() -> None:
    made_book = keyword_workbook([("甲", "一", "二")], [("A.1-a", "某", 1, 200)])
    book = openpyxl.load_workbook(io.BytesIO(made_book))
    assert [c.value for c in book["关键词"][1]] == ["关键词", "一级分类", "二级分类"]
    assert [c.value for c in book["数量"][2]] == ["A.1-a", "某", 1, 200, "否"]


def test_a_chinese_filing_has_its_four_annexes_and_no_keywords_unless_given(release: Release) -> None:
    without = papers(release, "cn")
    named = {name.partition(".")[0] for name in without}
    assert {"report-corpora", "annex-3-annotation", "annex-7-proofs", "clauses"} <= named
    assert RESTRICTED not in without
    assert RESTRICTED in papers(release, "cn", keywords=([("甲", "一", "二")], []))


def test_annotation_rules_say_not_involved_with_the_reason_or_give_the_record(release: Release) -> None:
    bare = papers(release, "cn", formats="md")["annex-3-annotation.zh.md"].decode()
    assert "不涉及" in bare and "理由" in bare
    record = {"wiki": {"rules": ["逐条核对"], "reviewers": 2}}
    told = papers(release, "cn", formats="md", annotations=record)["annex-3-annotation.zh.md"].decode()
    assert "逐条核对" in told and "不涉及" not in told
