"""Purge: what held a removed document is gone, the rest stays, the receipts stand in the ledger."""

from __future__ import annotations

import hashlib
import shutil

import polars as pl
import pytest
import removal_house as house

from lineage import ledger as chain
from lineage.records import doc_id
from pipelines import parts
from pipelines.removal.purge import plan, purge
from pipelines.removal.request import Ground, ledger_path, request
from pipelines.removal.selector import choose

W1, C1 = doc_id("web", "w1"), doc_id("copies", "c1")
WORDS = house.text(1)[:80].encode()


def row(project, folder, doc):
    for ref in project.parts():
        hit = parts.read_part(project.table(folder, ref)).filter(pl.col("doc_id") == doc)
        if hit.height:
            return hit.row(0, named=True)
    return None


def shards(project):
    return {p.name: p.read_bytes() for p in (project.release / "data").rglob("*.parquet")}


def dvc_object(root, content):
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = root / "files" / "md5" / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o444)
    return path


@pytest.fixture
def removed(project, tmp_path):
    """Return the project after a removal, with its old shards in DVC's cache, a local remote and a far one."""
    old = shards(project)
    near, far = tmp_path / "near-remote", "s3://somewhere/else"
    config = f"['remote \"near\"']\n    url = {near}\n['remote \"far\"']\n    url = {far}\n"
    with (project.root / ".dvc" / "config").open("a") as f:
        f.write(config)
    stored = [dvc_object(root, c) for root in (project.root / ".dvc" / "cache", near) for c in old.values()]
    request(project, choose(url="https://www.example.org/page/1"), Ground("pipl-47", house.AS_OF))
    project = house.run(project.root, "decide", "publish")
    return project, old, stored


def test_a_plan_changes_nothing(removed):
    project, _, stored = removed
    before = {p: p.stat().st_mtime_ns for p in project.root.rglob("*") if p.is_file()}
    lines = purge(project, house.AS_OF)
    assert lines[-1].startswith("nothing was changed")
    assert {p: p.stat().st_mtime_ns for p in project.root.rglob("*") if p.is_file()} == before
    assert all(p.is_file() for p in stored)


def test_only_objects_that_held_the_document_are_deleted_with_receipts(removed):
    project, old, stored = removed
    gone = {hashlib.sha256(c).hexdigest() for n, c in old.items() if n not in shards(project)}
    assert len(gone) == 1
    purge(project, house.AS_OF, apply=True)
    entry = chain.entries(ledger_path(project))[-1]
    assert (entry["event"], entry["requests"]) == ("purge", [1])
    receipts = [r for r in entry["physical"] if r["sha256"] in gone]
    assert sorted(r["store"] for r in receipts) == ["dvc-cache", "dvc-remote near"]
    assert all(r["object"] == f"files/md5/{r['md5'][:2]}/{r['md5'][2:]}" for r in receipts)
    left = [p for p in stored if p.is_file()]
    assert len(left) == len(stored) - 2
    assert not any(hashlib.sha256(p.read_bytes()).hexdigest() in gone for p in left)


def test_what_is_out_of_reach_is_named(removed):
    project, _, _ = removed
    text = "\n".join(purge(project, house.AS_OF))
    for what in ("remote `far` (s3)", "backups", "other clones", "models trained", "web: in/web.jsonl#1"):
        assert what in text


def test_text_is_erased_from_every_table_and_a_tombstone_stays(removed):
    project, _, _ = removed
    key = {d: row(project, "ingest", d)["text_sha256"] for d in (W1, C1)}
    purge(project, house.AS_OF, apply=True)
    for doc, reason in ((W1, "removal-request"), (C1, "twin-of-removed")):
        told = row(project, "ingest", doc)
        assert (told["status"], told["error"], told["chars"]) == ("unreadable", reason, 0)
        for name in ("text", "url", "title", "author", "meta", "turns"):
            assert told[name] is None
        assert told["native_id"].startswith("erased:")
        assert told["text_sha256"] not in (None, key[doc])
        assert row(project, "dedup_signatures", doc)["signature"] is None
        assert row(project, "dedup", doc)["exact"] is None
        assert row(project, "pii_spans", doc) is None
    tables = sorted((project.root / "data").rglob("*.parquet"))
    texts = [t for p in tables for t in pl.read_parquet(p).select(pl.col(pl.String)).rows()]
    assert not any(WORDS.decode() in str(v) for t in texts for v in t)


def test_after_a_purge_the_shards_and_books_stay_as_they_were(removed):
    project, _, _ = removed
    before, decided = shards(project), row(project, "decide", W1)
    purge(project, house.AS_OF, apply=True)
    shutil.rmtree(project.data / "verdicts")  # judged anew, from the rows without text
    (project.data / "dedup_edges" / "edges.parquet").unlink()  # and searched anew
    project = house.run(project.root, "quality", "dedup", "pii", "screen", "sample", "decide", "publish")
    assert shards(project) == before
    for doc, how in ((W1, "removal-request"), (C1, "twin-of-removed")):
        told = row(project, "decide", doc)
        assert (told["disposition"], told["reason"]) == ("removed", how)
    assert decided["stage"] == row(project, "decide", W1)["stage"]


def test_a_second_purge_finds_nothing(removed):
    project, _, _ = removed
    purge(project, house.AS_OF, apply=True)
    before = ledger_path(project).read_bytes()
    assert purge(project, house.AS_OF, apply=True)[-1] == "nothing was left to purge"
    assert ledger_path(project).read_bytes() == before


def test_a_document_that_is_still_published_is_not_touched(project):
    request(project, choose(url="https://www.example.org/page/1"), Ground("pipl-47", house.AS_OF))
    found = plan(project)
    assert found.waiting == 1
    assert W1 not in {d for reasons in found.rows.values() for d in reasons}
    purge(project, house.AS_OF, apply=True)
    assert row(project, "ingest", W1)["text"] == house.text(1)


def test_sexual_minors_are_erased_unasked_and_enter_the_ledger(project):
    """The verdict is set by hand: no text of this kind is in any fixture."""
    for ref in project.parts():
        path = project.table("decide", ref)
        table, key = parts.read_part(path), parts.stored_key(path)
        mine = pl.col("doc_id") == W1
        hit = table.with_columns(
            disposition=pl.when(mine).then(pl.lit("removed")).otherwise("disposition"),
            reason=pl.when(mine).then(pl.lit("sexual-minors")).otherwise("reason"),
        )
        parts.write_part(path, hit, None, key)
    purge(project, house.AS_OF, apply=True)
    told = row(project, "ingest", W1)
    assert (told["text"], told["error"]) == (None, "sexual-minors")
    asked, done = chain.entries(ledger_path(project))
    assert (asked["basis"], asked["selector"]["kind"], asked["matched"]["twins"]) == (
        "illegal-content",
        "reason",
        1,
    )
    assert done["erased_rows"] == 1
    project = house.run(project.root, "sample", "decide")
    assert row(project, "decide", C1)["reason"] == "twin-of-removed"


def test_text_whose_retention_ended_is_erased(project):
    house.sources(project.root, "web", "copies", retain="2026-10-31")
    project = house.run(project.root, "inventory", "sample", "decide")
    assert row(project, "decide", W1)["reason"] == "retention-ended"
    purge(project, house.AS_OF, apply=True)
    told = row(project, "ingest", W1)
    assert (told["text"], told["error"]) == (None, "retention-ended")
    project = house.run(project.root, "decide")
    assert row(project, "decide", W1)["disposition"] == "removed"


def test_similarities_that_a_search_carries_along_forget_the_texts_of_removed_documents(removed):
    project, _, _ = removed
    exact = {row(project, "dedup_signatures", d)["exact"][:16] for d in (W1, C1)}
    carried = project.data / "dedup_edges" / "verified.parquet"
    before = pl.read_parquet(carried)
    assert {*before["x"], *before["y"]} >= exact
    stored = dvc_object(project.root / ".dvc" / "cache", carried.read_bytes())
    key = parts.stored_key(carried)
    purge(project, house.AS_OF, apply=True)
    left = pl.read_parquet(carried)
    about = pl.any_horizontal(pl.col(n).is_in(sorted(exact)) for n in ("x", "y"))
    assert left.equals(before.filter(~about)) and parts.stored_key(carried) == key
    assert not stored.exists()
    assert chain.entries(ledger_path(project))[-1]["erased_similarities"] == before.filter(about).height
    assert purge(project, house.AS_OF, apply=True)[-1] == "nothing was left to purge"
