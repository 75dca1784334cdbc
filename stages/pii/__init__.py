"""Stage `pii`: personal information found, counted, and replaced. Spans stay in the restricted table.

The names below are imported on first use: settings are read at every start of the command line.
"""

from __future__ import annotations

from lineage import lazy

__getattr__, __all__ = lazy.names(
    __name__,
    {
        "PiiSettings": "settings",
        "PiiType": "catalogue",
        "TYPES": "catalogue",
        "annotate": "annotation",
        "detectors": "identity",
        "normalise_value": "values",
        "redact": "redaction",
        "redact_part": "redaction",
        "scan": "annotation",
        "selector": "values",
    },
)
