"""Items go out to other tools and verdicts come back, all or nothing."""

from __future__ import annotations

import csv
import io
import json
import stat
import zipfile
from pathlib import Path

import desk_project as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import HallmarkError, InputError
from pipelines.project import Project
from pipelines.review_desk import exchange, label_studio, xlsx
from pipelines.review_desk.draws import load_items
from pipelines.review_desk.spreadsheet import write as write_table
from stages.decide.reviews import load_reviews, read_reviews


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    return made.copied(tmp_path_factory.getbasetemp(), tmp_path / "project")


def out(project: Project, path: Path, **more) -> int:
    return exchange.export_items(project, more.pop("draw", "audit"), "r1", "annotator", path, **more)


def back(project: Project, path: Path, who: str = "r1", role: str = "annotator") -> dict:
    return exchange.import_verdicts(project, "audit", who, role, path)


def filled(path: Path, verdicts: list[tuple[str, str]]) -> Path:
    """Fill in the first rows of an exported table, as a person would."""
    if path.suffix == ".xlsx":
        rows = xlsx.read(path)
    else:
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    for row, (verdict, code) in zip(rows[1:], verdicts, strict=False):
        row[6:8] = [verdict, code]
    if path.suffix == ".xlsx":
        path.write_bytes(xlsx.write(rows, (10,) * 8))
    else:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        path.write_text(text.getvalue(), "utf-8-sig", newline="")
    return path


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_table_goes_out_and_its_verdicts_come_back_once(
    project: Project, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"items{ending}"
    assert out(project, path, limit=5) == 5
    filled(path, [("pass", ""), ("Remove ", "A.2-d"), ("", ""), ("unsure", "")])
    assert back(project, path) == {"read": 5, "empty": 2, "written": 3, "known": 0}
    assert back(project, path) == {"read": 5, "empty": 2, "written": 0, "known": 3}
    first = [i.id for i in load_items(project, "audit")][:2]
    found = dict(load_reviews(project.root / "reviews").select("doc_id", "verdict").rows())
    assert found == {bytes.fromhex(first[0]): "pass", bytes.fromhex(first[1]): "remove"}
    assert out(project, path) == len(load_items(project, "audit")) - 3


def test_label_studio_tasks_go_out_and_its_export_comes_back(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    out(project, path)
    tasks = json.loads(path.read_text())
    names = label_studio.config()
    for n, task in enumerate(tasks[:3]):
        result = [
            {"from_name": "verdict", "to_name": "text", "type": "choices", "value": {"choices": ["remove"]}}
        ]
        result.append(
            {"from_name": "code", "to_name": "text", "type": "choices", "value": {"choices": ["A.4-e"]}}
        )
        task["annotations"] = [{"result": result, "lead_time": 3.21, "was_cancelled": n == 2}]
    assert 'name="verdict"' in names
    assert 'value="A.4-e"' in names
    path.write_text(json.dumps(tasks))
    assert back(project, path)["written"] == 2
    lines = read_reviews(project.root / "reviews")
    assert lines.select("verdict", "code", "seconds").rows() == [("remove", "A.4-e", 3.2)] * 2


def test_label_studio_spans_hold_the_text_they_mark_in_utf16_units(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    out(project, path, draw="quarantine")
    spans = [(t["data"]["text"], r["value"]) for t in json.loads(path.read_text()) for r in _results(t)]
    assert spans
    for text, value in spans:
        units = text.encode("utf-16-le")
        assert units[2 * value["start"] : 2 * value["end"]].decode("utf-16-le") == value["text"]


def _results(task: dict) -> list[dict]:
    return [r for p in task["predictions"] for r in p["result"]]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ((1, "ff" * 32), "not an item"),
        ((2, "ff" * 32), "not an item"),
        ((6, "good"), "no such verdict"),
        ((7, "B.9"), "without a known risk code"),
    ],
)
def test_one_unsound_row_is_named_and_nothing_is_written(
    project: Project, tmp_path: Path, change, word
) -> None:
    path = tmp_path / "items.xlsx"
    out(project, path, limit=3)
    filled(path, [("pass", ""), ("pass", ""), ("remove", "A.2-d")])
    rows = xlsx.read(path)
    rows[3][change[0]] = change[1]
    path.write_bytes(xlsx.write(rows, (10,) * 8))
    with pytest.raises(InputError, match=word) as e:
        back(project, path)
    assert e.value.where.endswith("items.xlsx:4")
    assert not list((project.root / "reviews").glob("*.jsonl"))


def test_nobody_imports_a_second_reading_of_own_items(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    out(project, path, limit=2)
    filled(path, [("pass", "")])
    back(project, path)
    with pytest.raises(InputError, match="another role"):
        back(project, path, "r1", "reviewer")
    assert back(project, path, "r2", "reviewer")["written"] == 1


def test_an_export_stays_out_of_what_git_or_a_release_could_take(project: Project) -> None:
    with pytest.raises(HallmarkError, match="restricted text"):
        out(project, project.root / "reviews" / "items.csv")
    inside = project.data / "items.csv"
    out(project, inside, limit=1)
    assert stat.S_IMODE(inside.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("x.xlsx", b"PK\x03\x04 nothing", "not a workbook"),
        ("x.csv", b"\xff\xfe\x00", "not a UTF-8 table"),
        ("x.csv", b"a,b\n1,2\n", "no column"),
        ("x.json", b"{}{", "not a Label Studio export"),
        ("x.json", b'[{"data": 5}]', "not a Label Studio export"),
        ("x.ods", b"", "unknown ending"),
    ],
)
def test_a_file_of_another_kind_is_an_error_with_words(
    project: Project, tmp_path: Path, name, content, word
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HallmarkError, match=word):
        back(project, tmp_path / name)


def test_a_text_that_looks_like_a_formula_is_disarmed_in_csv() -> None:
    row = {"doc_id": "a", "text_sha256": "b", "source": "s", "text": "=HYPERLINK(1)", "findings": []}
    cells = list(csv.reader(io.StringIO(write_table([row], ".csv").decode("utf-8-sig"), newline="")))
    assert cells[1][5] == "'=HYPERLINK(1)"


def test_a_workbook_with_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bomb)
    with pytest.raises(InputError, match="entities"):
        xlsx.read(path)


def test_a_workbook_saved_by_a_spreadsheet_with_shared_strings_is_read(tmp_path: Path) -> None:
    head = f'xmlns="{xlsx.NS[1:-1]}"'
    shared = f"<sst {head}><si><t>doc_id</t></si><si><r><t>ver</t></r><r><t>dict</t></r></si></sst>"
    cells = '<c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c>'
    sheet = f'<worksheet {head}><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", shared)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    assert xlsx.read(path) == [["doc_id", "", "verdict"]]


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))


@given(st.lists(st.lists(CELL, min_size=1, max_size=30), min_size=1, max_size=4))
def test_what_is_written_to_a_workbook_is_read_back(tmp_path_factory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("x") / "x.xlsx"
    path.write_bytes(xlsx.write(rows, (10,)))
    assert xlsx.read(path) == rows
    assert xlsx.write(rows, (10,)) == path.read_bytes()
