"""The Ray executor: two nodes, one of them killed while it works, and the bytes of a local run from end to end."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.crash_kit import digests, leftovers
from benchmarks.scaffolded import scaffold, write_entries
from lineage.errors import SettingsError
from pipelines.executors.cluster import run_on_ray
from pipelines.project import STAGES, PartRef, Project
from pipelines.run import run_stage

WORDS = "river ran past an old mill where people met to trade letters and the price of salt was told aloud"
SOURCES, ROWS, PART_MIB = 3, 60, 0.03
ATTEMPTS = 6  # to start a node


def project_in(folder: Path) -> Path:
    """Return a project of SOURCES sources in parts of some 25 documents; two of all are near-duplicates, one holds
    an address."""
    scaffold(folder, "cluster", 1)
    dice = random.Random(5)
    texts = [
        " ".join(" ".join(dice.choices(WORDS.split(), k=12)).capitalize() + "." for _ in range(16))
        for _ in range(SOURCES * ROWS)
    ]
    texts[7] = texts[ROWS + 10] + " And so on."
    texts[9] += " Write to someone@example.org today."
    (folder / "raw").mkdir()
    for n in range(SOURCES):
        rows = (json.dumps({"text": t}) + "\n" for t in texts[n * ROWS : (n + 1) * ROWS])
        (folder / "raw" / f"s{n}.jsonl").write_text("".join(rows))
    write_entries(folder, {f"s{n}": f"raw/s{n}.jsonl" for n in range(SOURCES)})
    set_text(folder, "part_mib: 64.0", f"part_mib: {PART_MIB}")
    return folder


def set_text(project: Path, old: str, new: str) -> None:
    path = project / "params.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old} is not in params.yaml once"
    path.write_text(text.replace(old, new), encoding="utf-8")


def run_all(project: Path) -> None:
    """Run the nine stages in this process, from the project's folder, as `dvc repro` does one by one."""
    for name in ("data", "metrics"):
        (project / name).mkdir(exist_ok=True)
    for stage in STAGES:
        run_stage(stage, Project(project))


@pytest.fixture
def cluster() -> Iterator:
    """Return a Ray cluster of one node of one core on this machine."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster()
    started(made)
    yield made
    ray.shutdown()
    made.shutdown()


def started(cluster: Any) -> Any:
    """Return a node added to the cluster; Ray gives one up whose agents take over 15 seconds, so it may try again."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return cluster.add_node(**node())
        except Exception as e:
            if not left or "timed out during startup" not in str(e):
                raise


def node() -> dict[str, int]:
    """Return the arguments of a node of one core; with named ports it waits less long for its agents to tell theirs."""
    names = (
        "metrics_agent_port",
        "metrics_export_port",
        "runtime_env_agent_port",
        "dashboard_agent_listen_port",
    )
    held = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return {"num_cpus": 1} | dict(zip(names, ports, strict=True))


class Killer(threading.Thread):
    """Kills a node, all its processes at once, as soon as one of its workers is in a task of the stage `quality`."""

    def __init__(self, cluster, node, project: Path) -> None:
        super().__init__(daemon=True)
        self.cluster, self.node, self.project = cluster, node, project
        self.over, self.killed = False, ""

    def run(self) -> None:
        raylet = psutil.Process(self.node.all_processes["raylet"][0].process.pid)
        while not self.over:
            plan = self.project / "data" / "ingest" / "plan.json"
            if plan.is_file() and any(_task(p) for p in raylet.children(recursive=True)):
                self.killed = f"{len(list(self.project.glob('data/quality/**/*.parquet')))} parts were done"
                self.cluster.remove_node(self.node, allow_graceful=False)
                return
            time.sleep(0.01)


def _task(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[:1] == ["ray::_call"]  # Ray names a process after the task it is in
    except psutil.Error:
        return False


@pytest.mark.slow
def test_a_cluster_that_loses_a_node_writes_the_bytes_of_a_local_run(
    tmp_path: Path, keys_folder: Path, cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, spread = project_in(tmp_path / "local"), project_in(tmp_path / "spread")
    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    monkeypatch.chdir(local)
    run_all(local)
    second = started(cluster)
    cluster.wait_for_nodes(timeout=120)
    set_text(spread, 'kind: "local"', 'kind: "ray"')
    set_text(spread, "address: null", f'address: "{cluster.address}"')
    monkeypatch.chdir(spread)
    killer = Killer(cluster, second, spread)
    killer.start()
    run_all(spread)
    killer.over = True
    killer.join()
    assert killer.killed, "the run was over before a node could be killed"
    found, wanted = digests(spread), digests(local)
    assert len(list(local.glob("data/quality/**/*.parquet"))) >= 2 * SOURCES
    assert {k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k)} == set()
    assert any(name.startswith("release/data/") for name in found)
    assert leftovers(spread) == []


def test_a_cluster_that_does_not_answer_is_an_error_with_a_cure() -> None:
    with pytest.raises(SettingsError, match=r"executor"):
        run_on_ray(len, [PartRef("s", "p", 1)], address="127.0.0.1:1", label="quality")
