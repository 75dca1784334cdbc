"""screen: evidence by risk code; no verdict, no snippet."""

from __future__ import annotations

from typing import Any

from pipelines.stage_run import StageRun

COLUMNS = ("row", "doc_id", "source", "status", "kind", "text", "turns", "text_sha256", "chars")


def run(run: StageRun) -> dict[str, Any]:
    """Annotate every part; return hits and documents by risk code."""
    run.map_parts("pipelines.tasks.screen:part", {"ingest": COLUMNS}, ("screen",))
    run.sweep("screen")
    return {"codes": run.count_structs("screen", "hits", "code", "n")}


def part(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    from stages.screen import annotate  # in the worker: the driver needs no detector

    return {"screen": annotate(tables["ingest"], settings)}
