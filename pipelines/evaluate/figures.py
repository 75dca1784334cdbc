"""One row of figures: shares with Wilson 95 % intervals, and the status that follows from them."""

from __future__ import annotations

from typing import Any

from lineage import evidence
from pipelines.train.measure import interval


def figure(
    set_name: str,
    code: str,
    language: str,
    *,
    hits: int,
    positives: int,
    alarms: int | None = None,
    benign: int = 0,
    subset: str = "",
    level: str = "flag",
    threshold: float = 0.0,
    right: int | None = None,
    found: int | None = None,
) -> dict[str, Any]:
    """Return the figures of a code on one set: `hits` of `positives` found, `alarms` on `benign` ones.

    A share without a base is null: recall where there are no positives, precision and false-positive rate where
    nothing benign was measured. Where findings are counted apart from items, precision is `right` of `found`.
    """
    recall = interval(hits, positives) if positives else None
    if found is not None:
        precision = interval(right or 0, found) if found else None
    else:
        flagged = hits + (alarms or 0)
        precision = interval(hits, flagged) if positives and benign and flagged else None
    return {
        "set": set_name,
        "subset": subset,
        "code": code,
        "language": language,
        "level": level,
        "threshold": threshold,
        "n": positives + benign,
        "positives": positives,
        "recall": recall,
        "precision": precision,
        "fpr": interval(alarms, benign) if alarms is not None and benign else None,
        "status": evidence.status(positives, recall),
    }
