"""quality: language and form of every text, as evidence."""

from __future__ import annotations

from typing import Any

from pipelines.stage_run import StageRun

COLUMNS = ("row", "doc_id", "status", "kind", "text", "text_sha256", "chars")


def run(run: StageRun) -> dict[str, Any]:
    """Annotate every part; return document counts by language."""
    run.map_parts("pipelines.tasks.quality:part", {"ingest": COLUMNS}, ("quality",), by_document=True)
    run.sweep("quality")
    return {"languages": run.count("quality", "lang")}


def part(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    from stages.quality import annotate  # in the worker: the driver needs no detector

    return {"quality": annotate(tables["ingest"], settings)}
