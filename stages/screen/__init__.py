"""Screening by risk code: `annotate` per part, `scan` for loose texts, `detectors` for what runs."""

from stages.screen.coverage import coverage
from stages.screen.screen import annotate, detectors, scan
from stages.screen.settings import ScreenSettings
from stages.screen.taxonomy import TAXONOMY

__all__ = ["TAXONOMY", "ScreenSettings", "annotate", "coverage", "detectors", "scan"]
