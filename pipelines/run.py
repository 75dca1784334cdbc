"""Run one stage over the project: the command behind every stage of dvc.yaml."""

from __future__ import annotations

import datetime as dt
import fcntl
import importlib
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lineage.errors import HallmarkError
from lineage.quiet import quiet_libraries
from pipelines.dvc_locks import forget_dead
from pipelines.executor import usage
from pipelines.project import STAGES, Project, close_restricted_zone, read_json, write_bytes, write_json
from pipelines.sealing.runs import run_facts
from pipelines.stage_run import StageRun


def run_stage(name: str, project: Project) -> dict[str, Any]:
    """Run the stage `name`, write metrics/<name>.json and a run record; return the metrics."""
    if name not in STAGES:
        raise HallmarkError(f"no stage is called {name!r}", cure=f"use one of: {', '.join(STAGES)}")
    quiet_libraries()
    os.umask(0o022)
    close_restricted_zone(project.root)
    start, before, started = time.perf_counter(), usage(), _now()
    with _only_run(project.root / "data" / f".{name}.lock"):
        run = StageRun(name, project)
        outcome, metrics = "failed", {}
        try:
            metrics = importlib.import_module(f"pipelines.tasks.{name}").run(run)
            outcome = "done"
        finally:
            _record(run, outcome, started, time.perf_counter() - start, usage()["cpu"] - before["cpu"])
    write_json(project.root / "metrics" / f"{name}.json", metrics)
    return metrics


@contextmanager
def _only_run(lock: Path) -> Iterator[None]:
    """Hold the stage's lock; wait for a run that is still at work, as one whose `dvc` was killed may be."""
    with lock.open("w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(
                f"another run of this stage is at work here; waiting for it to end ({lock})", file=sys.stderr
            )
            fcntl.flock(f, fcntl.LOCK_EX)
        clean_stale(lock.parent.parent)
        forget_dead(lock.parent.parent)
        yield


def clean_stale(root: Path) -> None:
    """Delete temporary files (`.name.<pid>.tmp`) that processes which are gone left among the project's outputs."""
    for name in ("data", "metrics", "runs"):
        for folder, _, files in os.walk(root / name):
            for file in files:
                if file.startswith(".") and file.endswith(".tmp") and not _alive(file.split(".")[-2]):
                    Path(folder, file).unlink(missing_ok=True)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _record(run: StageRun, outcome: str, started: str, seconds: float, own_cpu: float) -> None:
    """Write runs/<stage>/<end>.json and the times: clock, host, actor and commit live here and nowhere else."""
    worked = run.log
    in_workers = sum(r["cpu"] for r in worked)
    text = sum(r["bytes"] for r in worked)
    cpu = max(own_cpu, in_workers)
    now = _now()
    record = {
        "stage": run.name,
        "outcome": outcome,
        "started": started,
        "ended": now,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu, 3),
        "parts_worked": len(worked),
        "text_mb": round(text / 1e6, 3),
        "mb_per_core_second": round(text / 1e6 / cpu, 3) if text and cpu else None,
        "peak_mib": round(max([usage()["peak_mib"], *(r["peak_mib"] for r in worked)]), 1),
        "host": platform.node(),
        "python": platform.python_version(),
    } | run_facts(run.project.root, run.name, finished=outcome == "done")
    folder = run.project.root / "runs"
    write_json(folder / run.name / f"{now.replace(':', '')}.json", record)
    times = read_json(folder / "times.json") if (folder / "times.json").is_file() else {}
    times[run.name] = {k: record[k] for k in ("seconds", "mb_per_core_second", "peak_mib", "parts_worked")}
    write_json(folder / "times.json", {s: times[s] for s in STAGES if s in times})
    lines = ["stage,seconds", *(f"{s},{times[s]['seconds']}" for s in STAGES if s in times)]
    write_bytes(folder / "times.csv", ("\n".join(lines) + "\n").encode())


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
