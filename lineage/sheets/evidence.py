"""A detector's measured recall with its interval, from the evidence that a manifest quotes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from lineage.sheets.model import Interval, Value
from lineage.sheets.reader import Reader, number

#: Names under which an evidence file may state the interval of its recall.
BOUNDS = ("recall_ci95", "recall_ci", "recall_interval", "ci95")


def interval(evidence: Any) -> Interval | None:
    """Return recall with its interval, None where the evidence states no recall."""
    found = dict(_fields(evidence))
    if "point" not in found:
        return None
    point = found["point"][1]
    return Interval(found.get("low", (0, point))[1], point, found.get("high", (0, point))[1])


def recall(read: Reader, pointer: str) -> Value:
    """Print recall and interval as `0.9123 (0.8912–0.9301)`; without evidence, not measured."""
    found = dict(_fields(read.get(pointer)))
    if "point" not in found:
        return Value(read.say("unmeasured"), pointer, "absent")
    text, field = number(found["point"][1]), pointer + found["point"][0]
    if "low" in found and "high" in found:
        text += f" ({number(found['low'][1])}–{number(found['high'][1])})"
        field += f" {pointer}{found['low'][0]} {pointer}{found['high'][0]}"
    return Value(text, field, "interval")


def _fields(evidence: Any) -> Iterator[tuple[str, tuple[str, float]]]:
    if not isinstance(evidence, dict):
        return
    stated = evidence.get("recall")
    if isinstance(stated, dict):
        for part, names in (
            ("point", ("value", "point", "estimate")),
            ("low", ("low", "lower")),
            ("high", ("high", "upper")),
        ):
            for name in names:
                if _numeric(stated.get(name)):
                    yield part, (f"/recall/{name}", stated[name])
                    break
    elif _numeric(stated):
        yield "point", ("/recall", stated)
        for name in BOUNDS:
            ends = evidence.get(name)
            if isinstance(ends, list) and len(ends) == 2 and all(map(_numeric, ends)):
                yield "low", (f"/{name}/0", ends[0])
                yield "high", (f"/{name}/1", ends[1])
                return


def _numeric(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
