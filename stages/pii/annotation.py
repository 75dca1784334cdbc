"""One part's documents to their counts and spans."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import polars as pl

from lineage import records
from stages.pii import engine, sensitive
from stages.pii.resolve import Found, resolve
from stages.pii.settings import PiiSettings
from stages.pii.values import selector


class Finding(NamedTuple):
    """One finding in text number `doc` of a list: characters `start` to `end`."""

    doc: int
    type: str
    start: int
    end: int
    score: float
    detector: str


def scan(texts: list[str], settings: PiiSettings) -> list[Finding]:
    """Return the findings in `texts` that do not overlap, ordered by text and start (offsets in code points)."""
    found, _ = engine.find(texts, settings)
    return [Finding(doc, *item) for doc, items in enumerate(found) for item in resolve(items)]


def labels(texts: list[str], settings: PiiSettings) -> list[list[str]]:
    """Return the sensitive classes that each text's findings give it."""
    found, _ = engine.find(texts, settings)
    return sensitive.classes(texts, [resolve(items) for items in found], settings)


def annotate(docs: pl.DataFrame, settings: PiiSettings, hmac_key: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tables `PII` (one row per document) and `PII_SPANS` (one row per finding) of one part.

    `docs` has the schema `DOCUMENTS`. Work is done once per distinct text; a null text has an empty annotation.
    """
    texts = docs.filter(pl.col("text").is_not_null()).unique("text_sha256", keep="first", maintain_order=True)
    found, not_run = engine.find(texts["text"].to_list(), settings)
    kept = [resolve(items) for items in found]
    not_run = [names + sensitive.not_run(items, settings) for names, items in zip(not_run, kept, strict=True)]
    given = sensitive.classes(texts["text"].to_list(), kept, settings)
    facts = _facts(texts, kept, not_run, given)
    spans = _spans(texts, kept, hmac_key)
    keys = docs.select("row", "doc_id", "text_sha256", has=pl.col("text").is_not_null())
    rows = keys.join(facts, on="text_sha256", how="left", maintain_order="left")
    empty = {"counts": [], "sensitive": [], "not_run": [], "per_kchar": 0.0}
    counts = rows.with_columns(
        pl.when("has").then(pl.col(c)).otherwise(pl.lit(v, dtype=facts.schema[c])).alias(c)
        for c, v in empty.items()
    )
    joined = keys.filter("has").join(spans, on="text_sha256", how="inner", maintain_order="left_right")
    return _as(counts, records.PII), _as(joined, records.PII_SPANS)


def _facts(
    texts: pl.DataFrame, kept: list[list[Found]], not_run: list[list[str]], given: list[list[str]]
) -> pl.DataFrame:
    """Return per distinct text: counts by type, sensitive classes, findings per 1,000 characters, what did not run."""
    size = texts["text"].str.len_chars()
    n = pl.Series([len(k) for k in kept], dtype=pl.Float64)
    counts = [_counts(k) for k in kept]
    return pl.DataFrame(
        {
            "text_sha256": texts["text_sha256"],
            "counts": pl.Series(counts, dtype=pl.List(pl.Struct({"type": pl.String, "n": pl.UInt32}))),
            "sensitive": pl.Series(given, dtype=pl.List(pl.String)),
            "per_kchar": (n * 1000 / size.clip(lower_bound=1)).round(4),
            "not_run": pl.Series([sorted(set(x)) for x in not_run], dtype=pl.List(pl.String)),
        }
    )


def _counts(items: list[Found]) -> list[dict[str, str | int]]:
    """Count findings by type, sorted by type."""
    kinds = sorted(item[0] for item in items)
    return [{"type": kind, "n": kinds.count(kind)} for kind in dict.fromkeys(kinds)]


def _spans(texts: pl.DataFrame, kept: list[list[Found]], hmac_key: bytes) -> pl.DataFrame:
    """Return one row per finding and distinct text, with the selector of its value."""
    text, digest = texts["text"].to_list(), texts["text_sha256"].to_list()
    rows = [
        (digest[i], kind, a, b, score, name, selector(kind, text[i][a:b], hmac_key))
        for i, kind, a, b, score, name in chain.from_iterable(
            ((i, *f) for f in items) for i, items in enumerate(kept)
        )
    ]
    schema = {
        "text_sha256": pl.Binary, "type": pl.String, "start": pl.UInt32, "end": pl.UInt32,
        "score": pl.Float64, "detector": pl.String, "selector": pl.Binary,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _as(frame: pl.DataFrame, schema) -> pl.DataFrame:
    """Return the columns of an Arrow schema, in its order and with its types."""
    return frame.select(pl.col(name) for name in schema.names).cast(pl.DataFrame(schema.empty_table()).schema)
