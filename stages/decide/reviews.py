"""Human verdicts: reviews/*.jsonl, one line per decision; no text in them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from lineage.errors import InputError

COLUMNS = {"doc_id": pl.Binary, "text_sha256": pl.Binary, "verdict": pl.String, "reviewer": pl.String}
VERDICTS = ("pass", "remove")


def load_reviews(folder: Path) -> pl.DataFrame:
    """Return the latest verdict per (doc_id, text): doc_id, text_sha256, verdict, reviewer.

    Lines are {doc_id, text_sha256 (hex), verdict, reviewer, ...} in file and line order; a later line replaces
    an earlier one on the same text. A line that cannot be read is an error with file and line.
    """
    rows = [row for path in sorted(folder.glob("*.jsonl")) for row in _lines(path)]
    table = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    return table.unique(["doc_id", "text_sha256"], keep="last", maintain_order=True)


def _lines(path: Path) -> list[tuple]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            verdict = entry["verdict"]
            row = (
                bytes.fromhex(entry["doc_id"]),
                bytes.fromhex(entry["text_sha256"]),
                verdict,
                str(entry["reviewer"]),
            )
        except (ValueError, KeyError, TypeError) as e:
            raise InputError(
                f"not a review line: {type(e).__name__}", where=f"{path}:{number}", cure="restore it from git"
            ) from None
        if verdict not in VERDICTS:
            continue  # "not sure" and "skip" are kept on file and decide nothing
        rows.append(row)
    return rows
