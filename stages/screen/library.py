"""The operator's keyword bank against the minima: 10,000 in all, 200 per A.1 risk, 100 per A.2 risk, renewed weekly."""

from __future__ import annotations

from datetime import date
from typing import Any

from stages.screen.coverage import _keywords
from stages.screen.lexicon import load_folder
from stages.screen.settings import ScreenSettings
from stages.screen.taxonomy import TAXONOMY

MIN_TOTAL, MAX_AGE_DAYS = 10_000, 7  # TC260-003, 8 c


def facts(settings: ScreenSettings, as_of: date) -> dict[str, Any]:
    """Return what the gates `keyword-library-size`, `keyword-risks-short` and `keyword-library-age` read.

    `operator_keywords` is the number of different terms of the operator's lexicons, None where there is none (then
    the gates are not_run). `keyword_library` holds the counts per risk against its minimum, what is short of it, and
    the age of the newest term in days at `as_of`.
    """
    lexicons = load_folder(settings.operator_lexicons) if settings.operator_lexicons else []
    if not lexicons:
        return {"operator_keywords": None, "keyword_library": None}
    minima = {family.code: family.min_keywords for family in TAXONOMY.families}
    words = {risk.code: _keywords(risk.code, lexicons) for risk in TAXONOMY.annex()}
    rows = [
        {"code": risk.code, "keywords": len(words[risk.code]), "minimum": minima[risk.family]}
        for risk in TAXONOMY.annex()
    ]
    total = len({term for lexicon in lexicons for terms in lexicon.sets.values() for term in terms})
    newest = max(lexicon.updated for lexicon in lexicons)
    age = (as_of - newest).days
    return {
        "operator_keywords": total,
        "keyword_library": {
            "total": total,
            "minimum": MIN_TOTAL,
            "risks": rows,
            "short": [row["code"] for row in rows if row["keywords"] < row["minimum"]],
            "updated": newest.isoformat(),
            "age_days": age,
            "fresh": 0 <= age <= MAX_AGE_DAYS,
        },
    }
