"""Find the documents that a stage's function does not survive, by running it on ever smaller slices of the part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lineage.errors import HallmarkError
from pipelines.executors.watch import Lost
from pipelines.part_work import PartTask

WAYS = 16  # a part is cut into so many slices at a time, so that all workers help
MOST = 100  # more such documents in one part speak against the stage, not against the documents

Probe = Callable[[Sequence[PartTask]], list[Any]]


def isolate(task: PartTask, probe: Probe) -> tuple[tuple[int, str], ...]:
    """Return (row, why) of every document on which the function dies, hangs or floods memory on its own.

    `probe` runs the function on slices, writes nothing, and answers `Lost` for a slice that has no result.
    A document is named only if it failed alone, twice: what only a large slice does is not its fault.
    """
    total = pq.read_metadata(Path(task.inputs[0][1])).num_rows
    suspects, found = [(0, total)] if total else [], []
    while suspects:
        slices = [piece for span in suspects for piece in _cut(*span)]
        lost = _lost(task, slices, total, probe)
        alone = [span for span in lost if span[1] - span[0] == 1]
        found += [(start, why) for (start, _), why in _lost(task, alone, total, probe).items()]
        suspects = [span for span in lost if span[1] - span[0] > 1]
        if len(found) + len(suspects) > MOST or len(lost) == len(slices) >= WAYS:
            raise HallmarkError(
                "the stage fails on too many documents of this part to blame them",
                where=f"{task.fn} {task.label}",
                cure="look at what the worker wrote to the terminal, and mend the detector or its settings",
            )
    return tuple(sorted(found))


def _lost(
    task: PartTask, spans: list[tuple[int, int]], total: int, probe: Probe
) -> dict[tuple[int, int], str]:
    results = (
        probe([replace(task, rows=(start, end, total), outputs=()) for start, end in spans]) if spans else []
    )
    return {s: r.why for s, r in zip(spans, results, strict=True) if isinstance(r, Lost)}


def _cut(start: int, end: int) -> list[tuple[int, int]]:
    """Return up to WAYS spans that cover start..end in order, as equal as they can be."""
    ways = min(WAYS, end - start)
    edges = [start + (end - start) * i // ways for i in range(ways + 1)]
    return list(pairwise(edges))
