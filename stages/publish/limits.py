"""What a certificate says of its own limits, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lineage.evidence import DEVELOPMENT, EXPERIMENTAL

#: What a screen for text can never show, printed on every sheet.
LIMITS = {
    "en": [
        "A detector finds what it was made for; text that hides its meaning can pass.",
        "An absent marking proves nothing: many unmarked documents are confidential.",
        "Figures of a detector hold for the labelled set they were measured on.",
    ],
    "zh": [
        "检测器只能发现其设计目标;隐藏含义的文本可能漏检。",
        "没有标志不能证明任何事情:许多未作标志的文件同样保密。",
        "检测器的指标只对其测量所用的标注集成立。",
    ],
}


def limits(stages: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the standing limits, and those of the figures that the detectors of these stages quote."""
    detectors = [d for s in stages for d in s["detectors"] if d["evidence"]]
    seen = [d["detector"] for d in detectors if any(_seen(row) for row in d["evidence"].get("figures", ()))]
    weak = [d["detector"] for d in detectors if d["evidence"].get("status") == EXPERIMENTAL]
    found = {lang: list(lines) for lang, lines in LIMITS.items()}
    if seen:
        named = ", ".join(sorted(set(seen)))
        found["en"].append(
            f"Figures from sets that were looked at in development, so likely higher than elsewhere: {named}."
        )
        found["zh"].append(f"以下检测器的指标测自开发中看过的标注集,在其他文本上可能偏低:{named}。")
    if weak:
        named = ", ".join(sorted(set(weak)))
        found["en"].append(f"Experimental, and not counted as measured: {named}.")
        found["zh"].append(f"以下检测器为试验性,不计入已测量:{named}。")
    return found


def _seen(row: Mapping[str, Any]) -> bool:
    return row.get("standing", DEVELOPMENT) == DEVELOPMENT
