"""The chapters after the first screen, by name; build.py sets their order for each reader."""

from __future__ import annotations

from collections.abc import Callable

from lineage.sheets.chapters.audit import audits
from lineage.sheets.chapters.clauses import clauses
from lineage.sheets.chapters.cleaning import duplicates, flow
from lineage.sheets.chapters.composition import composition
from lineage.sheets.chapters.fair import fairness
from lineage.sheets.chapters.identity import identity, limits
from lineage.sheets.chapters.integrity import lineage
from lineage.sheets.chapters.risks import personal, screening
from lineage.sheets.chapters.sources import sources
from lineage.sheets.model import Section
from lineage.sheets.reader import Reader

CHAPTERS: dict[str, Callable[[Reader], Section]] = {
    build.__name__: build
    for build in (
        clauses,
        identity,
        limits,
        sources,
        composition,
        flow,
        duplicates,
        personal,
        screening,
        fairness,
        audits,
        lineage,
    )
}
