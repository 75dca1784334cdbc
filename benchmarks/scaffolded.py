"""A scaffolded project over given files, as the benchmarks of whole runs need it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pipelines.scaffold import make_project

EVIDENCE = "evidence/README.txt"


def scaffold(project: Path, name: str, workers: int) -> None:
    """Make a project as `hallmark init` does, with so many workers and a paper that serves as evidence."""
    make_project(project, name)
    params = project / "params.yaml"
    params.write_text(re.sub(r"workers: \d+", f"workers: {workers}", params.read_text()))
    (project / EVIDENCE).parent.mkdir(exist_ok=True)
    (project / EVIDENCE).write_text("Made for a measurement from openly licensed corpora.\n")


def write_entries(project: Path, entries: dict[str, str], **fields: str) -> None:
    """Write sources.yaml: id to path pattern, each with every answer that publishing asks for; `fields` as in it."""
    answers = {
        "fields": {"text": "text"} | fields,
        "class": "open-licence",
        "licence": "CC0-1.0",
        "evidence": [{"kind": "licence-text", "path": EVIDENCE}],
        "jurisdiction": "CN",
        "storage_region": "CN",
        "cross_border": False,
        "collected": {"from": "2024-01-01", "to": "2026-01-01"},
        "personal_data": {"lawful_basis": "public-disclosure"},
        "retain_until": "2036-01-01",
        "purpose": ["pretraining"],
    }
    sources = [
        {"id": name, "title": {"zh": name, "en": name}, "paths": [pattern]} | answers
        for name, pattern in entries.items()
    ]
    (project / "sources.yaml").write_text(json.dumps({"sources": sources}, indent=1), encoding="utf-8")
