"""What is to be read: the items of one draw, in their seeded order."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lineage.errors import HallmarkError
from pipelines import parts
from pipelines.project import PartRef, Project
from stages.decide.lanes import RULE as SLOW
from stages.decide.policy import ILLEGAL
from stages.decide.reviews import ITEM
from stages.publish.audit import draw_id

DRAWS = ("audit", "probe", "quarantine", "detector")
_ORDER = {"audit": ("rank",), "detector": ("rank", "doc_id")}  # strata mixed; the others one after the other


@dataclass(frozen=True)
class Item:
    """One drawn document; `id` is its document id in hex."""

    id: str
    text_sha256: str
    source: str
    part: str
    row: int
    stratum: str
    rank: int

    @property
    def ref(self) -> PartRef:
        return PartRef(self.source, self.part)

    @property
    def key(self) -> tuple[bytes, bytes]:
        return bytes.fromhex(self.id), bytes.fromhex(self.text_sha256)


def draw_table(project: Project, draw: str) -> pl.DataFrame:
    """Return the rows of DRAWS of one draw in reading order; an error if nothing was drawn yet."""
    path = project.data / "sample" / "draws.parquet"
    if not path.is_file():
        raise HallmarkError("nothing drawn yet", where=str(path), cure="run `dvc repro`")
    if draw not in DRAWS:
        raise HallmarkError(
            f"no draw is called {draw!r}", where="--draw", cure=f"use one of {', '.join(DRAWS)}"
        )
    order = (
        ("rank",) if draw == "audit" else ("stratum", "rank")
    )  # the audit's sources mixed, as it ranks them
    return parts.read_part(path).filter(pl.col("draw") == draw).sort(*order)


def load_items(project: Project, draw: str, source: str | None = None) -> list[Item]:
    """Return the items of one draw (of one source only, where named)."""
    table = _readable(project, draw_table(project, draw), draw).unique(
        ITEM, keep="first", maintain_order=True
    )
    if source is not None:
        table = table.filter(pl.col("source") == source)
        if table.is_empty():
            names = ", ".join(project.sources)
            raise HallmarkError(
                f"the draw holds nothing of {source!r}", where="--source", cure=f"sources: {names}"
            )
    hexed = table.with_columns(pl.col("doc_id", "text_sha256").bin.encode("hex"))
    columns = ("doc_id", "text_sha256", "source", "part", "row", "stratum", "rank")
    return [Item(*row) for row in hexed.select(columns).iter_rows()]


def _readable(project: Project, table: pl.DataFrame, draw: str) -> pl.DataFrame:
    """Return what a person may read: nothing removed as sexual content about minors; all that the slow lane holds.

    Reviews can send a source into the slow lane that the rules alone did not: its documents are in no draw.
    """
    unread, late = [], []
    for ref in project.parts():
        path = project.table("decide", ref)
        judged = parts.read_part(project.table("verdicts", ref), ["row", "doc_id", "text_sha256", "reason"])
        unread.append(judged.filter(pl.col("reason") == ILLEGAL)["doc_id"])
        if draw == "quarantine" and path.is_file():
            held = parts.read_part(path, ["doc_id", "rule"]).filter(pl.col("rule") == SLOW)
            named = {"source": pl.lit(ref.source), "part": pl.lit(ref.part)}
            late.append(judged.join(held, on="doc_id", how="semi").with_columns(**named))
    if late:
        more = pl.concat(late).join(table, on="doc_id", how="anti").sort("doc_id")
        more = more.with_row_index("rank", offset=table.height).with_columns(
            draw=pl.lit(draw), stratum=pl.lit("*")
        )
        table = pl.concat([table, more.select(table.columns).cast(dict(table.schema))])
    return table.filter(~pl.col("doc_id").is_in(pl.concat(unread).implode())) if unread else table


def sample_id(project: Project, draw: str = "audit") -> str:
    """Return the name of the present draw, which every decision on it carries."""
    return draw_id(draw_table(project, draw), project.params.sample.seed)
