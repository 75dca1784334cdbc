"""The names of detectors are kept between runs, and never longer than they are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage import evidence, keys
from pipelines.detector_lists import detectors
from pipelines.project import Project
from pipelines.run import run_stage
from pipelines.scaffold import make_project
from pipelines.tasks.sample import measured_languages
from stages import quality, screen

STAGE = "quality"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "keys"))
    keys.init(tmp_path / "keys")
    make_project(tmp_path / "p", "house")
    return tmp_path / "p"


def listed(project: Path) -> list[dict]:
    run_stage("inventory", Project(project))
    return detectors(Project(project), STAGE)


def test_the_list_is_the_stages_own_and_is_not_asked_for_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def naming(settings: quality.QualitySettings) -> list[dict]:
        asked.append(settings)
        return own(settings)

    own = quality.detectors
    monkeypatch.setattr(quality, "detectors", naming, raising=False)
    assert listed(project) == listed(project) == own(Project(project).params.quality)
    assert len(asked) == 1


def test_a_changed_setting_names_them_anew(project: Path) -> None:
    before = listed(project)
    params = project / "params.yaml"
    text = params.read_text()
    line = "short_line: 30"
    assert line in text
    params.write_text(text.replace(line, "short_line: 31"))
    after = listed(project)
    assert [d["sha256"] for d in after] != [d["sha256"] for d in before]


def test_changed_code_names_them_anew(project: Path) -> None:
    from pipelines.project import read_json, write_json

    listed(project)
    inventory = project / "data" / "inventory" / f"{STAGE}.json"
    held = project / "data" / ".detectors" / f"{STAGE}.json"
    first = read_json(held)["key"]
    entry = read_json(inventory)
    write_json(inventory, entry | {"code": entry["code"] | {"sha256": "0" * 64}})
    detectors(Project(project), STAGE)
    assert read_json(held)["key"] != first


def test_the_measured_languages_are_those_of_the_stages_own_list(project: Path) -> None:
    run_stage("inventory", Project(project))
    params = Project(project).params.screen
    own = evidence.languages(
        screen.detectors(params), evidence.load([Path(screen.__file__).parent / "evidence"])
    )
    assert own
    assert measured_languages(Project(project)) == own == measured_languages(Project(project))
