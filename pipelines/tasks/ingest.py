"""ingest: plan the parts, read each into the one table that holds text."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from lineage.errors import HallmarkError
from lineage.records import DOCUMENTS
from pipelines import parts
from pipelines.executor import usage
from pipelines.part_work import trace
from pipelines.project import PartRef, Project, read_json, write_json
from pipelines.stage_run import StageRun
from stages.ingest import plan_parts
from stages.ingest import read_part as read_source_part
from stages.ingest.files import InputFile


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
    for entry in run.project.inventory("ingest")["sources"]:
        source = project.sources[entry["id"]]
        digests = {f["file"]: f["sha256"] for f in entry["files"]}
        files = [InputFile(f["file"], f["bytes"], 0) for f in entry["files"]]
        for part in plan_parts(source, files, run.settings):
            ref = PartRef(source.id, part.part, sum(end - start for _, start, end in part.slices))
            inputs = [{"file": f, "sha256": digests[f]} for f in dict.fromkeys(s[0] for s in part.slices)]
            plan.append({"source": ref.source, "part": ref.part, "bytes": ref.bytes, "inputs": inputs})
            fields = {k: v for k, v in entry.items() if k != "files"}
            key = parts.content_key(
                source=fields, slices=part.slices, inputs=inputs, settings=run.settings, code=run.code
            )
            output = project.table("ingest", ref)
            if not parts.is_done([output], key):
                tasks.append(ReadTask(ref, source, part, run.settings, str(project.root), str(output), key))
    run.map(read, tasks)
    keep = {project.table("ingest", PartRef(p["source"], p["part"])) for p in plan}
    parts.sweep(project.data / "ingest", keep | {project.data / "ingest" / "plan.json"})
    write_json(project.data / "ingest" / "plan.json", {"parts": plan})
    return _counts(project)


def read(task: ReadTask) -> dict[str, Any]:
    """Read one part and write its table; a library's error is named without its message, which may quote text."""
    start, before = time.perf_counter(), usage()
    try:
        table = read_source_part(task.source, task.part, Path(task.root), task.settings)
    except HallmarkError:
        raise
    except Exception as e:
        raise HallmarkError(f"{type(e).__name__} while reading", where=task.label, cure=trace(e)) from None
    parts.write_part(Path(task.output), table, DOCUMENTS, task.key)
    after = usage()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after["cpu"] - before["cpu"],
        "peak_mib": after["peak_mib"],
        "bytes": pc.sum(table["bytes"]).as_py() or 0,
    }


def _counts(project: Project) -> dict[str, Any]:
    by_source: dict[str, dict[str, int]] = {}
    for ref in [
        PartRef(p["source"], p["part"]) for p in read_json(project.data / "ingest" / "plan.json")["parts"]
    ]:
        table = parts.read_part(project.table("ingest", ref), ["status", "bytes"])
        row = by_source.setdefault(ref.source, {"documents": 0, "unreadable": 0, "text_bytes": 0})
        row["documents"] += table.height
        row["unreadable"] += int((table["status"] != "ok").sum())
        row["text_bytes"] += int(table["bytes"].sum() or 0)
    total = {k: sum(r[k] for r in by_source.values()) for k in ("documents", "unreadable", "text_bytes")}
    return total | {
        "parts": len(read_json(project.data / "ingest" / "plan.json")["parts"]),
        "sources": by_source,
    }
