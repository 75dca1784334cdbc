"""A pool of worker processes that knows which task each one holds: a death, a hang or a flood costs that task alone."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from pipelines.executors.watch import IDLE_FACTOR, Limits, Lost, spent
from pipelines.executors.worker import serve

TICK = 0.25  # seconds between two looks at the workers


@dataclass
class Worker:
    """A process, the driver's end of its pipe, and what it is working on."""

    process: Any
    pipe: Connection
    task: int | None = None
    started: float = 0.0
    cpu: float = 0.0

    def give(self, fn: Callable, task: Any, number: int) -> None:
        self.task, self.started = number, time.monotonic()
        self.cpu = (spent(self.process.pid) or (0.0, 0))[0]
        self.pipe.send((fn, task, str(Path.cwd())))

    def overrun(self, weight: int, limits: Limits) -> Lost | None:
        """Tell whether the task has used more time or memory than it may."""
        allowed, use = limits.cpu(weight), spent(self.process.pid)
        waited = time.monotonic() - self.started
        if use is None:
            return Lost("time") if waited > IDLE_FACTOR * allowed else None
        if use[1] > limits.memory:
            return Lost("memory")
        return Lost("time") if use[0] - self.cpu > allowed or waited > IDLE_FACTOR * allowed else None

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass
class Pool:
    """Worker processes, started when needed and kept for the next call of `run`."""

    workers: list[Worker] = field(default_factory=list)

    def run(
        self,
        fn: Callable[[Any], Any],
        tasks: Sequence[Any],
        *,
        workers: int,
        limits: Limits | None,
        attempts: int,
        advance: Callable[[int], None],
    ) -> list[Any]:
        """Return a result, or `Lost`, per task; the heaviest start first; the first error of a task is raised.

        A task whose worker died runs again, `attempts` times in all; one that broke its limits does not.
        """
        results: dict[int, Any] = {}
        tries = [0] * len(tasks)
        todo = sorted(range(len(tasks)), key=lambda i: (tasks[i].weight, -i))
        try:
            while len(results) < len(tasks):
                self._hand_out(fn, tasks, todo, workers)
                for worker, answer in self._answers(tasks, limits):
                    number = worker.task
                    if number is None:
                        continue
                    worker.task = None
                    if isinstance(answer, Lost):
                        tries[number] += 1
                        if answer.why == "died" and tries[number] < attempts:
                            todo.append(number)
                            continue
                    results[number] = answer
                    advance(max(1, tasks[number].weight))
        except BaseException:
            self.close()
            raise
        return [results[i] for i in range(len(tasks))]

    def _hand_out(self, fn: Callable, tasks: Sequence[Any], todo: list[int], workers: int) -> None:
        free = [w for w in self.workers if w.task is None]
        while todo and (free or len(self.workers) < workers):
            worker = free.pop() if free else self._start()
            number = todo.pop()
            try:
                worker.give(fn, tasks[number], number)
            except OSError:  # died while idle
                self._drop(worker)
                todo.append(number)

    def _answers(self, tasks: Sequence[Any], limits: Limits | None) -> list[tuple[Worker, Any]]:
        """Wait for a moment; return what came back: results, and losses of workers that had to be given up."""
        busy = [w for w in self.workers if w.task is not None]
        ready = set(wait([x for w in busy for x in (w.pipe, w.process.sentinel)], TICK))
        found: list[tuple[Worker, Any]] = []
        for worker in busy:
            if worker.pipe in ready or worker.process.sentinel in ready:
                found.append((worker, self._receive(worker)))
            elif limits and worker.task is not None:
                lost = worker.overrun(tasks[worker.task].weight, limits)
                if lost:
                    self._drop(worker)
                    found.append((worker, lost))
        return found

    def _receive(self, worker: Worker) -> Any:
        try:
            kind, value = worker.pipe.recv()
        except (EOFError, OSError):
            self._drop(worker)
            return Lost("died")
        if kind == "error":
            raise value
        if kind == "memory":
            self._drop(worker)  # what it holds is not worth knowing
            return Lost("memory")
        return value

    def _start(self) -> Worker:
        context = _context()
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self.workers.append(Worker(process, ours))
        return self.workers[-1]

    def _drop(self, worker: Worker) -> None:
        self.workers.remove(worker)
        worker.end()

    def close(self) -> None:
        """End every worker at once; what they had written whole stays, temporary files are swept by the next run."""
        for worker in list(self.workers):
            self._drop(worker)


def _context() -> multiprocessing.context.BaseContext:
    # fork after polars has run deadlocks; forkserver starts from a clean process
    return multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
