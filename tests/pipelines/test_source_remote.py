"""Sources that lie elsewhere go through the same commands as local ones: read, pinned, refused, purged."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from support import call

from lineage.errors import InputError
from pipelines.project import Project, read_json, write_json
from pipelines.run import run_stage

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "stages" / "ingest"))
from remote_stores import web_server  # noqa: E402

ENTRY = {
    "id": "shelf", "title": {"zh": "书架", "en": "Shelf"}, "class": "public-domain",
    "licence": "CC0-1.0", "jurisdiction": "CN", "storage_region": "CN", "cross_border": False,
    "collected": {"from": "2025-01-01", "to": "2025-02-01"}, "retain_until": "2035-12-31",
    "personal_data": {"lawful_basis": "not-personal"}, "purpose": ["pretraining"],
}  # fmt: skip


def source(root: Path, path: str, revision: str = "1") -> Path:
    """Write a project of one source."""
    if not (root / "policies").exists():
        shutil.copy(ROOT / "params.yaml", root / "params.yaml")
        shutil.copytree(ROOT / "policies", root / "policies")
    write_json(root / "sources.yaml", {"sources": [ENTRY | {"paths": [path], "revision": revision}]})
    return root


@pytest.mark.parametrize(
    ("said", "code"), [({}, 0), ({"HF_HUB_OFFLINE": "1"}, 1), ({"HALLMARK_OFFLINE": "1"}, 1)]
)
def test_the_pipeline_reads_the_hub_unless_the_operator_says_no(
    tmp_path, keys_folder, monkeypatch, said, code
):
    for name in [n for n in os.environ if n.endswith("_OFFLINE") or "QUIET" in n]:
        monkeypatch.delenv(name)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    source(tmp_path, "hf://datasets/house/set/deep")
    with web_server({"deep/c.txt": b"One more text."}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        done = call(["hallmark", "stage", "run", "inventory"], tmp_path, keys_folder, code=code)
        assert not code or "hf://datasets/house/set/deep" in done.stderr
        if not code:
            call(["hallmark", "stage", "run", "ingest"], tmp_path, keys_folder)
            assert read_json(tmp_path / "metrics" / "ingest.json")["documents"] == 1


def test_a_changed_remote_file_is_an_error_until_its_revision_changes(tmp_path):
    with web_server({"a.jsonl": b'{"text": "one"}\n'}) as server:
        url = f"{server.url}/a.jsonl"
        run_stage("inventory", Project(source(tmp_path, url)))
        server.files["a.jsonl"] = b'{"text": "two"}\n'
        with pytest.raises(InputError, match="revision"):
            run_stage("inventory", Project(tmp_path))
        run_stage("inventory", Project(source(tmp_path, url, "2")))
    assert list(read_json(tmp_path / "sources.lock")["shelf"]["files"]) == [url]
