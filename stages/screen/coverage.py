"""Which of the 31 risks a settings block covers, by what, and whether the keyword bank reaches its minimum."""

from __future__ import annotations

from typing import Any

from stages.screen.lexicon import Lexicon, set_names
from stages.screen.screen import detectors, engine
from stages.screen.settings import ScreenSettings
from stages.screen.taxonomy import TAXONOMY, Risk

NOT_SUPPLIED = "no detector supplied"


def coverage(settings: ScreenSettings) -> list[dict[str, Any]]:
    """Return one entry per Annex risk: status, detectors, keywords against the minimum, day of the newest term.

    `status` is `operator` where an operator's lexicon or model reports the code, `shipped`, `elsewhere` where other
    evidence speaks for it (`covered_by`), else `not_run`. `keywords` counts different anchor terms of its rules.
    """
    lexicons = engine(settings).lexicons
    shipped = {row["detector"] for row in detectors(settings) if row["detector"]}
    operator = {lexicon.name for lexicon in lexicons if lexicon.origin == "operator"}
    operator |= {c.card.detector for c in engine(settings).classifiers if c.origin == "operator"}
    minima = {family.code: family.min_keywords for family in TAXONOMY.families}
    reported = {
        risk.code: sorted(
            row["detector"] for row in detectors(settings) if row["detector"] and risk.code in row["codes"]
        )
        for risk in TAXONOMY.annex()
    }
    return [
        {
            "code": risk.code,
            "status": _status(risk, reported[risk.code], operator, shipped),
            "detectors": reported[risk.code],
            "covered_by": list(risk.covered_by),
            "keywords": len(_keywords(risk.code, lexicons)),
            "min_keywords": minima[risk.family],
            "updated": max((str(x.updated) for x in lexicons if risk.code in x.codes), default=None),
            "why": None if reported[risk.code] or risk.covered_by else NOT_SUPPLIED,
        }
        for risk in TAXONOMY.annex()
    ]


def _status(risk: Risk, names: list[str], operator: set[str], shipped: set[str]) -> str:
    if set(names) & operator:
        return "operator"
    if set(names) & shipped:
        return "shipped"
    return "elsewhere" if risk.covered_by else "not_run"


def _keywords(code: str, lexicons: list[Lexicon]) -> set[str]:
    """Return the different anchor terms of all rules that report the code."""
    found: set[str] = set()
    for lexicon in lexicons:
        for rule in lexicon.rules:
            if (rule.code or lexicon.code) == code:
                own = [name for name in set_names(rule) if name in rule.any and name in lexicon.sets]
                found.update(term for name in own for term in lexicon.sets[name])
    return found
