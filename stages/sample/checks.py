"""Sets that check a detector: for each one and each language, documents it flagged, nearly flagged, and passed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from stages.sample.drawing import DRAW_COLUMNS, keyed
from stages.sample.settings import SampleSettings

DRAW = "detector"
STRATA = ("flagged", "near", "unflagged")
_WEAK = "mention"  # a level that says that a word occurs, not that anything is wrong
_CELL = ["detector", "language", "stratum"]


def language_of(lang: pl.Expr) -> pl.Expr:
    """Return zh, en or other for BCP 47 tags."""
    first = lang.str.split("-").list.first().replace({"lzh": "zh", "yue": "zh"})
    return pl.when(first.is_in(["zh", "en"])).then(first).otherwise(pl.lit("other"))


def part_checks(
    docs: pl.DataFrame, detectors: Mapping[str, Iterable[str]], settings: SampleSettings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what one part offers to the check sets: (candidates, counts) of each detector, language and stratum.

    `docs`: doc_id, source, part, row, text_sha256, lang, hits, not_run of readable documents. `detectors`: name to the
    languages it reads (none or "*": all). A hit at or over `detector_score` flags, any weaker one is near; a document
    that the detector did not read stands in no stratum. Candidates are those with the smallest keys, `detector` each.
    """
    docs = docs.with_columns(language=language_of(pl.col("lang")))
    hits = docs.select("row", "hits").explode("hits").drop_nulls("hits").unnest("hits")
    strong = (pl.col("score") >= settings.detector_score) & (pl.col("level") != _WEAK)
    best = hits.group_by("row", "detector").agg(strong=strong.any())
    found, counts = [], []
    for name, languages in detectors.items():
        read = docs.filter(~pl.col("not_run").list.contains(name).fill_null(False))
        if languages and "*" not in languages:
            read = read.filter(pl.col("language").is_in(list(languages)))
        own = best.filter(detector=name).select("row", "strong")
        stratum = pl.when("strong").then(pl.lit("flagged")).when(pl.col("strong").is_not_null())
        placed = read.join(own, on="row", how="left", maintain_order="left").with_columns(
            detector=pl.lit(name),
            stratum=stratum.then(pl.lit("near")).otherwise(pl.lit("unflagged")),
            key=pl.Series(keyed(read["doc_id"], settings.seed, f"{DRAW}\x00{name}")),
        )
        counts.append(placed.group_by(_CELL).len("docs"))
        keep = pl.col("key").rank("ordinal").over(_CELL) <= settings.detector
        found.append(placed.filter(keep).select(*_CELL, "key", *DRAW_COLUMNS[3:]))
    return pl.concat(found), pl.concat(counts)


def check_sets(
    parts: Iterable[tuple[pl.DataFrame, pl.DataFrame]], settings: SampleSettings
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Return the rows of DRAWS of all check sets, and {detector, language, stratum, docs, drawn} of each in order."""
    candidates, counts = zip(*parts, strict=True)
    ranked = pl.concat(candidates).sort(*_CELL, "key", "doc_id")
    ranked = ranked.with_columns(rank=pl.int_range(pl.len(), dtype=pl.UInt32).over(_CELL))
    drawn = ranked.filter(pl.col("rank") < settings.detector)
    total = pl.concat(counts).group_by(_CELL).agg(pl.col("docs").sum())
    told = total.join(drawn.group_by(_CELL).len("drawn"), on=_CELL, how="left").sort(_CELL)
    named = drawn.with_columns(draw=pl.lit(DRAW), stratum=pl.concat_str(_CELL, separator=" "))
    return named.select(DRAW_COLUMNS), told.with_columns(pl.col("drawn").fill_null(0)).to_dicts()
