"""What the gates R-24 to R-28 ask of personal information in a part: published documents, counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from stages.ingest.source import ASSESSMENT
from stages.pii import PiiSettings
from stages.pii.catalogue import MINOR
from stages.pii.sensitive import NO_MINORS


def personal_facts(
    pii: pl.DataFrame, decisions: pl.DataFrame, rows: pl.DataFrame, settings: PiiSettings
) -> dict[str, int]:
    """Return counts of published documents: with findings, with a sensitive class left, about undecided minors.

    `pii` and `decisions` are row-aligned; `rows` are the published rows with their final text. A class is left where a
    scan of the final text still gives it: what redaction took is gone.
    """
    from stages.pii.annotation import labels  # brings the recognizers, which a driver has no use for

    keys = decisions.select("row", "doc_id", "disposition", "reviewer")
    live = keys.filter(pl.col("disposition").is_in(["kept", "redacted"])).join(pii, on="row", how="inner")
    labelled = live.filter(pl.col("sensitive").list.len() > 0)
    texts = rows.join(labelled.select("doc_id"), on="doc_id", how="semi")["text"].to_list()
    nobody = pl.col("reviewer").is_null()
    return {
        "docs": live.filter(pl.col("counts").list.len() > 0).height,
        "sensitive_left": sum(bool(found) for found in labels(texts, settings)),
        "minors_undecided": live.filter(nobody & pl.col("sensitive").list.contains(MINOR)).height,
        "minors_not_run": live.filter(nobody & pl.col("not_run").list.contains(NO_MINORS)).height,
    }


def proofs(source: Mapping[str, Any]) -> set[str]:
    """Return the kinds of evidence of which a source states a file."""
    return {e["kind"] for e in source.get("evidence", ()) if e.get("sha256")}


def assessments(manifests: Iterable[Mapping[str, Any]], as_of: str) -> dict[str, int]:
    """Return how many sources publish documents that held personal information, and whose assessment is missing or old.

    An assessment is in date up to and including its `pipia_until`, an ISO day like `as_of`.
    """
    found = {m["source"]["id"]: m["source"] for m in manifests if any(r["in_published"] for r in m["pii"])}
    dated = [s for s in found.values() if ASSESSMENT in proofs(s)]
    return {
        "sources": len(found),
        "missing": len(found) - len(dated),
        "out_of_date": sum((s.get("pipia_until") or "") < as_of for s in dated),
    }
