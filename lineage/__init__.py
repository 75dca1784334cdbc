"""Floor 1: what a release consists of and how a stranger checks it. Knows no stage."""

from __future__ import annotations

from typing import Any

__all__ = ["open_verified"]


def __getattr__(name: str) -> Any:
    if name == "open_verified":
        from lineage.loading import open_verified

        return open_verified
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
