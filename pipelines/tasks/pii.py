"""pii: personal information by type; spans stay in a restricted table of their own."""

from __future__ import annotations

import hashlib
from typing import Any

from lineage import keys
from lineage.errors import TrustError
from pipelines.stage_run import StageRun

COLUMNS = ("row", "doc_id", "status", "kind", "text", "text_sha256", "chars")


def run(run: StageRun) -> dict[str, Any]:
    """Annotate every part; return findings and documents by type."""
    key = project_hmac(run)
    run.map_parts(
        "pipelines.tasks.pii:part",
        {"ingest": COLUMNS},
        ("pii", "pii_spans"),
        extra=key,
        key_extra=hashlib.sha256(b"hallmark-key-id" + key).hexdigest(),
        aligned=("pii",),
        by_document=True,
    )
    run.sweep("pii", "pii_spans")
    return {"types": run.count_structs("pii", "counts", "type", "n")}


def part(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    from stages.pii import annotate  # in the worker: the driver needs no detector

    counts, spans = annotate(tables["ingest"], settings, extra)
    return {"pii": counts, "pii_spans": spans}


def project_hmac(run: StageRun) -> bytes:
    """Return the project's HMAC key; an error if params.yaml names another one than is at hand."""
    key_id, key = keys.load_hmac(keys.default_folder())
    wanted = run.project.params.keys.hmac
    if wanted and wanted != key_id:
        raise TrustError(
            f"the HMAC key at hand is {key_id}, the project was made with {wanted}",
            where=f"{run.project.root / 'params.yaml'}: keys.hmac",
            cure="point $HALLMARK_KEYS at the project's keys, or set keys.hmac to null to start anew",
        )
    return key
