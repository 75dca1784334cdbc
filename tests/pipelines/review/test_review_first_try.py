"""What a new reviewer meets who has read no documentation: every answer names the next command."""

from __future__ import annotations

import re
import shlex
import shutil
import webbrowser
from pathlib import Path

import desk_project as made
import pytest
from typer.testing import CliRunner, Result

from lineage.errors import SettingsError
from pipelines import cli
from pipelines.project import Project
from pipelines.review_desk.desk import Desk
from pipelines.review_desk.serve import next_step


def run(command: str) -> Result:
    return CliRunner().invoke(cli.app, shlex.split(command.removeprefix("hallmark ")))


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("HALLMARK_TRUST", raising=False)
    shutil.copytree(keys_folder, tmp_path / "keys")
    found = made.copied(tmp_path_factory.getbasetemp(), tmp_path / "project")
    monkeypatch.chdir(found.root)
    return found


def test_the_way_to_a_signed_review_is_told_step_by_step(project: Project) -> None:
    desk = Desk(project, "audit", "r1", "annotator")
    for _ in range(3):
        desk.judge(desk.state()["item"], "pass", None, 20.0)
    step = re.search(r"`(hallmark [^`]+)`", next_step(desk))
    desk.close()
    assert step
    signed = run(step[1])
    assert signed.exit_code == 0, signed.output
    assert "which is no reviewer's key" in run("review status").output
    vouch = next(line.strip() for line in signed.output.splitlines() if "keys trust" in line)
    assert run(vouch).exit_code == 0
    told = run("review status").output
    assert re.search(r"r1\.jsonl: 3 lines, signed \(key", told)


def test_in_a_release_folder_alone_the_desk_says_what_can_be_done_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "release" / "meta").mkdir(parents=True)
    (tmp_path / "release" / "meta" / "manifest.json").write_text("{}")
    for folder in (tmp_path, tmp_path / "release"):
        monkeypatch.chdir(folder)
        with pytest.raises(SettingsError, match="this is a release") as told:
            Project.find()
        assert all(word in told.value.cure for word in ("verify", "sheet open", "certify"))


def test_a_sheet_opens_from_a_release_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = tmp_path / "release" / "sheets" / "release.en.html"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("x")
    (tmp_path / "release" / "meta").mkdir()
    (tmp_path / "release" / "meta" / "manifest.json").write_text("{}")
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda uri: opened.append(uri) or True)
    monkeypatch.chdir(tmp_path)
    assert run("sheet open --lang en").exit_code == 0
    assert opened == [sheet.as_uri()]
