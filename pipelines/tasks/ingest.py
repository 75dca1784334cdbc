"""ingest: plan the parts, read each into the one table that holds text."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lineage.errors import HallmarkError
from lineage.records import DOCUMENTS, LICENCE_UNREAD
from pipelines import parts
from pipelines.executor import usage
from pipelines.part_work import trace
from pipelines.project import PartRef, Project, read_json, write_json
from pipelines.stage_run import StageRun
from stages.ingest import in_a_row, mark_repeats, plan_parts, read_row, taken_before
from stages.ingest import read_part as read_source_part
from stages.ingest.files import InputFile

#: Which parts of a source were compared for equal ids, and the keys of those that were marked.
IDS = "ids.json"
#: What is counted by source; `licence_unread`: the document's own licence is no expression, the source's stands.
COUNTS = ("documents", "unreadable", "licence_unread", "text_bytes")


@dataclass(frozen=True)
class ReadTask:
    """One part to read: which source, which slices, where to."""

    ref: PartRef
    source: Any
    part: Any
    settings: Any
    root: str
    output: str
    key: str

    @property
    def label(self) -> str:
        return f"{self.ref.source}/{self.ref.part}"

    @property
    def weight(self) -> int:
        return self.ref.bytes


def run(run: StageRun) -> dict[str, Any]:
    """Read every part whose files, source fields, settings or code changed; write the plan and the counts."""
    project, tasks, plan = run.project, [], []
    known = _settled(project)
    settled: dict[str, Any] = {}
    for entry in run.project.inventory("ingest")["sources"]:
        lines, wanted = _planned(run, entry)
        plan += lines
        keys = {task.ref.part: task.key for task in wanted}
        before = known.get(entry["id"], {})
        repeats = before.get("repeats", {}) if before.get("parts") == parts.content_key(parts=keys) else {}
        final = keys | repeats
        todo = [t for t in wanted if not parts.is_done([Path(t.output)], final[t.ref.part])]
        if todo and repeats:  # what was marked depends on all parts: begin with the unmarked ones
            final, todo = keys, [t for t in wanted if not parts.is_done([Path(t.output)], t.key)]
        stands = not todo and before.get("parts") == parts.content_key(parts=keys)
        rows, single = _in_rows(wanted, {t.ref.part for t in todo})
        settled[entry["id"]] = {
            "parts": parts.content_key(parts=keys),
            "repeats": repeats if stands else None,
            "tasks": wanted,
        }
        tasks += [*rows, *(t for t in todo if t.ref.part in single)]
    run.map(work, tasks)
    for source, state in settled.items():
        wanted = state.pop("tasks")
        if state["repeats"] is None:
            state["repeats"] = _mark_across(source, wanted)
    keep = {project.table("ingest", PartRef(p["source"], p["part"])) for p in plan}
    folder = project.data / "ingest"
    parts.sweep(folder, keep | {folder / "plan.json", folder / IDS})
    write_json(folder / IDS, settled)
    write_json(folder / "plan.json", {"parts": plan})
    return _counts(project)


def _planned(run: StageRun, entry: dict[str, Any]) -> tuple[list[dict[str, Any]], list[ReadTask]]:
    """Return the plan's lines and the reading tasks of one source, each with its content key."""
    project, lines, tasks = run.project, [], []
    source = project.sources[entry["id"]]
    digests = {f["file"]: f["sha256"] for f in entry["files"]}
    fields = {k: v for k, v in entry.items() if k != "files"}
    files = [InputFile(f["file"], f["bytes"], 0) for f in entry["files"]]
    for part in plan_parts(source, files, run.settings):
        ref = PartRef(source.id, part.part, sum(end - start for _, start, end in part.slices))
        inputs = [{"file": f, "sha256": digests[f]} for f in dict.fromkeys(s[0] for s in part.slices)]
        lines.append({"source": ref.source, "part": ref.part, "bytes": ref.bytes, "inputs": inputs})
        key = parts.content_key(
            source=fields, slices=part.slices, inputs=inputs, settings=run.settings, code=run.code
        )
        output = str(project.table("ingest", ref))
        tasks.append(ReadTask(ref, source, part, run.settings, str(project.root), output, key))
    return lines, tasks


def _settled(project: Project) -> dict[str, Any]:
    path = project.data / "ingest" / IDS
    return read_json(path) if path.is_file() else {}


def _mark_across(source: str, tasks: list[ReadTask]) -> dict[str, str]:
    """Mark ids that an earlier part of the source has; return the new keys of the parts that changed.

    A part that repeats no id of another keeps its key: it depends on itself alone.
    """
    changed: dict[str, str] = {}
    paths = [Path(task.output) for task in tasks]
    loads = [partial(_ids, path) for path in paths]
    while len(paths) > 1:
        clashes = [(t, ids) for t, ids in zip(tasks, taken_before(loads), strict=True) if len(ids)]
        if not clashes:
            break
        for task, ids in clashes:
            path = Path(task.output)
            table = mark_repeats(source, pq.read_table(path, memory_map=False), ids)
            key = parts.content_key(part=parts.stored_key(path), taken=[i.hex() for i in ids.to_list()])
            parts.write_part(path, table, DOCUMENTS, key)
            changed[task.ref.part] = key
    return changed


def _ids(path: Path) -> pl.Series:
    return parts.read_part(path, ["doc_id"])["doc_id"]


@dataclass(frozen=True)
class RowTask:
    """The slices of one file that can only be read from its start: read once, the wanted parts written in a row."""

    slices: tuple[ReadTask, ...]
    wanted: frozenset[str]

    @property
    def label(self) -> str:
        return f"{self.slices[0].label} and {len(self.slices) - 1} more of one file"

    @property
    def weight(self) -> int:
        return sum(task.weight for task in self.slices)


def _in_rows(tasks: list[ReadTask], todo: set[str]) -> tuple[list[RowTask], set[str]]:
    """Return one task per file that must be read in one go, and the names of the parts to read on their own."""
    groups: dict[str, list[ReadTask]] = {}
    for task in tasks:
        groups.setdefault(task.part.slices[0][0], []).append(task)
    rows = []
    for group in groups.values():
        names, first = {t.ref.part for t in group} & todo, group[0]
        if len(group) > 1 and names and in_a_row(first.source, first.part, Path(first.root), len(group)):
            rows.append(RowTask(tuple(group), frozenset(names)))
    return rows, todo - {name for row in rows for name in row.wanted}


def work(task: ReadTask | RowTask) -> dict[str, Any]:
    """Read and write one part or one file's parts; a library's error is named without its message."""
    start, before = time.perf_counter(), usage()
    try:
        size = _read(task) if isinstance(task, ReadTask) else _read_row(task)
    except HallmarkError:
        raise
    except Exception as e:  # the message may quote text
        raise HallmarkError(f"{type(e).__name__} while reading", where=task.label, cure=trace(e)) from None
    after = usage()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after["cpu"] - before["cpu"],
        "peak_mib": after["peak_mib"],
        "bytes": size,
    }


def _read(task: ReadTask) -> int:
    return _write(task, read_source_part(task.source, task.part, Path(task.root), task.settings))


def _read_row(task: RowTask) -> int:
    first, by_name = task.slices[0], {t.ref.part: t for t in task.slices}
    found = read_row(
        first.source, [t.part for t in task.slices], Path(first.root), first.settings, set(task.wanted)
    )
    return sum(_write(by_name[part.part], table) for part, table in found)


def _write(task: ReadTask, table: pa.Table) -> int:
    parts.write_part(Path(task.output), table, DOCUMENTS, task.key)
    return pc.sum(table["bytes"]).as_py() or 0


def _counts(project: Project) -> dict[str, Any]:
    by_source: dict[str, dict[str, int]] = {}
    for ref in [
        PartRef(p["source"], p["part"]) for p in read_json(project.data / "ingest" / "plan.json")["parts"]
    ]:
        table = parts.read_part(project.table("ingest", ref), ["status", "bytes", "transforms"])
        row = by_source.setdefault(ref.source, dict.fromkeys(COUNTS, 0))
        row["documents"] += table.height
        row["unreadable"] += int((table["status"] != "ok").sum())
        row["licence_unread"] += int(table["transforms"].list.contains(LICENCE_UNREAD).sum() or 0)
        row["text_bytes"] += int(table["bytes"].sum() or 0)
    total = {k: sum(r[k] for r in by_source.values()) for k in COUNTS}
    return total | {
        "parts": len(read_json(project.data / "ingest" / "plan.json")["parts"]),
        "sources": by_source,
    }
