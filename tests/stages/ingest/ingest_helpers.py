"""A source that a test can bend, and the way from files to rows."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stages.ingest.files import list_files
from stages.ingest.locator import reread
from stages.ingest.plan import plan_parts
from stages.ingest.read import read_part
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source

ENTRY: dict[str, Any] = {
    "id": "shelf",
    "title": {"zh": "书架", "en": "Shelf"},
    "paths": ["in"],
    "class": "public-domain",
    "licence": "CC0-1.0",
    "jurisdiction": "CN",
    "storage_region": "CN",
    "cross_border": False,
    "collected": {"from": "2025-01-01", "to": "2025-02-01"},
    "personal_data": {"lawful_basis": "not-personal"},
    "retain_until": "2035-12-31",
    "purpose": ["pretraining"],
}


def make_source(**changes: Any) -> Source:
    """Return a valid source with some fields changed."""
    return Source.model_validate(ENTRY | changes)


def read_all(project: Path, source: Source | None = None, **settings: Any) -> list[dict[str, Any]]:
    """Read every part of a source and return its rows; locators must give the bytes again."""
    source, chosen = source or make_source(), IngestSettings(**settings)
    rows: list[dict[str, Any]] = []
    for part in plan_parts(source, list_files(source, project), chosen):
        table = read_part(source, part, project, chosen)
        assert table.column("row").to_pylist() == list(range(table.num_rows))
        rows += table.to_pylist()
    good = [row for row in rows if row["status"] == "ok"]
    for row in good[:: max(1, len(good) // 20)]:
        again = reread(source, project, row["file"], row["record"], row["offset"], row["length"])
        assert sha256(again).digest() == row["raw_sha256"], row["native_id"]
        assert sha256(row["text"].encode()).digest() == row["text_sha256"]
        assert (row["chars"], row["bytes"]) == (len(row["text"]), len(row["text"].encode()))
    assert len({row["doc_id"] for row in rows}) == len(rows)
    return rows


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Return a function that writes a file into the project's `in` folder."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write
