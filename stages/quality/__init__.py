"""Quality: evidence about language and form. It measures; the policy decides (`judge`).

The names below are imported on first use: settings are read at every start of the command line.
"""

from __future__ import annotations

from lineage import lazy

__getattr__, __all__ = lazy.names(
    __name__,
    {
        "EVIDENCE": "annotation",
        "QualitySettings": "settings",
        "RULES": "rules",
        "Rule": "rules",
        "annotate": "annotation",
        "detectors": "annotation",
        "judge": "judge",
    },
)
