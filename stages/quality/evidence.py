"""From counts to evidence: one polars expression per column of RULES."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stages.quality.repetition import DUP, TOP
from stages.quality.rules import DTYPES
from stages.quality.settings import QualitySettings

DECIMALS = 4
LOREM = r"(?i)\blorem ipsum\b"
#: notices of web pages, found in any case; C4 drops lines with such words
BOILERPLATE = (
    *("javascript", "cookie", "terms of use", "terms of service", "privacy policy", "all rights reserved"),
    *(
        "log in to",
        "sign up",
        "click here",
        "subscribe",
        "隐私政策",
        "版权所有",
        "服务条款",
        "点击这里",
        "登录后",
    ),
)


def measure(texts: pl.Series, counts: pl.DataFrame, settings: QualitySettings) -> pl.DataFrame:
    """Return the evidence columns of RULES, but `lang_not_run`, for texts and their counts (row-aligned)."""
    frame = counts.with_columns(
        lorem=texts.str.contains(LOREM),
        boilerplate=texts.str.find_many(list(BOILERPLATE), ascii_case_insensitive=True).list.len(),
    )
    columns = _gopher(settings) | _repetition() | _web() | _forms(settings) | _characters() | _chinese()
    return frame.select(
        expr.round(DECIMALS).alias(name) if DTYPES[name].is_float() else expr.cast(DTYPES[name]).alias(name)
        for name in DTYPES
        if (expr := columns.get(name)) is not None
    )


def _per(part: str | pl.Expr, whole: str | pl.Expr, empty: float | None = 0.0) -> pl.Expr:
    part, whole = (pl.col(x) if isinstance(x, str) else x for x in (part, whole))
    return pl.when(whole > 0).then(part / whole).otherwise(empty)


def _floors(settings: QualitySettings) -> tuple[Callable[[pl.Expr], pl.Expr], Callable[[pl.Expr], pl.Expr]]:
    """Return two guards: null below `min_words` words, null below `min_lines` lines."""
    enough_words = pl.col("words") >= settings.min_words
    enough_lines = pl.col("lines") >= settings.min_lines
    return (lambda e: pl.when(enough_words).then(e)), (lambda e: pl.when(enough_lines).then(e))


def _gopher(settings: QualitySettings) -> dict[str, pl.Expr]:
    per_word, per_line = _floors(settings)
    lone = pl.col("words") - pl.col("spaced_words")
    return {
        "words": pl.col("words"),
        "lines": pl.col("lines"),
        "mean_word_length": per_word(_per("spaced_chars", "spaced_words", None)),
        "symbol_word_ratio": per_word(_per(pl.max_horizontal("hashes", "ellipses"), "words")),
        "alpha_word_share": per_word(_per(pl.col("alpha_words") + lone, "words")),
        "stop_words": pl.col("stop_words"),
        "bullet_line_share": per_line(_per("bullet_lines", "lines")),
        "ellipsis_line_share": per_line(_per("ellipsis_lines", "lines")),
    }


def _repetition() -> dict[str, pl.Expr]:
    return {
        "dup_line_share": _per("dup_lines", "lines"),
        "dup_line_char_share": _per("dup_line_chars", "line_chars"),
        "dup_paragraph_share": _per("dup_paragraphs", "paragraphs"),
        "dup_paragraph_char_share": _per("dup_paragraph_chars", "paragraph_chars"),
        **{f"top_{n}gram_share": _per(f"top_{n}gram", "token_chars") for n in TOP},
        **{f"dup_{n}gram_share": _per(f"dup_{n}gram", "token_chars") for n in DUP},
    }


def _web() -> dict[str, pl.Expr]:
    return {
        "sentences": pl.col("sentences"),
        "terminal_line_share": _per("terminal_lines", "lines"),
        "short_line_share": _per("short_lines", "lines"),
        "newline_word_ratio": _per("lines", "words"),
        "curly_share": _per("braces", "chars"),
        "lorem_ipsum": pl.col("lorem"),
        "boilerplate_share": _per("boilerplate", "lines"),
    }


def _forms(settings: QualitySettings) -> dict[str, pl.Expr]:
    per_word, per_line = _floors(settings)
    return {
        "prose_share": _per("prose_chars", "line_chars"),
        "code_line_share": per_line(_per("code_lines", "lines")),
        "key_line_share": per_line(_per("key_lines", "lines")),
        "path_line_share": _per("path_lines", "lines"),
        "longest_line": pl.col("longest_line"),
        "longest_list": pl.col("longest_list"),
        "long_token_share": per_word(_per("long_chars", "token_chars")),
    }


def _characters() -> dict[str, pl.Expr]:
    dense = pl.col("chars") - pl.col("space")
    return {
        **{f"{name}_share": _per(name, dense) for name in ("digit", "punct", "symbol")},
        "letter_share": _per(pl.col("letter") + pl.col("mark"), dense),
        "upper_share": _per("upper", "letter"),
        "han_share": _per("script_han", "letter"),
        "mojibake_share": _per("broken", "chars"),
        "control_share": _per("control", "chars"),
    }


def _chinese() -> dict[str, pl.Expr]:
    marks = ("simplified", "traditional", "classical", "modern")
    return {
        **{f"{name}_share": _per(name, "script_han", None) for name in marks},
        "rare_han_share": _per("rare", "script_han", None),
        "han_punct_ratio": _per("cjk_punct", "script_han", None),
    }
