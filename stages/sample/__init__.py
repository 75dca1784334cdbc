"""Seeded draws, the same for the same corpus and seed.

The names below are imported on first use: settings are read at every start of the command line.
"""

from __future__ import annotations

from lineage import lazy

__getattr__, __all__ = lazy.names(
    __name__,
    {
        "DRAW_COLUMNS": "drawing",
        "allocate": "drawing",
        "bottom": "drawing",
        "check_sets": "checks",
        "draw": "drawing",
        "frame_digest": "drawing",
        "keyed": "drawing",
        "part_checks": "checks",
        "publishable": "drawing",
        "strata": "drawing",
        "stratified": "drawing",
        "SampleSettings": "settings",
    },
)
