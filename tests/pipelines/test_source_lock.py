"""What was accepted for a source's revision is all that goes in: every other byte is an error until it changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineage.errors import InputError
from pipelines.cli import app
from pipelines.project import Project, read_json, write_json
from pipelines.run import run_stage

ROOT = Path(__file__).parents[2]
ENTRY = {
    "id": "shelf", "title": {"zh": "书架", "en": "Shelf"}, "paths": ["in"], "class": "public-domain",
    "licence": "CC0-1.0", "jurisdiction": "CN", "storage_region": "CN", "cross_border": False,
    "collected": {"from": "2025-01-01", "to": "2025-02-01"}, "retain_until": "2035-12-31",
    "personal_data": {"lawful_basis": "not-personal"}, "purpose": ["pretraining"],
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project whose one source was accepted."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("first")
    (tmp_path / "in" / "b.txt").write_text("second")
    revise(tmp_path, "1")
    run_stage("inventory", Project(tmp_path))
    return tmp_path


def revise(root: Path, revision: str) -> None:
    write_json(root / "sources.yaml", {"sources": [ENTRY | {"revision": revision}]})


def test_the_first_run_writes_the_accepted_digests_and_the_second_changes_nothing(root):
    before = (root / "sources.lock").read_bytes()
    assert set(read_json(root / "sources.lock")["shelf"]["files"]) == {"in/a.txt", "in/b.txt"}
    run_stage("inventory", Project(root))
    assert (root / "sources.lock").read_bytes() == before


def change(root: Path) -> None:
    (root / "in" / "a.txt").write_text("other")


def appear(root: Path) -> None:
    (root / "in" / "c.txt").write_text("third")


def vanish(root: Path) -> None:
    (root / "in" / "b.txt").unlink()


@pytest.mark.parametrize(
    ("event", "word"),
    [(change, "changed: in/a.txt"), (appear, "new: in/c.txt"), (vanish, "missing: in/b.txt")],
)
def test_another_file_is_an_error_until_the_revision_changes(root, event, word):
    listed = (root / "data" / "inventory" / "ingest.json").read_bytes()
    event(root)
    for _ in range(2):  # the error does not accept by itself
        with pytest.raises(InputError, match=word):
            run_stage("inventory", Project(root))
    assert (root / "data" / "inventory" / "ingest.json").read_bytes() == listed
    revise(root, "2")
    run_stage("inventory", Project(root))
    assert read_json(root / "sources.lock")["shelf"]["revision"] == "2"


def test_changed_paths_bring_new_files_but_excuse_no_changed_ones(root):
    appear(root)
    write_json(root / "sources.yaml", {"sources": [ENTRY | {"paths": ["in/a.txt", "in/c.txt"]}]})
    run_stage("inventory", Project(root))
    assert set(read_json(root / "sources.lock")["shelf"]["files"]) == {"in/a.txt", "in/c.txt"}
    change(root)
    write_json(root / "sources.yaml", {"sources": [ENTRY | {"paths": ["in/a.txt"]}]})
    with pytest.raises(InputError, match=r"changed: in/a.txt"):
        run_stage("inventory", Project(root))


def test_a_source_that_is_gone_leaves_the_lock(root):
    write_json(root / "sources.yaml", {"sources": [ENTRY | {"id": "other"}]})
    run_stage("inventory", Project(root))
    assert set(read_json(root / "sources.lock")) == {"other"}


def test_source_add_accepts_what_it_showed(root, monkeypatch):
    monkeypatch.chdir(root)
    (root / "more.txt").write_text("The reeds stand by the river.")
    command = [
        "source",
        "add",
        "more.txt",
        "--id",
        "more",
        "--licence",
        "CC0-1.0",
        "--class",
        "public-domain",
    ]
    text = (root / "sources.yaml").read_text()
    (root / "sources.yaml").write_text(
        "sources:\n  - " + text.split("[", 1)[1].rsplit("]", 1)[0].strip() + "\n"
    )
    assert CliRunner().invoke(app, command).exit_code == 0
    assert set(read_json(root / "sources.lock")) == {"shelf", "more"}
    (root / "more.txt").write_text("Other words.")
    with pytest.raises(InputError, match=r"changed: more.txt"):
        run_stage("inventory", Project(root))
