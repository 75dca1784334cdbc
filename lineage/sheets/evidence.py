"""A detector's measured figures with their intervals, from the evidence that a manifest quotes."""

from __future__ import annotations

from typing import Any, TypeGuard

from lineage.sheets.formula import token
from lineage.sheets.model import Interval, Value
from lineage.sheets.reader import Reader, number

#: Names under which a figure's interval may stand beside it, and those of a figure's parts.
BOUNDS = ("{}_ci95", "{}_ci", "{}_interval", "ci95", "interval95")
PARTS = (("value", "point", "estimate"), ("low", "lower"), ("high", "upper"))

Stated = list[tuple[str, float]]  # point, low, high: each with the end of its pointer


def place(evidence: Any, code: str) -> str:
    """Return where the evidence speaks of a risk code: below `test` or `figures`, else at its top.

    Of several figures of a code, that on the most positives; one of mere mentions only where there is no other.
    """
    tests = evidence.get("test") if isinstance(evidence, dict) else None
    if isinstance(tests, dict) and code in tests:
        return f"/test/{token(code)}"
    own = [(i, row) for i, row in enumerate(_figures(evidence)) if row.get("code") == code]
    if not own:
        return ""
    number = max(own, key=lambda pair: (pair[1].get("level") != "mention", pair[1].get("positives") or 0))[0]
    return f"/figures/{number}"


def spots(evidence: Any) -> list[tuple[str, str]]:
    """Return (risk code, pointer) of each thing that the evidence measures, in its own order."""
    tests = evidence.get("test") if isinstance(evidence, dict) else None
    if isinstance(tests, dict):
        return [(code, f"/test/{token(code)}") for code in sorted(tests)]
    listed = [(str(row.get("code", "")), f"/figures/{i}") for i, row in enumerate(_figures(evidence))]
    return listed or ([("", "")] if interval(evidence) else [])


def _figures(evidence: Any) -> list[dict[str, Any]]:
    rows = evidence.get("figures") if isinstance(evidence, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def interval(metrics: Any, name: str = "recall") -> Interval | None:
    """Return a figure with its interval, None where it is not stated."""
    found = _stated(metrics, name)
    if not found:
        return None
    point = found[0][1]
    return Interval(found[1][1], point, found[2][1]) if len(found) == 3 else Interval(point, point, point)


def figure(read: Reader, pointer: str, name: str = "recall") -> Value:
    """Print a figure and its interval as `0.9123 (0.8912–0.9301)`; not stated, not measured."""
    found = _stated(read.get(pointer), name)
    if not found:
        measured = spots(read.get(pointer))
        return Value(read.say("by_code" if measured else "unmeasured"), pointer, "absent")
    text = number(found[0][1])
    if len(found) == 3:
        text += f" ({number(found[1][1])}–{number(found[2][1])})"
    return Value(text, " ".join(pointer + end for end, _ in found), "interval")


def _stated(metrics: Any, name: str) -> Stated:
    if not isinstance(metrics, dict):
        return []
    value = metrics.get(name)
    if isinstance(value, list) and len(value) == 3 and all(map(_numeric, value)):
        return [(f"/{name}/{i}", value[i]) for i in range(3)]
    if isinstance(value, dict):
        point = [(f"/{name}/{key}", value[key]) for key in PARTS[0] if _numeric(value.get(key))][:1]
        ends = [(f"/{name}/{k}", value[k]) for keys in PARTS[1:] for k in keys if _numeric(value.get(k))]
        return _whole(point, ends or _pair(value, "interval", f"/{name}"))
    if _numeric(value):
        ends = [(f"/{k}", metrics[k]) for keys in PARTS[1:] for k in keys if _numeric(metrics.get(k))]
        pairs = (*(_pair(metrics, bounds.format(name), "") for bounds in BOUNDS), ends)
        return _whole([(f"/{name}", value)], next((pair for pair in pairs if pair), []))
    return []


def _whole(point: Stated, ends: Stated) -> Stated:
    return point + ends if point and len(ends) == 2 else point


def _pair(metrics: dict[str, Any], name: str, at: str) -> Stated:
    ends = metrics.get(name)
    if isinstance(ends, list) and len(ends) == 2 and all(map(_numeric, ends)):
        return [(f"{at}/{name}/{i}", ends[i]) for i in (0, 1)]
    return []


def _numeric(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
