"""The process pool: order kept, a dead worker survived, a deadly task named."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from lineage.errors import HallmarkError, InputError
from pipelines.executor import run_tasks, worker_count


@dataclass(frozen=True)
class Job:
    number: int
    folder: str
    weight: int = 1 << 30

    @property
    def label(self) -> str:
        return f"job {self.number}"


def square(job: Job) -> int:
    return job.number**2


def die_once(job: Job) -> int:
    mark = Path(job.folder) / "died"
    if job.number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return job.number


def die_always(job: Job) -> int:
    if job.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.number


def fail(job: Job) -> int:
    raise InputError("cannot be read", where=job.label, cure="mend it")


def jobs(tmp_path: Path, n: int = 5) -> list[Job]:
    return [Job(i, str(tmp_path)) for i in range(n)]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_tasks(tmp_path: Path, workers: int) -> None:
    assert run_tasks(square, jobs(tmp_path), workers=workers, label="t") == [0, 1, 4, 9, 16]


def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path) -> None:
    assert run_tasks(die_once, jobs(tmp_path), workers=2, label="t") == [0, 1, 2, 3, 4]


def test_a_task_that_always_kills_its_worker_is_named(tmp_path: Path) -> None:
    with pytest.raises(HallmarkError, match="job 2"):
        run_tasks(die_always, jobs(tmp_path), workers=2, label="t")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_keeps_its_words(tmp_path: Path, workers: int) -> None:
    with pytest.raises(InputError, match=r"job 0: cannot be read\n  -> mend it"):
        run_tasks(
            fail, jobs(tmp_path, 2)[:1] if workers == 1 else jobs(tmp_path, 1) * 2, workers=workers, label="t"
        )


def test_all_cores_unless_asked_otherwise() -> None:
    assert worker_count(0) == len(os.sched_getaffinity(0))
    assert worker_count(3) == 3


def test_progress_without_a_terminal_is_plain_lines(tmp_path: Path, capfd, monkeypatch) -> None:
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("pipelines.executors.progress.time.monotonic", lambda: float(next(clock)))
    run_tasks(square, jobs(tmp_path, 2), workers=1, label="demo")
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("demo: 50% of 2 parts")
    assert lines[-1].startswith("demo: 100%")
