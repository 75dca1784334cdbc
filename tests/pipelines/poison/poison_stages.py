"""Stage functions of tests only: each fails for real on documents that carry its mark."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import polars as pl

CRASH, LOOP, FLOOD = "mark: crash", "mark: loop", "mark: flood"


def lengths(docs: pl.DataFrame) -> pl.DataFrame:
    """Return an annotation that says what the stage was shown."""
    return docs.select("row", "doc_id", lang=pl.col("status"), lang_score=pl.lit(1.0)).with_columns(
        quality_score=docs["text"].str.len_chars().cast(pl.Float64)
    )


def fragile(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    for text in tables["ingest"]["text"].drop_nulls():
        if text == CRASH:
            ctypes.string_at(0)  # reads address 0: SIGSEGV in native code
        if text == LOOP:
            re.match(r"(a+)+$", "a" * 64 + "!")  # backtracks 2^64 times, inside C, with no way to interrupt
        if text == FLOOD:
            hoard = []
            while True:
                hoard.append(bytearray(128 << 20))
    return {"quality": lengths(tables["ingest"])}


def hopeless(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def only_large(tables: dict, settings: Any, extra: Any) -> dict[str, Any]:
    if tables["ingest"].height > 10:
        ctypes.string_at(0)
    return {"quality": lengths(tables["ingest"])}
