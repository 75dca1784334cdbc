"""Ingest: raw files in, one table of located documents per part out.

`list_files` must start fast (inventory runs on every call), so the readers are imported on first use.
"""

from __future__ import annotations

from lineage import lazy

__getattr__, __all__ = lazy.names(
    __name__,
    {
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
        "mark_repeats": "same_ids",
        "taken_before": "same_ids",
        "detectors": "labels",
    },
)
