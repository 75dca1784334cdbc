"""Which texts the screen read in a language that none of its detectors was measured on."""

from __future__ import annotations

import polars as pl

#: In `not_run` of the screen: the language is told and unmeasured, or cannot be told at all.
UNMEASURED, UNKNOWN = "screen:language-not-measured", "screen:language-unknown"
#: Shorter texts do not tell their language: the model's answer is a guess.
TELLING_CHARS = 40
#: Members of the macrolanguage `zho` (ISO 639-3): one script, read by the same detectors.
CHINESE = ("lzh", "yue", "wuu", "cmn")


def with_language_gaps(
    screen: pl.DataFrame, quality: pl.DataFrame, chars: pl.Series, languages: tuple[str, ...] | None
) -> pl.DataFrame:
    """Return SCREEN with UNMEASURED or UNKNOWN added to `not_run`, by the language that quality found.

    `chars`: length of each text, rows as in `screen`. `languages`: what the detectors that run were measured on;
    None where none runs: then nothing is added. A text without a letter has no language and no gap.
    """
    if languages is None:
        return screen
    told = quality.select(
        lang=pl.col("lang")
        .fill_null("und")
        .str.split("-")
        .list.first()
        .replace(dict.fromkeys(CHINESE, "zh")),
        score=pl.col("lang_score").fill_null(1.0),
        absent=pl.col("lang_not_run").fill_null(False),
        chars=chars.fill_null(0),
    )
    letters = (pl.col("chars") > 0) & ((pl.col("score") > 0) | pl.col("absent"))
    guess = (pl.col("lang") == "und") | (pl.col("chars") < TELLING_CHARS)
    gap = (
        pl.when(~letters | pl.col("lang").is_in(list(languages)))
        .then(pl.lit([], dtype=pl.List(pl.String)))
        .when(guess)
        .then(pl.lit([UNKNOWN], dtype=pl.List(pl.String)))
        .otherwise(pl.lit([UNMEASURED], dtype=pl.List(pl.String)))
    )
    added = told.select(gap.alias("gap"))["gap"]
    return screen.with_columns(not_run=pl.col("not_run").list.concat(added))
