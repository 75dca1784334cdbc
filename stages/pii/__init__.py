"""Stage `pii`: personal information found, counted, and replaced. Spans stay in the restricted table."""

from __future__ import annotations

from stages.pii.annotation import annotate, scan
from stages.pii.catalogue import TYPES, PiiType
from stages.pii.identity import detectors
from stages.pii.redaction import redact, redact_part
from stages.pii.settings import PiiSettings
from stages.pii.values import normalise_value, selector

__all__ = [
    "TYPES",
    "PiiSettings",
    "PiiType",
    "annotate",
    "detectors",
    "normalise_value",
    "redact",
    "redact_part",
    "scan",
    "selector",
]
