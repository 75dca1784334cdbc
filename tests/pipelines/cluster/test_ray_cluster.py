"""The Ray executor: two nodes, one of them killed in the middle, and the bytes of a local run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from lineage.errors import SettingsError
from lineage.records import DOCUMENTS
from pipelines import parts
from pipelines.project import PartRef, Project, write_json
from pipelines.stage_run import StageRun
from pipelines.tasks.quality import COLUMNS

PARTS, ROWS = 10, 3000
PARAMS = (
    "release: {title: {zh: t, en: t}, as_of: 2026-01-01}\nexecutor: {kind: %s, workers: 1, address: '%s'}\n"
)
WORDS = [
    "the",
    "river",
    "ran",
    "past",
    "an",
    "old",
    "mill",
    "where",
    "people",
    "met",
    "to",
    "trade",
    "every",
    "year",
]


def project_in(folder: Path, kind: str, address: str = "") -> Project:
    """Return a project with PARTS ingested parts, to be worked on where `kind` says."""
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS % (kind, address))
    (folder / "sources.yaml").write_text("sources: []\n")
    project, refs = Project(folder), [PartRef("s", f"p-{i:04d}", 1 << 20) for i in range(PARTS)]
    empty = pl.DataFrame(DOCUMENTS.empty_table())
    for n, ref in enumerate(refs):
        texts = [" ".join(WORDS[(i * j + n) % len(WORDS)] for j in range(60)) for i in range(ROWS)]
        rows = pl.DataFrame(
            {"row": range(ROWS), "source": "s", "status": "ok", "kind": "text", "text": texts}
        )
        rows = rows.with_columns(
            doc_id=pl.format("{}-{}", pl.lit(n), "row").cast(pl.Binary),
            text_sha256=pl.col("text").cast(pl.Binary),
            chars=pl.col("text").str.len_chars(),
        )
        whole = pl.concat([empty, rows], how="diagonal_relaxed")
        parts.write_part(project.table("ingest", ref), whole, DOCUMENTS, f"key-{n}")
    lines = [{"source": r.source, "part": r.part, "bytes": r.bytes, "inputs": []} for r in refs]
    write_json(project.data / "ingest" / "plan.json", {"parts": lines})
    write_json(project.data / "inventory" / "quality.json", {"code": {}})
    return project


def measure(project: Project) -> None:
    StageRun("quality", project).map_parts("pipelines.tasks.quality:part", {"ingest": COLUMNS}, ("quality",))


def written(project: Project) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((project.data / "quality").rglob("*.parquet"))}


@pytest.fixture
def cluster() -> Iterator:
    """Return a Ray cluster of two nodes on this machine, with one core each."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.mark.slow
def test_a_cluster_that_loses_a_node_writes_the_bytes_of_a_local_run(tmp_path: Path, cluster) -> None:
    local = project_in(tmp_path / "local", "local")
    measure(local)
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    spread = project_in(tmp_path / "spread", "ray", cluster.address)
    work = threading.Thread(target=measure, args=(spread,))
    work.start()
    while work.is_alive() and not written(spread):
        time.sleep(0.05)
    assert len(written(spread)) < PARTS, "it was over before a node could be killed"
    cluster.remove_node(second, allow_graceful=False)
    work.join(timeout=240)
    assert written(spread) == written(local)


def test_a_cluster_that_does_not_answer_is_an_error_with_a_cure(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", "ray", "127.0.0.1:1")
    with pytest.raises(SettingsError, match=r"executor"):
        measure(project)
