"""The local executor: a process pool that passes paths, shows progress, and survives a dead worker."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol

from lineage.errors import HallmarkError

ATTEMPTS = 3


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
    fn: Callable[[Any], Any], tasks: Sequence[Any], *, workers: int, label: str, spread: int = 8 << 20
) -> list[Any]:
    """Return [fn(t) for t in tasks], in that order, worked on by `workers` processes.

    Few small tasks (under `spread` bytes together) stay in this process. A worker that dies takes no other
    task with it: the unfinished ones run again one by one, and a task that kills its worker ATTEMPTS times
    becomes an error that names it.
    """
    if not tasks:
        return []
    with progress(label, sum(max(1, t.weight) for t in tasks), len(tasks)) as advance:
        if workers <= 1 or len(tasks) == 1 or sum(t.weight for t in tasks) < spread:
            results = []
            for task in tasks:
                results.append(fn(task))
                advance(max(1, task.weight))
            return results
        return _pooled(fn, tasks, min(workers, len(tasks)), advance)


def _pooled(fn: Callable, tasks: Sequence[Any], workers: int, advance: Callable[[int], None]) -> list[Any]:
    results: dict[int, Any] = {}
    tries = dict.fromkeys(range(len(tasks)), 0)
    heavy_first = sorted(tries, key=lambda i: (-tasks[i].weight, i))
    alone = False
    while len(results) < len(tasks):
        todo = [i for i in heavy_first if i not in results]
        batches = [[i] for i in todo] if alone else [todo]
        for batch in batches:
            try:
                _run_batch(fn, tasks, batch, 1 if alone else workers, results, advance)
            except BrokenProcessPool:
                alone = True
                for i in batch if len(batch) == 1 else ():
                    tries[i] += 1
                    if tries[i] >= ATTEMPTS:
                        raise HallmarkError(
                            f"the worker died {ATTEMPTS} times on this part (killed, or out of memory)",
                            where=tasks[i].label,
                            cure="lower ingest.part_mib or executor.workers, or give the machine more memory",
                        ) from None
                if len(batch) > 1:
                    break
    return [results[i] for i in range(len(tasks))]


def _run_batch(fn, tasks, batch, workers, results, advance) -> None:
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_start_worker)
    try:
        waiting: dict[Future, int] = {pool.submit(fn, tasks[i]): i for i in batch}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                i = waiting.pop(future)
                results[i] = future.result()
                advance(max(1, tasks[i].weight))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _context() -> multiprocessing.context.BaseContext:
    # fork after polars has run deadlocks; forkserver starts from a clean process
    return multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


def _start_worker() -> None:
    for name in ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"


def usage() -> dict[str, float]:
    """Return CPU seconds so far and peak memory (MiB) of this process."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": own.ru_utime + own.ru_stime, "peak_mib": own.ru_maxrss / 1024}


@contextmanager
def progress(label: str, total: int, count: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with ETA on a terminal; plain lines, at most one in five seconds, elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            job = bar.add_task(f"{label} ({count} parts)", total=total)
            yield lambda n: bar.advance(job, n)
        return
    start = last = time.monotonic()
    done = 0

    def advance(n: int) -> None:
        nonlocal last, done
        done += n
        now = time.monotonic()
        if now - last >= 5 or (done >= total and now - start >= 5):
            last = now
            left = (now - start) / done * (total - done)
            print(
                f"{label}: {100 * done // total}% of {count} parts, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    yield advance
