"""The fixtures of this folder."""

from __future__ import annotations

from ingest_helpers import put

__all__ = ["put"]
