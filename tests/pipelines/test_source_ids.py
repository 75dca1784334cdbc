"""The stage ingest keeps ids unique over the parts of a source, and forgets nothing when files change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from pipelines import parts
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
def project(tmp_path: Path) -> Project:
    """Return a project of one source whose files become a part each."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    text = (tmp_path / "params.yaml").read_text()
    assert "\ningest: {}" in text or "\ningest:" not in text
    text = text.replace("\ningest: {}", "") + "\ningest: {part_mib: 0.004}\n"
    (tmp_path / "params.yaml").write_text(text)
    write_json(tmp_path / "sources.yaml", {"sources": [ENTRY]})
    (tmp_path / "in").mkdir()
    for name, ids in {"a": "abc", "b": "de", "c": "cfa"}.items():
        write(tmp_path, name, ids)
    return Project(tmp_path)


def write(root: Path, name: str, ids: str) -> None:
    lines = (json.dumps({"id": i, "text": f"{name}{i} " + "reed " * 400}) for i in ids)
    (root / "in" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def revise(root: Path, revision: str) -> None:
    write_json(root / "sources.yaml", {"sources": [ENTRY | {"revision": revision}]})


def test_documents_whose_own_licence_cannot_be_read_are_counted(project):
    lines = [{"id": n, "text": f"page {n}", "license": n} for n in ("MIT", "my own", "ask the author")]
    (project.root / "in" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ingest(project)
    counted = read_json(project.root / "metrics" / "ingest.json")
    assert counted["licence_unread"] == counted["sources"]["shelf"]["licence_unread"] == 2


def ingest(project: Project) -> tuple[dict, dict[str, bytes]]:
    """Run inventory and ingest; return the errors by native id, and each part's bytes."""
    run_stage("inventory", project)
    run_stage("ingest", project)
    files = {ref.part: project.table("ingest", ref) for ref in project.parts()}
    table = pl.concat([parts.read_part(path, ["native_id", "doc_id", "error"]) for path in files.values()])
    assert table["doc_id"].n_unique() == table.height
    errors = {name.partition("!")[0]: error for name, error in table.select("native_id", "error").rows()}
    return errors, {part: path.read_bytes() for part, path in files.items()}


def test_a_repeat_in_another_part_is_told_and_gone_when_its_cause_is_gone(project):
    errors, first = ingest(project)
    assert len(first) >= 3
    marked = read_json(project.data / "ingest" / "ids.json")["shelf"]["repeats"]
    assert 1 <= len(marked) <= len(first) - 2
    assert {name for name, error in errors.items() if error == "duplicate-id"} == {"a", "c"}
    assert ingest(project)[1] == first
    revise(project.root, "2")
    (project.root / "in" / "a.jsonl").unlink()
    errors, later = ingest(Project(project.root))
    assert set(errors.values()) == {None}
    revise(project.root, "1")
    write(project.root, "a", "abc")
    assert ingest(Project(project.root))[1] == first
    untouched = [part for part in later if part in first and part not in marked]
    assert untouched and all(later[part] == first[part] for part in untouched)


def test_a_run_that_stopped_before_marking_is_made_whole(project):
    _, first = ingest(project)
    (project.data / "ingest" / "ids.json").unlink()
    assert ingest(Project(project.root))[1] == first
