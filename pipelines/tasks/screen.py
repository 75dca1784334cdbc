"""screen: evidence by risk code; no verdict, no snippet."""

from __future__ import annotations

import shutil
from typing import Any

from pipelines.stage_run import StageRun
from pipelines.tasks.screen_corpus import FOUND, PHRASES, join_all

COLUMNS = ("row", "doc_id", "source", "status", "kind", "text", "turns", "text_sha256", "chars")


def run(run: StageRun) -> dict[str, Any]:
    """Annotate every part, then add what only the whole corpus shows; return hits and documents by risk code."""
    triggers = run.settings.corpus.triggers
    outputs = (FOUND, PHRASES) if triggers else (FOUND,)
    run.map_parts(
        "pipelines.tasks.screen:part",
        {"ingest": COLUMNS},
        outputs,
        aligned=(FOUND,),
        by_document=not triggers,  # phrases are counted over a whole part
    )
    corpus = join_all(run)
    run.sweep("screen", *outputs)
    if PHRASES not in outputs:
        shutil.rmtree(run.project.data / PHRASES, ignore_errors=True)
    return {"codes": run.count_structs("screen", "hits", "code", "n"), "corpus": corpus}


def part(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    from stages.screen import annotate  # in the worker: the driver needs no detector

    docs = tables["ingest"]
    found = {FOUND: annotate(docs, settings)}
    if settings.corpus.triggers:
        from stages.screen import corpus

        found[PHRASES] = corpus.phrases(docs["text"].drop_nulls())
    return found
