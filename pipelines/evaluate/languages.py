"""Figures of language identification: recall and precision by language, and over all of them (`mul`)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from lineage.records import STATUS_OK
from pipelines.evaluate import sets
from pipelines.evaluate.figures import figure
from stages import quality


def measure(
    found: list[dict[str, Any]], eval_dir: Path, settings: quality.QualitySettings
) -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return {detector: (sets, figures)} of the detectors that name a language, measured as they run together."""
    wanted = [d["detector"] for d in found if "lang" in d["codes"]]
    result: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for labelled in sets.sets(eval_dir, "lid", {"text", "lang"}):
        seen = quality.annotate(_docs(labelled.rows["text"].to_list()), settings)["lang"]
        figures = _figures(labelled, seen)
        for name in wanted:
            listed, rows = result.setdefault(name, ([], []))
            listed.append(labelled.named(labelled.rows.height))
            rows.extend(figures)
    return result


def _figures(labelled: sets.LabelledSet, seen: pl.Series) -> list[dict[str, Any]]:
    truth = labelled.rows["lang"]
    pairs = pl.DataFrame({"truth": truth, "seen": seen})
    figures = []
    for language in sorted(set(truth.to_list())):
        own = pl.col("truth") == language
        said = pl.col("seen") == language
        positives = pairs.filter(own).height
        counts = {"hits": pairs.filter(own & said).height, "alarms": pairs.filter(~own & said).height}
        figures.append(
            figure(labelled.name, "lang", language, positives=positives, benign=len(pairs) - positives,
                   level="document", **counts)
        )  # fmt: skip
    right = pairs.filter(pl.col("truth") == pl.col("seen")).height
    return [
        *figures,
        figure(labelled.name, "lang", "mul", hits=right, positives=len(pairs), level="document"),
    ]


def _docs(texts: list[str]) -> pl.DataFrame:
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    columns = {"doc_id": digests, "status": STATUS_OK, "text": texts, "text_sha256": digests}
    return pl.DataFrame(columns, schema_overrides={"text": pl.String}).with_row_index("row")
