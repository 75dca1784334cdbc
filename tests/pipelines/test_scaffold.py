"""From nothing to a verified release as a new user goes: init, add, check, preview, repro, verify."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support import call

SUBJECTS = [
    "canal locks",
    "rye bread",
    "night trains",
    "paper maps",
    "bee hives",
    "roof gardens",
    "old clocks",
]


def texts(n: int) -> list[str]:
    """Return n different short texts."""
    out = []
    for i in range(n):
        thing, other = SUBJECTS[i % 7], SUBJECTS[(i * 3 + 1) % 7]
        out.append(
            f"Note {i} is about {thing}. In year {1900 + i} a visitor compared {thing} with {other} and wrote down "
            f"{i % 9 + 2} reasons why neither could replace the other; the list was kept in drawer {i * 7}."
        )
    return out


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, keys_folder: Path) -> Path:
    """Return a project made by `hallmark init` with one source added and the pipeline run."""
    home = tmp_path_factory.mktemp("user")
    data = home / "texts" / "notes.jsonl"
    data.parent.mkdir()
    data.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts(60)), encoding="utf-8")
    (home / "CC-BY-4.0.txt").write_text("Creative Commons Attribution 4.0, granted by the note keepers.\n")
    call(["hallmark", "init", "my-corpus"], home, keys_folder)
    return home / "my-corpus"


@pytest.fixture(scope="module")
def added(project: Path, keys_folder: Path) -> str:
    command = ["hallmark", "source", "add", "../texts/notes.jsonl", "--id", "notes", "--licence", "CC-BY-4.0"]
    done = call([*command, "--class", "open-licence", "--evidence", "../CC-BY-4.0.txt"], project, keys_folder)
    return done.stdout


def test_init_makes_everything_a_project_needs(project: Path) -> None:
    for name in (
        "dvc.yaml",
        "params.yaml",
        "sources.yaml",
        "sources.schema.json",
        "trust.json",
        ".gitignore",
        ".dvc",
        ".git",
    ):
        assert (project / name).exists(), name
    for name in ("policies", "reviews", "ledger", "history", "countersignatures"):
        assert any((project / name).iterdir()), name
    config = (project / ".dvc" / "config").read_text()
    assert "analytics = false" in config


@pytest.mark.parametrize(("kind", "path"), [("github", ".github/workflows/"), ("gitlab", ".gitlab-ci.yml")])
def test_init_writes_the_job_that_stops_material_changes(
    project: Path, keys_folder: Path, kind: str, path: str
) -> None:
    call(["hallmark", "init", f"with-{kind}", "--ci", kind], project.parent, keys_folder)
    written = project.parent / f"with-{kind}" / path
    files = [written] if written.is_file() else [p for p in written.rglob("*") if p.is_file()]
    assert "hallmark gate" in files[0].read_text(encoding="utf-8")


def test_init_takes_a_folder_whose_name_is_not_ascii(project: Path, keys_folder: Path) -> None:
    folder = project.parent / "语料 é"
    call(["hallmark", "init", str(folder)], project.parent, keys_folder)
    assert (folder / "params.yaml").is_file()
    assert re.search(
        r"/corpus-[0-9a-f]{8}-restricted\n", (folder / ".dvc" / "config").read_text(encoding="utf-8")
    )
    call(["dvc", "status"], folder, keys_folder)


def test_init_that_failed_can_be_given_again(project: Path, keys_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "git").chmod(0o755)
    failing = f"PATH={tmp_path}:$PATH hallmark init again"
    assert "git failed" in call(["sh", "-c", failing], project.parent, keys_folder, code=1).stderr
    call(["hallmark", "init", "again"], project.parent, keys_folder)


def test_a_place_that_cannot_be_written_is_named_without_a_traceback(
    keys_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = call(["hallmark", "init", "file/below"], tmp_path, keys_folder, code=1)
    assert done.stderr == f"error: {tmp_path / 'file' / 'below'}: Not a directory\n"


def test_init_refuses_a_folder_that_holds_a_project(project: Path, keys_folder: Path) -> None:
    done = call(["hallmark", "init", str(project)], project.parent, keys_folder, code=1)
    assert "already" in done.stderr


def test_add_shows_what_it_understood_without_showing_the_text(added: str) -> None:
    assert "1 file," in added
    assert "jsonl" in added
    assert added.count("notes.jsonl#") == 3
    assert "xxxx 0 xx xxxxx xxxxx xxxxx" in added
    assert "canal" not in added


def test_check_says_what_is_missing_and_why(project: Path, added: str, keys_folder: Path) -> None:
    done = call(["hallmark", "source", "check"], project, keys_folder, code=None)
    assert done.stdout.strip()
    bare = project.parent / "bare"
    call(["hallmark", "init", str(bare)], project.parent, keys_folder)
    entry = (project / "sources.yaml").read_text().replace("open-licence", "self-collected")
    (bare / "sources.yaml").write_text(entry.replace("../", f"{project.parent}/"))
    refused = call(["hallmark", "source", "check"], bare, keys_folder, code=1)
    assert "collection-record" in refused.stdout
    assert "because" in refused.stdout


def test_preview_runs_everything_and_changes_nothing(project: Path, added: str, keys_folder: Path) -> None:
    done = call(["hallmark", "preview", "--docs", "20"], project, keys_folder)
    assert "the books close" in done.stdout
    assert not (project / "release").exists()
    assert not (project / "data" / "preview").exists()


def test_repro_and_verify(project: Path, added: str, keys_folder: Path) -> None:
    call(["dvc", "repro"], project, keys_folder)
    done = call(["hallmark", "verify", "release"], project, keys_folder)
    assert "screened" in done.stdout
    books = json.loads(call(["hallmark", "books", "--json"], project, keys_folder).stdout)
    assert books["total"]["in"] == 60
    assert books["total"]["kept"] + books["total"]["redacted"] > 50


def test_metrics_and_plots_show_the_funnel_and_the_time(project: Path, added: str, keys_folder: Path) -> None:
    call(["dvc", "repro"], project, keys_folder)
    metrics = json.loads(call(["dvc", "metrics", "show", "--json"], project, keys_folder).stdout)[""]["data"]
    assert metrics["metrics/decide.json"]["data"]["books"]["in"] == 60
    assert metrics["runs/times.json"]["data"]["screen"]["seconds"] > 0
    shown = call(["dvc", "plots", "show", "--json"], project, keys_folder).stdout
    assert "funnel.csv" in shown
    assert "reasons.csv" in shown


def test_a_source_can_be_added_later_and_only_its_parts_are_worked_on(
    project: Path, added: str, keys_folder: Path
) -> None:
    call(["dvc", "repro"], project, keys_folder)
    more = project.parent / "texts" / "more.txt"
    more.write_text(
        "A lone text about the keeper of a lighthouse who collected barometers and letters from whalers.\n"
    )
    command = ["hallmark", "source", "add", "../texts/more.txt", "--id", "more", "--licence", "MIT"]
    call([*command, "--class", "open-licence", "--evidence", "../CC-BY-4.0.txt"], project, keys_folder)
    call(["dvc", "repro"], project, keys_folder)
    times = json.loads((project / "runs" / "times.json").read_text())
    for stage in ("ingest", "quality", "pii", "screen"):
        assert times[stage]["parts_worked"] == 1, stage
    books = json.loads(call(["hallmark", "books", "--json"], project, keys_folder).stdout)
    assert books["total"]["in"] == 61
