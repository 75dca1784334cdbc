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

    `detectors`: as `stages.screen.detectors` lists them. A detector without any evidence is named whole.
    """
    if rule.action == "flag":
        return []
    found = []
    for row in detectors:
        name = row["detector"]
        if name is None or row.get("not_run") or not any(fnmatchcase(name, p) for p in rule.detectors):
            continue
        codes = [c for c in row["codes"] if any(fnmatchcase(c, p) for p in rule.codes)]
        figures = _figures().get(name)
        if codes and figures is None:
            found.append(name)
            continue
        found += [f"{name} {code}" for code in codes if not _measured(figures or (), code, rule.score)]
    return sorted(found)


def _measured(figures: Iterable[Mapping[str, Any]], code: str, score: float) -> bool:
    own = (f for f in figures if f["code"] == code and f["recall"])
    return any(f.get("threshold") is None or abs(f["threshold"] - score) < SAME for f in own)


@cache
def _figures() -> dict[str, tuple[dict[str, Any], ...]]:
    filed = evidence.load([Path(stages.__file__).parent / "screen" / "evidence"])
    return {name: tuple(entry.body["figures"]) for name, entry in filed.items()}
