"""One part of one stage in a worker: read its inputs, call the pure function, check and write what comes out."""

from __future__ import annotations

import importlib
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from lineage import records
from lineage.errors import HallmarkError
from lineage.records import STATUS_UNREADABLE
from pipelines import parts
from pipelines.executor import usage
from pipelines.project import PartRef

SCHEMAS: dict[str, pa.Schema] = {
    "ingest": records.DOCUMENTS,
    "quality": records.QUALITY_FIXED,
    "dedup": records.DEDUP,
    "pii": records.PII,
    "pii_spans": records.PII_SPANS,
    "screen": records.SCREEN,
    "screen_found": records.SCREEN,
    "decide": records.DECISIONS,
}


@dataclass(frozen=True)
class PartTask:
    """One part's work, small enough to send to another process: paths, key, settings."""

    fn: str  # "module:function", called as fn(tables, settings, extra) -> {output name: table}
    ref: PartRef
    inputs: tuple[tuple[str, str, tuple[str, ...] | None], ...]  # (name, path, columns)
    outputs: tuple[tuple[str, str], ...]
    settings: Any
    extra: Any
    key: str
    aligned: tuple[str, ...]  # outputs that must have exactly the rows of the first input
    rows: tuple[int, int, int] | None = (
        None  # rows from..to of so many only; without `outputs` nothing is written
    )
    poisoned: tuple[tuple[int, str], ...] = ()  # (row, why): the function is not shown these documents

    @property
    def label(self) -> str:
        return f"{self.ref.source}/{self.ref.part}"

    @property
    def weight(self) -> int:
        if self.rows is None:
            return self.ref.bytes
        start, end, total = self.rows
        return self.ref.bytes * (end - start) // max(1, total)

    @property
    def reads_text(self) -> bool:
        """Tell whether the function sees documents, so that one of them can be to blame."""
        return bool(self.inputs) and self.inputs[0][0] == "ingest" and "text" in (self.inputs[0][2] or ())


def work(task: PartTask) -> dict[str, Any]:
    """Do one part: read its inputs, call the pure function, check alignment, write the outputs."""
    start, before = time.perf_counter(), usage()
    tables = _tables(task)
    docs = next(iter(tables.values()), None)
    results = _call(task, tables)
    for output, path in task.outputs:
        if output in task.aligned and docs is not None:
            parts.check_aligned(results[output], docs, where=f"{output} {task.label}")
        parts.write_part(Path(path), results[output], SCHEMAS.get(output), task.key, task.poisoned)
    after = usage()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after["cpu"] - before["cpu"],
        "peak_mib": after["peak_mib"],
        "bytes": task.weight,
        "facts": None if task.rows else results.get("facts"),
    }


def _call(task: PartTask, tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    module, _, name = task.fn.partition(":")
    try:
        return getattr(importlib.import_module(module), name)(tables, task.settings, task.extra)
    except (HallmarkError, MemoryError):
        raise
    except Exception as e:
        # the message of a library's error may quote the text: name only its kind and place
        raise HallmarkError(f"{type(e).__name__} in {task.fn}", where=task.label, cure=trace(e)) from None


def _tables(task: PartTask) -> dict[str, pl.DataFrame]:
    """Return the input tables, and under `poisoned` what the stages before could not measure, if anything."""
    span = task.rows[:2] if task.rows else None
    tables = {n: parts.read_part(Path(p), list(c) if c else None, span) for n, p, c in task.inputs}
    if task.poisoned:
        first = task.inputs[0][0]
        tables[first] = _blank(tables[first], [row for row, _ in task.poisoned])
    noted = poisoned_rows({name: Path(p) for name, p, _ in task.inputs})
    return tables | {"poisoned": noted} if noted.height else tables


def poisoned_rows(inputs: dict[str, Path]) -> pl.DataFrame:
    """Return (row, table, why) of the documents that the stages which wrote these tables could not measure."""
    rows = [(row, name, why) for name, path in inputs.items() for row, why in parts.poisoned(path)]
    schema = {"row": pl.UInt32, "table": pl.String, "why": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _blank(docs: pl.DataFrame, rows: list[int]) -> pl.DataFrame:
    """Return `docs` with these rows as unreadable ones look: every stage gives them an empty annotation."""
    hit = pl.int_range(pl.len()).is_in(rows)
    empty = [n for n in ("text", "turns", "text_sha256", "chars", "bytes") if n in docs.columns]
    return docs.with_columns(
        pl.when(hit).then(pl.lit(STATUS_UNREADABLE)).otherwise("status").alias("status"),
        *(pl.when(~hit).then(n).alias(n) for n in empty),
    )


def trace(error: Exception) -> str:
    """Return where an error came from, files and lines only: its message may quote the text."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return "at " + " <- ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
