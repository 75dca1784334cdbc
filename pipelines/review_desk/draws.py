"""What is to be read: the items of one draw, in their seeded order."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lineage.errors import HallmarkError
from pipelines import parts
from pipelines.project import PartRef, Project
from stages.publish.audit import draw_id

DRAWS = ("audit", "probe", "quarantine")


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
    return parts.read_part(path).filter(pl.col("draw") == draw).sort("stratum", "rank")


def load_items(project: Project, draw: str, source: str | None = None) -> list[Item]:
    """Return the items of one draw (of one source only, where named)."""
    table = draw_table(project, draw)
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


def sample_id(project: Project, draw: str = "audit") -> str:
    """Return the name of the present draw, which every decision on it carries."""
    return draw_id(draw_table(project, draw), project.params.sample.seed)
