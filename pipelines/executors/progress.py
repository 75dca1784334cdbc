"""Progress of a stage: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
            share = 100 * done // total
            print(f"{label}: {share}% of {count} parts, {left:.0f} s left", file=sys.stderr, flush=True)

    yield advance
