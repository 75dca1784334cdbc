"""Quality: evidence about language and form. It measures; the policy decides (`judge`).

The names below are imported on first use: settings are read at every start of the command line.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "EVIDENCE": "annotation",
    "QualitySettings": "settings",
    "RULES": "rules",
    "Rule": "rules",
    "annotate": "annotation",
    "detectors": "annotation",
    "judge": "judge",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value  # a submodule of the same name does not hide it
    return value
