"""What is due on a day, and the one byte range of params.yaml that `--apply` touches."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import removal_house as house

from lineage.errors import SettingsError
from pipelines.project import Project
from pipelines.removal.due import due, due_report, move_as_of

DAY = dt.date(2036, 1, 2)


def test_nothing_is_due_before_the_last_day_and_everything_after_it(built):
    assert due(built, dt.date(2036, 1, 1))["ended"] == [
        {"what": "certificate", "name": "release", "until": "2027-11-01"}
    ]
    rows = [r for r in due(built, DAY)["ended"] if "source" in r]
    assert [(r["source"], r["docs"]) for r in rows] == [("copies", 2), ("web", 6)]
    assert sum(r["published"] for r in rows) == 7


def test_what_ends_next_comes_soonest_first(built):
    found = due(built, house.AS_OF)
    assert found["ended"] == []
    assert [(r["until"], r["what"]) for r in found["next"]] == [
        ("2027-11-01", "certificate"), ("2036-01-01", "retention"), ("2036-01-01", "retention"),
    ]  # fmt: skip


def test_apply_changes_the_date_and_no_other_byte(project):
    path = project.root / "params.yaml"
    for line in ('  as_of: "2026-11-01"   # kept', "  as_of: '2026-11-01'", "  as_of: 2026-11-01"):
        head = "# head: as_of\nrelease:\n  id: house\n  title: {zh: h, en: h}\n"
        text = f"{head}{line}\n\nexecutor:\n  workers: 1 # one\n"
        path.write_text(text, encoding="utf-8")
        move_as_of(Project(project.root), DAY)
        new = path.read_text(encoding="utf-8")
        assert Project(project.root).params.release.as_of == DAY
        bare = [
            t.replace("2036-01-02", "*").replace("2026-11-01", "*").replace('"', "").replace("'", "")
            for t in (text, new)
        ]
        assert bare[0] == bare[1]
        assert '"2036-01-02"' in new or "'2036-01-02'" in new


def test_the_date_does_not_go_back(project):
    before = (project.root / "params.yaml").read_bytes()
    with pytest.raises(SettingsError, match="does not go back"):
        move_as_of(project, dt.date(2020, 1, 1))
    assert (project.root / "params.yaml").read_bytes() == before


def test_documents_past_their_retention_leave_at_the_next_run(project):
    said = json.loads(due_report(project, DAY, apply=True, as_json=True))
    assert said["applied"]
    project = house.run(project.root, "sample", "decide")
    metrics = json.loads((project.root / "metrics" / "decide.json").read_text())
    assert {r["reason"]: r["docs"] for r in metrics["reasons"]} == {"retention-ended": 8}
