"""One row of figures: shares with Wilson 95 % intervals, and the status that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

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
    curve: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the figures of a code on one set: `hits` of `positives` found, `alarms` on `benign` ones.

    A share without a base is null: recall where there are no positives, precision and false-positive rate where
    nothing benign was measured. Where findings are counted apart from items, precision is `right` of `found`.
    `curve` holds the same shares at other thresholds: `points`.
    """
    recall = interval(hits, positives) if positives else None
    if found is not None:
        precision = interval(right or 0, found) if found else None
    else:
        flagged = hits + (alarms or 0)
        precision = interval(hits, flagged) if positives and benign and flagged else None
    alarmed = interval(alarms, benign) if alarms is not None and benign else None
    said = {"curve": curve} if curve else {}
    return said | {
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
        "fpr": alarmed,
        "status": evidence.status(positives, recall, alarmed),
    }


#: Thresholds at which a curve is given; every score at which a shipped policy acts is among them.
GRID = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99)


def points(
    positives: np.ndarray, benign: np.ndarray, thresholds: Iterable[float] = GRID
) -> list[dict[str, Any]]:
    """Return recall, precision and false-positive rate at each threshold; one score per item, 0 where nothing fired.

    A share without a base is null, as in `figure`.
    """
    found = []
    for threshold in sorted(set(thresholds)):
        hits, alarms = int((positives >= threshold).sum()), int((benign >= threshold).sum())
        both = len(positives) and len(benign) and hits + alarms
        found.append(
            {
                "threshold": threshold,
                "recall": interval(hits, len(positives)) if len(positives) else None,
                "precision": interval(hits, hits + alarms) if both else None,
                "fpr": interval(alarms, len(benign)) if len(benign) else None,
            }
        )
    return found
