"""The text of one item as the reader must see it: as published for the audit, as found for probe and quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from lineage import keys
from lineage.errors import HallmarkError
from pipelines.project import PartRef, Project
from pipelines.quarantine import store as quarantine
from pipelines.review_desk.draws import Item
from stages.decide.policy import Policy, load_policy
from stages.decide.reviews import MEASURING
from stages.publish.shard import units
from stages.publish.treat import treat


@dataclass(frozen=True)
class Reading:
    """One item with its text, where turns begin (character, role), and the evidence of the run."""

    item: Item
    text: str
    turns: tuple[tuple[int, str], ...]
    redacted: bool
    document: dict[str, Any]
    verdict: dict[str, Any]
    quality: dict[str, Any]
    spans: tuple[dict[str, Any], ...]
    hits: tuple[dict[str, Any], ...]


class Texts:
    """Reads items from the restricted tables of a project."""

    def __init__(self, project: Project, draw: str) -> None:
        self.project, self.as_published, self.held = project, draw == "audit", draw == "quarantine"
        self.blind = draw == MEASURING
        self.policy: Policy = load_policy(project.policy_path)

    def read(self, item: Item) -> Reading:
        """Return the item with its text; a HallmarkError if the draw is older than the documents."""
        docs = self._row("ingest", item)
        if docs.is_empty() or docs["text_sha256"][0] != bytes.fromhex(item.text_sha256):
            raise HallmarkError(
                "the draw belongs to other documents than data/ingest holds now",
                where=str(self.project.table("ingest", item.ref)),
                cure="run `dvc repro`, then start the desk again",
            )
        docs = self._from_quarantine(docs, item) if self.held else docs
        spans = self._spans(item)
        rows = self._treated(docs, spans) if self.as_published else docs
        pieces = units(rows)
        turns = pieces.filter(pl.col("role").is_not_null()).select("offset", "role").rows()
        facts = docs.drop("text", "turns", "meta").row(0, named=True)
        return Reading(
            item=item,
            text=rows["text"][0],
            turns=tuple(turns),
            redacted=rows["text"][0] != docs["text"][0],
            document=facts,
            verdict={} if self.blind else self._facts("verdicts", item),
            quality=self._facts("quality", item),
            spans=tuple(spans.drop("selector").sort("start").to_dicts()),
            hits=() if self.blind else tuple(self._facts("screen", item).get("hits") or ()),
        )

    def _from_quarantine(self, docs: pl.DataFrame, item: Item) -> pl.DataFrame:
        """Return the row with its text as quarantine/ holds it; a locked one needs its key."""
        entry = quarantine.read(self.project, item.ref, bytes.fromhex(item.id), self._hmac())
        if entry is None:
            return docs
        held = {n: pl.Series(n, [entry[n]], dtype=docs.schema[n]) for n in ("text", "turns")}
        return docs.with_columns(**held)

    def _treated(self, docs: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
        treated, _ = treat(docs, spans, self.policy.pii, self._hmac(), self.project.params.pii)
        return treated

    def _hmac(self) -> bytes:
        key_id, key = keys.load_hmac(keys.default_folder())
        wanted = self.project.params.keys.hmac
        if wanted and wanted != key_id:
            raise HallmarkError(
                "the HMAC key at hand is not the project's: the audit would not show what is published",
                where="$HALLMARK_KEYS",
                cure="point $HALLMARK_KEYS at the project's keys",
            )
        return key

    def _row(self, folder: str, item: Item) -> pl.DataFrame:
        return read_row(self.project.table(folder, item.ref), item.row)

    def _facts(self, folder: str, item: Item) -> dict[str, Any]:
        row = self._row(folder, item)
        return row.row(0, named=True) if row.height else {}

    def _spans(self, item: Item) -> pl.DataFrame:
        return _all_spans(self.project, item.ref).filter(pl.col("row") == item.row)


def read_row(path: Path, row: int) -> pl.DataFrame:
    """Return row number `row` of a part file, reading only its row group; empty if the file or the row is missing."""
    if not path.is_file():
        return pl.DataFrame()
    start, stamp = 0, path.stat().st_mtime_ns
    for group, size in enumerate(_group_sizes(path, stamp)):
        if row < start + size:
            return _group(path, stamp, group).slice(row - start, 1)
        start += size
    return pl.DataFrame()


@lru_cache(maxsize=256)
def _group_sizes(path: Path, stamp: int) -> tuple[int, ...]:
    with pq.ParquetFile(path) as file:
        return tuple(file.metadata.row_group(n).num_rows for n in range(file.num_row_groups))


@lru_cache(maxsize=8)  # the tables of two parts: neighbours in a draw often come from one part
def _group(path: Path, stamp: int, group: int) -> pl.DataFrame:
    with pq.ParquetFile(path) as file:
        return pl.DataFrame(file.read_row_group(group))


@lru_cache(maxsize=8)
def _cached_spans(path: Path, stamp: int) -> pl.DataFrame:
    return pl.read_parquet(path, use_pyarrow=False)


def _all_spans(project: Project, ref: PartRef) -> pl.DataFrame:
    path = project.table("pii_spans", ref)
    if not path.is_file():
        raise HallmarkError("the findings of this part are missing", where=str(path), cure="run `dvc repro`")
    return _cached_spans(path, path.stat().st_mtime_ns)
