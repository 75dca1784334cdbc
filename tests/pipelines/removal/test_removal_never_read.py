"""Text removed as sexual content about minors is in no draw of the desk and in no export, even where it was drawn."""

from __future__ import annotations

import polars as pl
import pytest
import removal_house as house

from lineage.records import doc_id
from pipelines import parts
from pipelines.review_desk.draws import DRAWS, load_items
from pipelines.review_desk.exchange import export_items

W2 = doc_id("web", "w2")


def rewrite(path, change) -> None:
    key = parts.stored_key(path)
    parts.write_part(path, change(parts.read_part(path)), None, key)


def plant(project) -> None:
    """Draw the document in every draw, beside what is there."""
    ref = next(r for r in project.parts() if r.source == "web")
    row = parts.read_part(project.table("ingest", ref), ["row", "doc_id", "text_sha256"])
    mine = row.filter(pl.col("doc_id") == W2).with_columns(
        source=pl.lit(ref.source), part=pl.lit(ref.part), stratum=pl.lit("*"), rank=pl.lit(99)
    )

    def drawn(table: pl.DataFrame) -> pl.DataFrame:
        more = [mine.with_columns(draw=pl.lit(draw)) for draw in DRAWS]
        more = [m.select(table.columns).cast(dict(table.schema)) for m in more]
        return pl.concat([table.filter(pl.col("doc_id") != W2), *more])

    rewrite(project.data / "sample" / "draws.parquet", drawn)


def doom(project) -> None:
    """Set the verdict by hand: no text of this kind is in any fixture."""
    mine = pl.when(pl.col("doc_id") == W2)
    for ref in project.parts():
        rewrite(
            project.table("verdicts", ref),
            lambda t: t.with_columns(
                disposition=mine.then(pl.lit("removed")).otherwise("disposition"),
                reason=mine.then(pl.lit("sexual-minors")).otherwise("reason"),
            ),
        )


@pytest.mark.parametrize("draw", DRAWS)
def test_what_nobody_may_read_is_in_no_draw_and_in_no_export(project, tmp_path, draw):
    plant(project)
    assert W2.hex() in {item.id for item in load_items(project, draw)}
    doom(project)
    assert W2.hex() not in {item.id for item in load_items(project, draw)}
    out = tmp_path / "read.csv"
    export_items(project, draw, "r1", "annotator", out)
    told = out.read_text(encoding="utf-8")
    assert house.text(2)[:60] not in told and W2.hex() not in told
