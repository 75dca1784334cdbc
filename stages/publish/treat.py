"""Redaction of what goes out: texts turn by turn, and the columns a source wants published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from stages import pii, screen
from stages.decide.policy import PiiPolicy
from stages.pii import TYPES, PiiSettings
from stages.publish.shard import OPTIONAL, place, reassemble, units
from stages.screen import ScreenSettings

ROUNDS = 3
SPAN = {"row": pl.UInt32, "type": pl.String, "start": pl.UInt32, "end": pl.UInt32}


def actions_of(policy: PiiPolicy) -> dict[str, str]:
    """Return the policy's action for every known type."""
    return {kind: policy.action(kind) for kind in TYPES}


def treat(
    rows: pl.DataFrame, spans: pl.DataFrame, policy: PiiPolicy, hmac_key: bytes, settings: PiiSettings
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the published rows with redacted text and turns, and what a last scan still finds by type.

    The rows gain `edits` (as `PII_COUNT`, sorted by type): values replaced; empty where the text is as it was.

    Only texts that were changed are scanned again: the others were scanned as they are. A replacement can make
    its surroundings look like another finding; such a finding is treated too, ROUNDS times at most.
    """
    pieces = units(rows)
    placed = place(spans.select("row", "type", "start", "end"), pieces)
    placed = placed.filter((pl.col("end") > pl.col("start")) & pl.col("unit").is_not_null())
    by_unit = placed.select(row=pl.col("unit").cast(pl.UInt32), type="type", start="start", end="end")
    actions = actions_of(policy)
    replaced = [by_unit.filter(pl.col("type").replace_strict(actions) != "keep")]
    texts, _ = pii.redact_part(pieces["content"], by_unit, actions, hmac_key)
    changed = texts.ne_missing(pieces["content"]).arg_true().cast(pl.UInt32)
    for _ in range(ROUNDS):
        left = _left(texts, changed, policy, settings)
        if left.is_empty():
            break
        texts, _ = pii.redact_part(texts, left, actions, hmac_key)
        replaced.append(left)
        changed = left["row"].unique().sort()
    left = _left(texts, changed, policy, settings)
    counts = left.group_by("type").len().sort("type")
    return _with_edits(reassemble(rows, pieces, texts), pieces, pl.concat(replaced)), dict(counts.rows())


def _with_edits(rows: pl.DataFrame, pieces: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` with `edits`: replacements (`row`: place in `pieces`) counted by document and type."""
    found = replaced.select(pieces["row"].gather(replaced["row"]).cast(pl.UInt32).alias("row"), "type")
    counts = found.group_by("row", "type").agg(n=pl.len().cast(pl.UInt32)).sort("row", "type")
    edits = counts.group_by("row", maintain_order=True).agg(edits=pl.struct("type", "n"))
    return rows.join(edits, on="row", how="left", maintain_order="left").with_columns(
        pl.col("edits").fill_null([])
    )


def _left(texts: pl.Series, which: pl.Series, policy: PiiPolicy, settings: PiiSettings) -> pl.DataFrame:
    """Return findings (row, type, start, end) that the policy treats, in the texts numbered `which`."""
    treated = ("keep", "surrogate", "mask")  # a surrogate keeps a valid form by intent, a mask its length
    found = pii.scan(texts.gather(which).to_list(), settings)
    return pl.DataFrame(
        [(which[f.doc], f.type, f.start, f.end) for f in found if policy.action(f.type) not in treated],
        schema=SPAN,
        orient="row",
    )


def treat_fields(
    rows: pl.DataFrame,
    source: Mapping[str, Any],
    policy: PiiPolicy,
    hmac_key: bytes,
    settings: PiiSettings,
    screening: ScreenSettings,
) -> dict[str, pl.Series]:
    """Return the optional columns that the source publishes, redacted; a value that screening flags is left out."""
    return {
        name: _column(rows[name], policy, hmac_key, settings, screening)
        for name in OPTIONAL
        if name in source["publish_fields"]
    }


def _column(values: pl.Series, policy, hmac_key, settings, screening) -> pl.Series:
    distinct = values.drop_nulls().unique().sort()
    texts = distinct.to_list()
    spans = pl.DataFrame(
        [(f.doc, f.type, f.start, f.end) for f in pii.scan(texts, settings)],
        schema=SPAN,
        orient="row",
    )
    treated, _ = pii.redact_part(distinct, spans, actions_of(policy), hmac_key)
    flagged = screen.scan(texts, screening).filter(pl.col("level") != "mention")["text"].unique()
    clean = (
        treated.to_frame("new")
        .with_row_index("i")
        .with_columns(new=pl.when(~pl.col("i").is_in(flagged.cast(pl.UInt32).implode())).then("new"))
    )
    table = pl.DataFrame({"old": distinct, "new": clean["new"]})
    return values.to_frame("old").join(table, on="old", how="left", maintain_order="left")["new"]
