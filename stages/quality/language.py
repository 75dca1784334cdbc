"""Which language a text is in: a rule on scripts first, then the model for scripts that many languages share.

Chinese is told by its characters and never asked from the model: weighted share of Han with hardly any kana;
then classical (lzh) by function characters or by the metre of regulated verse; then zh-Hans or zh-Hant by the
characters that only one of the two standards has; `zh` where no character tells.
"""

from __future__ import annotations

import polars as pl

from stages.quality.characters import SCRIPTS
from stages.quality.model import model_path, predict
from stages.quality.settings import QualitySettings

#: scripts that one language dominates; scripts not named here need the model
ONE_LANGUAGE = {
    "hangul": "ko",
    "greek": "el",
    "gujarati": "gu",
    "gurmukhi": "pa",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "sinhala": "si",
    "oriya": "or",
    "thai": "th",
    "lao": "lo",
    "khmer": "km",
    "myanmar": "my",
    "tibetan": "bo",
    "georgian": "ka",
    "armenian": "hy",
    "thaana": "dv",
}
#: model codes for Chinese; the characters tell more than these codes do
CHINESE = ("zh", "wuu", "yue")
#: model codes that BCP 47 or common use writes otherwise
RENAMED = {"no": "nb", "als": "gsw", "bh": "bho", "eml": "egl", "sh": "sr-Latn"}

LZH_MIN_HAN = 30  # below, function characters are too few to tell
LZH_MARGIN = 0.01
VERSE_SHARE, VERSE_MIN_RUNS, VERSE_MODERN = 0.8, 4, 0.06
_NOISE = (
    r"https?://\S+|[\w.+-]+@[\w.-]+|\{\{.*?\}\}|<[^<>]*>|[\s&&[^ ]]+"  # what a reader would not call text
)


def identify(texts: pl.Series, counts: pl.DataFrame, settings: QualitySettings) -> pl.DataFrame:
    """Return lang, lang_score (share or probability, 0..1) and lang_not_run for each text."""
    ruled = counts.select(*_script_rule(settings), _chinese().alias("variety"))
    ask = ruled["lang"].is_null()
    path = model_path(settings.lid_model)
    if path is None or not ask.any():
        absent = pl.col("lang").is_null()
        return ruled.select(
            pl.col("lang").fill_null("und"), pl.col("lang_score").fill_null(0.0), lang_not_run=absent
        )
    shown = _shown(texts.filter(ask), settings.lid_chars)
    codes, scores = predict(path, shown.to_list())
    asked = (
        ruled.filter(ask)
        .with_columns(lang=pl.Series(codes), lang_score=pl.Series(scores))
        .with_columns(
            lang=pl.when(pl.col("lang_score") < settings.lid_min_score)
            .then(pl.lit("und"))
            .when(pl.col("lang").is_in(CHINESE))
            .then("variety")
            .otherwise(pl.col("lang").replace(RENAMED))
        )
    )
    at = pl.int_range(pl.len(), dtype=pl.UInt32)
    both = pl.concat([ruled.with_columns(at=at).filter(~ask), asked.hstack(ruled.select(at=at).filter(ask))])
    return both.sort("at").select("lang", "lang_score", lang_not_run=pl.lit(False))


def _shown(texts: pl.Series, chars: int) -> pl.Series:
    """Return what the model sees: the head of the text on one line, in lower case, without links and tags.

    Lower case, because headings in capitals are taken for other languages.
    """
    return texts.str.slice(0, 3 * chars).str.replace_all(_NOISE, " ").str.slice(0, chars).str.to_lowercase()


def _script_rule(settings: QualitySettings) -> tuple[pl.Expr, pl.Expr]:
    """Return expressions lang and lang_score over counts; null where the model must be asked."""
    han, kana = pl.col("script_han"), pl.col("script_kana")
    east = (han + kana) * settings.han_weight
    others = [
        pl.col(f"script_{s}") * (2 if s == "hangul" else 1) for s in SCRIPTS if s not in ("han", "kana")
    ]
    top = pl.max_horizontal(*others)
    weight = east + pl.sum_horizontal(*others)
    names = [s for s in SCRIPTS if s not in ("han", "kana")]
    single = pl.coalesce(
        *(
            pl.when(expr == top).then(pl.lit(ONE_LANGUAGE[s]))
            for s, expr in zip(names, others, strict=True)
            if s in ONE_LANGUAGE
        )
    )
    is_east = (east > 0) & (east >= top)
    lang = (
        pl.when(weight == 0)
        .then(pl.lit("und"))
        .when(is_east & (kana >= (han + kana) * settings.kana_share))
        .then(pl.lit("ja"))
        .when(is_east)
        .then(_chinese())
        .otherwise(single)
    )
    share = pl.when(weight == 0).then(0.0).otherwise(pl.max_horizontal(east, top) / weight)
    return lang.alias("lang"), pl.when(lang.is_not_null()).then(share).alias("lang_score")


def _chinese() -> pl.Expr:
    """Return the variety of Chinese by the characters; `zh` without any that tells."""
    han = pl.col("script_han")
    classical, modern = pl.col("classical") / han, pl.col("modern") / han
    prose = (han >= LZH_MIN_HAN) & (classical > 2 * modern + LZH_MARGIN)
    metre = pl.max_horizontal("runs_of_5", "runs_of_7") >= VERSE_SHARE * pl.col("han_runs")
    verse = metre & (pl.col("han_runs") >= VERSE_MIN_RUNS) & (modern < VERSE_MODERN)
    simplified, traditional = pl.col("simplified"), pl.col("traditional")
    return (
        pl.when(prose | verse)
        .then(pl.lit("lzh"))
        .when(simplified > traditional)
        .then(pl.lit("zh-Hans"))
        .when(traditional > simplified)
        .then(pl.lit("zh-Hant"))
        .otherwise(pl.lit("zh"))
    )
