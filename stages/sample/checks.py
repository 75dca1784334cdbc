"""Sets that check a detector: for each one and each language, documents it flagged, nearly flagged, and passed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from stages.sample.drawing import DRAW_COLUMNS, heads, mixed
from stages.sample.settings import SampleSettings

DRAW = "detector"
STRATA = ("flagged", "near", "unflagged")
LANGUAGES = ("en", "other", "zh")
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
    docs = docs.with_columns(language=language_of(pl.col("lang"))).with_row_index("at")
    spoken = docs["language"].replace_strict(LANGUAGES, range(len(LANGUAGES))).to_numpy()
    strata, passed, head = _levels(docs, settings), _at(docs, "not_run"), heads(docs["doc_id"])
    found, counts = [], []
    for name, languages in detectors.items():
        read = np.ones(docs.height, dtype=bool)
        if languages and "*" not in languages:
            read = np.isin(spoken, [i for i, language in enumerate(LANGUAGES) if language in languages])
        read[passed.get(name, [])] = False
        stratum = np.full(docs.height, len(STRATA) - 1, dtype=np.uint8)
        at, seen = strata.get(name, ([], []))
        stratum[at] = seen
        key = mixed(head, settings.seed, f"{DRAW}\x00{name}")
        for language, level in product(range(len(LANGUAGES)), range(len(STRATA))):
            cell = np.flatnonzero(read & (stratum == level) & (spoken == language))
            if cell.size:
                counts.append((name, LANGUAGES[language], STRATA[level], cell.size))
                least = cell[np.argsort(key[cell], kind="stable")[: settings.detector]]
                found.append((least, key[least]))
    schema = dict.fromkeys(_CELL, pl.String) | {"docs": pl.UInt32}
    told = pl.DataFrame(counts, schema=schema, orient="row")
    at = np.concatenate([np.empty(0, np.int64), *(places for places, _ in found)])
    keys = np.concatenate([np.empty(0, np.uint64), *(key for _, key in found)])
    cell = np.repeat(np.arange(len(found)), [places.size for places, _ in found])
    named = told.select(_CELL)[cell].with_columns(key=pl.Series(keys, dtype=pl.UInt64))
    return named.hstack(docs.select(DRAW_COLUMNS[3:])[at]), told


def _levels(docs: pl.DataFrame, settings: SampleSettings) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return per detector that hit: the documents' places, and 0 where it flagged one or 1 where it nearly did."""
    hits = docs.select("at", "hits").explode("hits").drop_nulls("hits").unnest("hits")
    strong = (pl.col("score") >= settings.detector_score) & (pl.col("level") != _WEAK)
    best = hits.group_by("at", "detector").agg(level=(~strong.any()).cast(pl.UInt8))
    pieces = best.partition_by("detector", as_dict=True)
    return {name: (t["at"].to_numpy(), t["level"].to_numpy()) for (name,), t in pieces.items()}


def _at(docs: pl.DataFrame, column: str) -> dict[str, np.ndarray]:
    """Return per value of a column of lists the places of the documents that hold it."""
    pieces = docs.select("at", column).explode(column).drop_nulls(column).partition_by(column, as_dict=True)
    return {name: t["at"].to_numpy() for (name,), t in pieces.items()}


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
