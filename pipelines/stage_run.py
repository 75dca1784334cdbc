"""One stage over all parts: which inputs, which key, which function; skip what stands, check what comes out."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from lineage import records
from lineage.errors import HallmarkError
from pipelines import parts
from pipelines.executor import run_tasks, usage, worker_count
from pipelines.project import PartRef, Project

SCHEMAS: dict[str, pa.Schema] = {
    "ingest": records.DOCUMENTS,
    "quality": records.QUALITY_FIXED,
    "dedup": records.DEDUP,
    "pii": records.PII,
    "pii_spans": records.PII_SPANS,
    "screen": records.SCREEN,
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

    @property
    def label(self) -> str:
        return f"{self.ref.source}/{self.ref.part}"

    @property
    def weight(self) -> int:
        return self.ref.bytes


def work(task: PartTask) -> dict[str, Any]:
    """Do one part: read its inputs, call the pure function, check alignment, write the outputs."""
    start, before = time.perf_counter(), usage()
    module, _, name = task.fn.partition(":")
    tables = {n: parts.read_part(Path(p), list(c) if c else None) for n, p, c in task.inputs}
    try:
        results = getattr(importlib.import_module(module), name)(tables, task.settings, task.extra)
    except HallmarkError:
        raise
    except Exception as e:
        # the message of a library's error may quote the text: name only its kind and place
        raise HallmarkError(f"{type(e).__name__} in {task.fn}", where=task.label, cure=_trace(e)) from None
    docs = next(iter(tables.values()), None)
    for output, path in task.outputs:
        if output in task.aligned and docs is not None:
            parts.check_aligned(results[output], docs, where=f"{output} {task.label}")
        parts.write_part(Path(path), results[output], SCHEMAS.get(output), task.key)
    after = usage()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after["cpu"] - before["cpu"],
        "peak_mib": after["peak_mib"],
        "bytes": task.ref.bytes,
        "facts": results.get("facts"),
    }


def _trace(error: Exception) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return "at " + " <- ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))


@dataclass
class StageRun:
    """What a task module needs: the project, its settings, the parts, and a way to map over them."""

    name: str
    project: Project
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def settings(self) -> Any:
        return getattr(self.project.params, self.name)

    @cached_property
    def parts(self) -> list[PartRef]:
        return self.project.parts()

    @cached_property
    def code(self) -> dict[str, Any]:
        """Return the digest of this stage's code and libraries, as inventory recorded it."""
        return self.project.inventory(self.name)["code"]

    @property
    def workers(self) -> int:
        return worker_count(self.project.params.executor.workers)

    def input_key(self, folder: str, ref: PartRef) -> str:
        """Return the content key of an input part; an error if the stage before left a hole."""
        path = self.project.table(folder, ref)
        key = parts.stored_key(path)
        if key is None:
            raise HallmarkError(
                "an input part is missing or damaged", where=str(path), cure="delete it and run `dvc repro`"
            )
        return key

    def map_parts(
        self,
        fn: str,
        inputs: dict[str, tuple[str, ...] | None],
        outputs: tuple[str, ...],
        *,
        extra: Any = None,
        key_extra: Any = None,
        aligned: tuple[str, ...] | None = None,
        label: str | None = None,
    ) -> dict[PartRef, dict[str, Any] | None]:
        """Run `fn` over every part whose key changed; return its log line per part, None where it was skipped."""
        tasks, done = [], {}
        for ref in self.parts:
            key = parts.content_key(
                fn=fn,
                inputs=[self.input_key(name, ref) for name in inputs],
                settings=self.settings,
                code=self.code,
                extra=key_extra,
            )
            out = tuple((o, str(self.project.table(o, ref))) for o in outputs)
            if parts.is_done((Path(p) for _, p in out), key):
                done[ref] = None
                continue
            given = tuple((n, str(self.project.table(n, ref)), c) for n, c in inputs.items())
            tasks.append(
                PartTask(
                    fn, ref, given, out, self.settings, extra, key, outputs if aligned is None else aligned
                )
            )
        results = run_tasks(work, tasks, workers=self.workers, label=label or self.name)
        self.log += results
        return done | {t.ref: r for t, r in zip(tasks, results, strict=True)}

    def sweep(self, *folders: str) -> None:
        """Delete outputs of parts that no longer exist, and temporary files of a crash."""
        for folder in folders:
            keep = {self.project.table(folder, ref) for ref in self.parts}
            if (self.project.data / folder).is_dir():
                parts.sweep(self.project.data / folder, keep)

    def count(self, folder: str, column: str) -> dict[str, int]:
        """Return documents by value of one column, over all parts, most first."""
        total: dict[str, int] = {}
        for ref in self.parts:
            for value, n in (
                parts.read_part(self.project.table(folder, ref), [column])[column].value_counts().rows()
            ):
                total[str(value)] = total.get(str(value), 0) + n
        return dict(sorted(total.items(), key=lambda kv: (-kv[1], kv[0])))

    def count_structs(self, folder: str, column: str, by: str, n: str) -> dict[str, dict[str, int]]:
        """Return {value: {found, docs}} over a column of lists of structs, over all parts."""
        total: dict[str, dict[str, int]] = {}
        for ref in self.parts:
            table = parts.read_part(self.project.table(folder, ref), ["row", column]).explode(column)
            counts = table.drop_nulls(column).unnest(column).group_by(by)
            for value, found, docs in counts.agg(pl.col(n).sum(), pl.col("row").n_unique()).rows():
                line = total.setdefault(value, {"found": 0, "docs": 0})
                line["found"] += found
                line["docs"] += docs
        return dict(sorted(total.items()))
