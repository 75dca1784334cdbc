"""The published rows of one part: redacted text, structure kept, nothing that was not asked for."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from lineage.records import TURN

#: The same columns in every shard of every release, so that consumers can load any mix of shards.
SHARD = pa.schema(
    [
        ("doc_id", pa.large_string()),  # lower-case hex
        ("source", pa.large_string()),
        ("kind", pa.large_string()),  # text | pair | messages
        ("text", pa.large_string()),
        ("turns", pa.large_list(TURN)),
        ("lang", pa.large_string()),
        ("licence", pa.large_string()),
        ("ai_label", pa.large_string()),
        ("ai_label_json", pa.large_string()),
        ("url", pa.large_string()),  # these five only where the source's publish_fields names them
        ("title", pa.large_string()),
        ("author", pa.large_string()),
        ("date", pa.large_string()),
        ("meta", pa.large_string()),
    ]
)
OPTIONAL = ("url", "title", "author", "date", "meta")
SEPARATOR = "\n\n"  # between turns in `text`, as ingest joins them


def published(docs: pl.DataFrame, decisions: pl.DataFrame, quality: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that go out, in order of `row`: documents joined with disposition and language."""
    live = decisions.filter(pl.col("disposition").is_in(["kept", "redacted"])).select("row", "disposition")
    return docs.join(live, on="row", how="inner", maintain_order="left").join(
        quality.select("row", "lang"), on="row", how="left", maintain_order="left"
    )


def shard_table(
    rows: pl.DataFrame, publish_fields: tuple[str, ...], fields: Mapping[str, pl.Series]
) -> pa.Table:
    """Return `rows` (text already treated) in the SHARD schema; `fields` are the treated optional columns."""
    blank = pl.Series([None] * rows.height, dtype=pl.String)
    columns = {
        "doc_id": rows["doc_id"].bin.encode("hex"),
        **{n: rows[n] for n in ("source", "kind", "text", "turns", "lang", "licence")},
        "ai_label": rows["ai_label"],
        "ai_label_json": rows["ai_label_json"],
    }
    for name in OPTIONAL:
        chosen = fields.get(name, rows[name]) if name in publish_fields else blank
        columns[name] = chosen
    table = pl.DataFrame(columns).to_arrow()
    return pa.table([table[f.name].cast(f.type) for f in SHARD], schema=SHARD)


def units(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what is treated as one text: each plain document, each turn of a conversation.

    Columns: row, turn (0-based), role (null for plain text), offset (characters, into `text`), content.
    """
    chat = pl.col("turns").is_not_null()
    plain = rows.filter(~chat).select(
        "row",
        turn=pl.lit(0, pl.UInt32),
        role=pl.lit(None, pl.String),
        offset=pl.lit(0, pl.Int64),
        content="text",
    )
    told = (
        rows.filter(chat)
        .select("row", "turns", turn=pl.int_ranges(0, pl.col("turns").list.len(), dtype=pl.UInt32))
        .explode("turns", "turn")
        .unnest("turns")
        .with_columns(content=pl.col("content").fill_null(""))
    )
    step = pl.col("content").str.len_chars().cast(pl.Int64) + len(SEPARATOR)
    told = told.with_columns(offset=(step.cum_sum() - step).over("row"))
    return pl.concat([plain, told.select(plain.columns)]).sort("row", "turn")


def place(spans: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Return `spans` (row, start, end, type, ...) with `unit` (index into `pieces`) and offsets inside it.

    A span that reaches past its unit is cut at the unit's end, so that no separator is ever treated.
    """
    indexed = pieces.select("row", "offset", size=pl.col("content").str.len_chars()).with_row_index("unit")
    joined = spans.with_columns(offset=pl.col("start").cast(pl.Int64)).sort("row", "offset")
    joined = joined.join_asof(
        indexed.sort("row", "offset").with_columns(at="offset"), on="offset", by="row", check_sortedness=False
    )
    return joined.with_columns(
        start=(pl.col("start").cast(pl.Int64) - pl.col("at")).cast(pl.UInt32),
        end=pl.min_horizontal(
            pl.col("end").cast(pl.Int64) - pl.col("at"), pl.col("size").cast(pl.Int64)
        ).cast(pl.UInt32),
    ).drop("offset", "at", "size")


def reassemble(rows: pl.DataFrame, pieces: pl.DataFrame, treated: pl.Series) -> pl.DataFrame:
    """Return `rows` with `text` and `turns` rebuilt from the treated unit texts."""
    done = pieces.with_columns(content=treated)
    texts = done.group_by("row", maintain_order=True).agg(text=pl.col("content").str.join(SEPARATOR))
    turns = (
        done.filter(pl.col("role").is_not_null())
        .group_by("row", maintain_order=True)
        .agg(turns=pl.struct("role", "content"))
    )
    out = rows.drop("text", "turns").join(texts, on="row", how="left", maintain_order="left")
    return out.join(turns, on="row", how="left", maintain_order="left").select(rows.columns)
