"""Checks a release, or a few shards of one, offline: a public key, the files and this package are enough.

Standard library and `cryptography` only; `--deep` reads Parquet and needs pyarrow.
"""

from lineage.verify.cli import main
from lineage.verify.countersign import countersign_release
from lineage.verify.report import FAILED, GOOD, INCOMPLETE, STALE, Problem, Report
from lineage.verify.whole import verify_release

__all__ = [
    "FAILED",
    "GOOD",
    "INCOMPLETE",
    "STALE",
    "Problem",
    "Report",
    "countersign_release",
    "main",
    "verify_release",
]
