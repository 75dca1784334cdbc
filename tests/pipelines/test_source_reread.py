"""A document's origin leads back to the same bytes, or the proof says that it does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lineage.errors import HallmarkError
from pipelines import parts
from pipelines.project import Project, write_json
from pipelines.reread import reread_proof
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
    """Return an ingested project of one source in three formats."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "in").mkdir()
    lines = (json.dumps({"text": f"河边的芦苇 {i}"}, ensure_ascii=i % 2 == 0) for i in range(20))
    (tmp_path / "in" / "a.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "in" / "b.csv").write_bytes('text,n\n"席子,冬天",1\n秋天,2\n'.encode("gb18030"))
    (tmp_path / "in" / "c.txt").write_text("one\r\ntwo")
    write_json(tmp_path / "sources.yaml", {"sources": [ENTRY]})
    found = Project(tmp_path)
    run_stage("inventory", found)
    run_stage("ingest", found)
    return found


def origins(project: Project) -> list[dict]:
    return [
        row for ref in project.parts() for row in parts.read_part(project.table("ingest", ref)).to_dicts()
    ]


def test_every_document_leads_back_to_its_bytes_and_a_changed_file_is_told(project):
    rows = origins(project)
    assert len(rows) == 23
    assert all(reread_proof(project, row)["matches"] for row in rows)
    path = project.root / "in" / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b" 7", b" 8"))
    broken = [row for row in rows if not reread_proof(project, row)["matches"]]
    assert [row["record"] for row in broken] == [7]
    assert "text" not in reread_proof(project, rows[0])


def test_a_source_that_is_gone_is_named(project):
    with pytest.raises(HallmarkError, match="no source 'other'"):
        reread_proof(project, origins(project)[0] | {"source": "other"})
