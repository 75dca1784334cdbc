"""The public lineage of one part: one row per document, kept or not; no text, no locator of what was withheld."""

from __future__ import annotations

import hashlib

import polars as pl
import pyarrow as pa

from lineage.keyed import keyed_id, keyed_text
from lineage.records import PII_COUNT

PUBLIC = pa.schema(
    [
        ("row", pa.uint32()),  # place in the part
        ("doc_id", pa.large_binary()),  # null for a document that is not published
        (
            "keyed_id",
            pa.large_binary(),
        ),  # HMAC-SHA256(project key, doc_id): an unkeyed id of a URL can be guessed
        ("disposition", pa.large_string()),
        ("stage", pa.large_string()),
        ("reason", pa.large_string()),
        ("rule", pa.large_string()),
        ("licence", pa.large_string()),
        ("lang", pa.large_string()),
        ("ai_label", pa.large_string()),
        ("keeper", pa.large_binary()),  # the published document that stands for this one
        ("jaccard", pa.float64()),
        ("pii", pa.large_list(PII_COUNT)),
        ("reviewer", pa.large_string()),
        ("chars_in", pa.uint32()),
        ("chars_out", pa.uint32()),
        (
            "edits",
            pa.large_list(PII_COUNT),
        ),  # values replaced, by type; null for a document that is not published
        (
            "text_in_sha256",
            pa.large_binary(),
        ),  # of the UTF-8 of the text as read; null unless published unchanged
        (
            "text_in_keyed",
            pa.large_binary(),
        ),  # `keyed_text` of the text as read; null unless published changed
        ("text_out_sha256", pa.large_binary()),  # of the UTF-8 of the published text
        ("shard_row", pa.uint32()),
    ]
)


def public_lineage(
    docs: pl.DataFrame,
    decisions: pl.DataFrame,
    quality: pl.DataFrame,
    pii: pl.DataFrame,
    out: pl.DataFrame,
    hmac_key: bytes,
) -> pa.Table:
    """Return PUBLIC for one part; `out`: published texts and their edits (text, edits), in shard order."""
    live = decisions["disposition"].is_in(["kept", "redacted"])
    sent = (
        decisions.filter(live)
        .select("row")
        .with_columns(
            shard_row=pl.int_range(pl.len(), dtype=pl.UInt32),
            chars_out=out["text"].str.len_chars(),
            edits=out["edits"],
            text_out_sha256=pl.Series(
                [hashlib.sha256(t.encode()).digest() for t in out["text"]], dtype=pl.Binary
            ),
        )
    )
    keyed = [keyed_id(hmac_key, d) for d in decisions["doc_id"]]
    is_live = pl.col("disposition").is_in(["kept", "redacted"])
    table = (
        decisions.with_columns(keyed_id=pl.Series(keyed, dtype=pl.Binary))
        .join(
            docs.select("row", "licence", "ai_label", "text_sha256", chars_in="chars"), on="row", how="left"
        )
        .join(quality.select("row", "lang"), on="row", how="left")
        .join(pii.select("row", pii="counts"), on="row", how="left")
        .join(sent, on="row", how="left")
        .sort("row")
    )
    before = [
        None if old is None or new is None or old == new else keyed_text(hmac_key, old)
        for old, new in table.select("text_sha256", "text_out_sha256").iter_rows()
    ]
    table = table.with_columns(text_in_keyed=pl.Series(before, dtype=pl.Binary)).with_columns(
        doc_id=pl.when(is_live).then("doc_id"),
        keyed_id=pl.when(~is_live).then("keyed_id"),
        text_in_sha256=pl.when(pl.col("text_sha256") == pl.col("text_out_sha256")).then("text_sha256"),
        keeper=pl.when(pl.col("reason") != "twin-of-removed").then("keeper"),  # names what was withheld
    )
    arrow = table.select(PUBLIC.names).to_arrow()
    return pa.table([arrow[f.name].cast(f.type) for f in PUBLIC], schema=PUBLIC)
