"""Map a function over tasks: in this process, in worker processes, or on a cluster; results in the tasks' order."""

from __future__ import annotations

import atexit
import os
import resource
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol

from pipelines.executors.progress import progress
from pipelines.executors.watch import Limits, Lost

__all__ = ["Limits", "Lost", "Task", "run_tasks", "usage", "worker_count"]


class Task(Protocol):
    """What the executor needs to know of a unit of work."""

    @property
    def label(self) -> str: ...

    @property
    def weight(self) -> int: ...


def worker_count(asked: int) -> int:
    """Return the number of workers: as asked, or the cores this process may use."""
    return asked or len(os.sched_getaffinity(0))


def run_tasks(
    fn: Callable[[Any], Any],
    tasks: Sequence[Any],
    *,
    workers: int,
    label: str,
    spread: int = 8 << 20,
    limits: Limits | None = None,
    keep_lost: bool = False,
    attempts: int = 3,
) -> list[Any]:
    """Return [fn(t) for t in tasks], in that order, worked on by `workers` processes.

    Few small tasks (under `spread` bytes together) stay in this process, with `keep_lost` in one worker. A worker
    that dies takes no other task with it: its task runs again, `attempts` times in all. A task that then has no result,
    or that broke its limits, is an error that names it; with `keep_lost` its place in the list holds a `Lost`.
    """
    if not tasks:
        return []
    if len(tasks) == 1 or sum(t.weight for t in tasks) < spread:
        workers = 1
    here = workers <= 1 and not keep_lost
    with progress(label, sum(max(1, t.weight) for t in tasks), len(tasks)) as advance:
        if here:
            return [_done(fn(task), task, advance) for task in tasks]
        results = _pool().run(
            fn,
            tasks,
            workers=min(max(1, workers), len(tasks)),
            limits=limits,
            attempts=attempts,
            advance=advance,
        )
    if not keep_lost:
        for task, result in zip(tasks, results, strict=True):
            if isinstance(result, Lost):
                raise result.error(task.label)
    return results


def _done(result: Any, task: Any, advance: Callable[[int], None]) -> Any:
    advance(max(1, task.weight))
    return result


@cache
def _pool() -> Any:
    """Return this process's pool: workers that have loaded a stage's libraries serve its next step too."""
    from pipelines.executors.pool import Pool

    pool = Pool()
    atexit.register(pool.close)
    return pool


def usage() -> dict[str, float]:
    """Return CPU seconds so far and peak memory (MiB) of this process."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": own.ru_utime + own.ru_stime, "peak_mib": own.ru_maxrss / 1024}
