"""What was erased as illegal content stays out when it comes again, from another source too; run by the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import removal_house as house
from support import call

from lineage import ledger as chain
from lineage.records import doc_id
from pipelines import parts
from pipelines.project import Project
from pipelines.removal.request import ledger_path

NEW = "late"


def doom(project: Project, doc: bytes) -> None:
    """Set a verdict by hand: no text of this kind is in any fixture."""
    for ref in project.parts():
        path = project.table("decide", ref)
        table, key = parts.read_part(path), parts.stored_key(path)
        mine = pl.col("doc_id") == doc
        hit = table.with_columns(
            disposition=pl.when(mine).then(pl.lit("removed")).otherwise("disposition"),
            reason=pl.when(mine).then(pl.lit("sexual-minors")).otherwise("reason"),
        )
        parts.write_part(path, hit, None, key)


def fate(project: Project, doc: bytes) -> tuple[str, str, str]:
    for ref in project.parts():
        table = parts.read_part(project.table("decide", ref)).filter(pl.col("doc_id") == doc)
        for row in table.select("disposition", "stage", "reason").rows():
            return row
    raise AssertionError("no such document")


def test_an_erased_text_is_refused_from_any_source_and_erased_again(project, keys_folder):
    doom(project, doc_id("web", "w2"))
    hallmark = [shutil.which("hallmark")]
    call([*hallmark, "purge", "--apply"], project.root, keys_folder)
    ledger = ledger_path(project).read_text()
    assert (
        house.text(2)[:60] not in ledger
        and chain.entries(ledger_path(project))[0]["basis"] == "illegal-content"
    )

    # another source brings the same text under another name, and its own words beside it
    house.put(
        project.root, NEW, [{"id": "n1", "text": f"  {house.text(2)}\n"}, {"id": "n2", "text": house.text(9)}]
    )
    house.sources(project.root, "web", "copies", NEW)
    project = house.run(project.root, *house.STAGES[:-1])
    assert fate(project, doc_id(NEW, "n1")) == ("removed", "decide", "tombstoned")
    assert fate(project, doc_id(NEW, "n2"))[0] == "kept"
    books = json.loads(call([*hallmark, "books", "--json"], project.root, keys_folder).stdout)
    assert {"stage": "decide", "disposition": "removed", "reason": "tombstoned", "docs": 2} in books[
        "reasons"
    ]
    shown = call([*hallmark, "removed", "--reason", "tombstoned"], project.root, keys_folder).stdout
    assert shown.startswith("2 documents")  # the erased one and its copy

    # purge takes the text of the copy as well, and the row still says why
    call([*hallmark, "purge", "--apply"], project.root, keys_folder)
    call([*hallmark, "stage", "run", "sample"], project.root, keys_folder)
    call([*hallmark, "stage", "run", "decide"], project.root, keys_folder)
    assert fate(Project(project.root), doc_id(NEW, "n1")) == ("removed", "decide", "tombstoned")
    words = house.text(2)[100:160]
    texts = [t for p in Path(project.data / "ingest").rglob("*.parquet") for t in pl.read_parquet(p)["text"]]
    assert not any(words in (t or "") for t in texts)
