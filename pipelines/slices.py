"""Work on slices of a part where there are fewer parts than workers can share, and join what they wrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from pipelines import parts
from pipelines.executors.watch import Lost
from pipelines.part_work import SCHEMAS, PartTask

SHARES = 2  # slices per worker, so that a late one does not hold up the rest
LEAST = 4 << 20  # bytes of text: below this a slice costs more than it saves


def cut(tasks: Sequence[PartTask], workers: int) -> list[list[PartTask]]:
    """Return for each task the slices that stand for it: itself alone, unless it is more than a worker's fair share.

    A slice writes its outputs beside the part's, under names that a later run clears away once this process is gone.
    """
    share = max(LEAST, sum(t.weight for t in tasks) // (SHARES * max(1, workers)))
    return [_slices(task, -(-task.weight // share)) if workers > 1 else [task] for task in tasks]


def _slices(task: PartTask, count: int) -> list[PartTask]:
    total = pq.read_metadata(Path(task.inputs[0][1])).num_rows if count > 1 else 0
    count = min(count, total)
    if count < 2:
        return [task]
    edges = [total * i // count for i in range(count + 1)]
    return [
        replace(task, rows=(start, end, total), outputs=_beside(task, start))
        for start, end in pairwise(edges)
    ]


def _beside(task: PartTask, start: int) -> tuple[tuple[str, str], ...]:
    paths = ((name, Path(path)) for name, path in task.outputs)
    return tuple((name, str(p.with_name(f".{p.stem}-{start}.{os.getpid()}.tmp"))) for name, p in paths)


def run(
    tasks: Sequence[PartTask], workers: int, attempt: Callable[[Sequence[PartTask]], list[Any]]
) -> list[Any]:
    """Return a log line, or `Lost`, per task; slices of one task run beside those of others and are joined in order."""
    pieces = cut(tasks, workers)
    flat = [piece for group in pieces for piece in group]
    try:
        answers = iter(attempt(flat))
        results = [[next(answers) for _ in group] for group in pieces]
        return [
            found[0] if len(group) == 1 else _joined(task, group, found)
            for task, group, found in zip(tasks, pieces, results, strict=True)
        ]
    finally:
        for piece in (p for group in pieces if len(group) > 1 for p in group):
            for _, path in piece.outputs:
                Path(path).unlink(missing_ok=True)


def _joined(task: PartTask, group: Sequence[PartTask], found: Sequence[Any]) -> Any:
    """Write the part's outputs from those of its slices; a slice without a result speaks for the whole part."""
    if lost := next((f for f in found if isinstance(f, Lost)), None):
        return lost
    docs = parts.read_part(Path(task.inputs[0][1]), ["row", "doc_id"])
    for at, (name, path) in enumerate(task.outputs):
        table = pl.concat([parts.read_part(Path(piece.outputs[at][1])) for piece in group])
        if name in task.aligned:
            parts.check_aligned(table, docs, where=f"{name} {task.label}")
        parts.write_part(Path(path), table, SCHEMAS.get(name), task.key, task.poisoned)
    return {
        "seconds": sum(f["seconds"] for f in found),
        "cpu": sum(f["cpu"] for f in found),
        "peak_mib": max(f["peak_mib"] for f in found),
        "bytes": task.weight,
        "facts": None,
    }
