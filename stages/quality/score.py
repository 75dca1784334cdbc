"""One number for the keeper order: how far a document is clean prose. No policy should rest on it."""

from __future__ import annotations

import polars as pl

#: (weight, part); the weights sum to 1, each part lies in 0..1
PARTS = (
    (0.35, "prose", "share of characters in lines that read as sentences"),
    (
        0.25,
        "fresh",
        "1 - the largest of the repetition shares (5-grams, lines, paragraphs), times 2, at least 0",
    ),
    (0.20, "letters", "share of letters, rising from 0 at 0.4 to 1 at 0.75"),
    (0.10, "length", "words, rising with their logarithm from 0 at 10 to 1 at 500"),
    (0.10, "clean", "1 - 20 times the share of wrongly decoded characters, at least 0"),
)


def quality_score() -> pl.Expr:
    """Return the expression of the score in 0..1, rounded to 4 decimals, over the columns of RULES."""
    repeated = pl.max_horizontal("dup_5gram_share", "dup_line_char_share", "dup_paragraph_char_share")
    parts = {
        "prose": pl.col("prose_share"),
        "fresh": 1 - 2 * repeated,
        "letters": (pl.col("letter_share") - 0.4) / 0.35,
        "length": (pl.max_horizontal(pl.col("words"), 1).log() - _LOG_10) / (_LOG_500 - _LOG_10),
        "clean": 1 - 20 * pl.col("mojibake_share"),
    }
    total = pl.sum_horizontal(*(weight * parts[name].clip(0, 1) for weight, name, _ in PARTS))
    return total.round(4).alias("quality_score")


_LOG_10, _LOG_500 = 2.302585092994046, 6.214608098422191
