"""Ingest: raw files in, one table of located documents per part out.

`list_files` must start fast (inventory runs on every call), so the readers are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "IngestSettings": "settings",
    "Source": "source",
    "Finding": "evidence",
    "load_sources": "source",
    "check": "source",
    "public_view": "source",
    "InputFile": "files",
    "list_files": "files",
    "Part": "plan",
    "plan_parts": "plan",
    "read_part": "read",
    "read_row": "read",
    "in_a_row": "read",
    "reread": "locator",
    "obligations": "licences",
    "licence_counts": "licences",
    "mark_repeats": "same_ids",
    "taken_before": "same_ids",
    "detectors": "labels",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
