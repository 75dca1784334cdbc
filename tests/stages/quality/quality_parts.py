"""Parts made of texts, as ingest would hand them over."""

from __future__ import annotations

import hashlib

import polars as pl

from stages.quality import QualitySettings, annotate


def part_of(texts: list[str | None]) -> pl.DataFrame:
    """Return a table with the columns of DOCUMENTS that the stage reads; None = an unreadable record."""
    return pl.DataFrame(
        {
            "row": range(len(texts)),
            "doc_id": [hashlib.sha256(str(i).encode()).digest() for i in range(len(texts))],
            "status": ["unreadable" if text is None else "ok" for text in texts],
            "text": texts,
            "text_sha256": [None if t is None else hashlib.sha256(t.encode()).digest() for t in texts],
        },
        schema={
            "row": pl.UInt32,
            "doc_id": pl.Binary,
            "status": pl.String,
            "text": pl.String,
            "text_sha256": pl.Binary,
        },
    )


def evidence(*texts: str | None, **settings) -> pl.DataFrame:
    """Return the evidence for texts under these settings."""
    return annotate(part_of(list(texts)), QualitySettings(**settings))


def measured(text: str, column: str, **settings) -> float | int | bool | None:
    """Return one measurement of one text."""
    return evidence(text, **settings)[column].item()
