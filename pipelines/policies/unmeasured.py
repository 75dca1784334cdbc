"""Which acting rules stand at a score that nobody measured: the policy's thresholds beside the detectors' evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import stages
from lineage import evidence
from stages.decide.policy import ScreenRule

SAME = 1e-9


def unmeasured(rule: ScreenRule, detectors: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return, for an acting rule, `detector code` pairs that it reads and no figure was measured for at its score.

    `detectors`: as `stages.screen.detectors` lists them. A detector without any evidence is named whole. A model with
    a card reports the level `flag` alone, so a rule on other levels does not read it.
    """
    if rule.action == "flag":
        return []
    flags = rule.levels is None or "flag" in rule.levels
    found = []
    for row in detectors:
        name = row["detector"]
        if name is None or row.get("not_run") or not any(fnmatchcase(name, p) for p in rule.detectors):
            continue
        if row.get("evidence") and not flags:
            continue
        codes = [c for c in row["codes"] if any(fnmatchcase(c, p) for p in rule.codes)]
        figures = _figures().get(name)
        if codes and figures is None:
            found.append(name)
            continue
        found += [f"{name} {code}" for code in codes if not _measured(figures or (), code, rule.score)]
    return sorted(found)


def _measured(figures: Iterable[Mapping[str, Any]], code: str, score: float) -> bool:
    """Return whether recall was measured at this score: as the figure itself, or as a point of its curve."""
    own = [f for f in figures if f["code"] == code and f["recall"]]
    points = [f.get("threshold") for f in own] + [p["threshold"] for f in own for p in f.get("curve", ())]
    return any(point is None or abs(point - score) < SAME for point in points)


@cache
def _figures() -> dict[str, tuple[dict[str, Any], ...]]:
    filed = evidence.load([Path(stages.__file__).parent / "screen" / "evidence"])
    return {name: tuple(entry.body["figures"]) for name, entry in filed.items()}
