"""The index of releases: every sealed document is known by its signature later on, kept or not, without its text."""

from __future__ import annotations

import polars as pl
import removal_house as house

from lineage.records import doc_id
from lineage.removals import keyed_id
from lineage.trust import parse
from pipelines import parts, release_index
from pipelines.removal.keys import hmac_of
from pipelines.sealing.seal import seal

C1 = doc_id("copies", "c1")


def sealed(project):
    seal(project, parse((project.root / "trust.json").read_bytes()), days=30, today=house.AS_OF)
    return project.data / "dedup_index" / "0.1.0.parquet"


def test_a_seal_adds_every_document_kept_or_not_under_its_keyed_id(project) -> None:
    table = parts.read_part(sealed(project))
    _, key = hmac_of(project)
    decided = pl.concat([parts.read_part(project.table("decide", r)) for r in project.parts()])
    expected = {
        (keyed_id(key, d), how, why) for d, how, why in decided["doc_id", "disposition", "reason"].rows()
    }
    assert set(table.select("doc_id", "disposition", "reason").rows()) == expected
    assert {"kept", "removed"} <= set(table["disposition"])
    content = (project.data / "dedup_index" / "0.1.0.parquet").read_bytes()
    assert not any(d in content for d in decided["doc_id"]) and house.text(1)[:40].encode() not in content


def test_sealing_again_leaves_the_index_as_it_is_and_dvc_tracks_it_in_the_restricted_remote(project) -> None:
    path = sealed(project)
    before = path.read_bytes()
    path.unlink()
    assert sealed(project).read_bytes() == before
    tracked = (project.root / "history" / "dedup_index.dvc").read_text()
    assert "data/dedup_index" in tracked and "remote: restricted" in tracked


def test_a_text_is_found_in_sealed_releases_exact_and_near(project) -> None:
    sealed(project)
    found = release_index.near(project, [house.text(2), house.near(1), "nothing of the kind was ever here"])
    assert [(f["query"], f["kind"], f["disposition"]) for f in found if f["query"] == 0] == [
        (0, "exact", "kept")
    ]
    one = [f for f in found if f["query"] == 1]
    assert {f["disposition"] for f in one} == {"kept", "removed"} and {f["release"] for f in one} == {"0.1.0"}
    assert one[0]["estimate"] == 1.0 and all(f["estimate"] >= 0.8 for f in one)
    assert not [f for f in found if f["query"] == 2]


def test_an_index_of_another_method_is_named_and_not_compared(project, capsys) -> None:
    path = sealed(project)
    schema = dict(parts.pq.read_schema(path).metadata)
    table = parts.pq.read_table(path).replace_schema_metadata(schema | {release_index.METHOD: b"other"})
    parts.pq.write_table(table, path)
    assert release_index.near(project, [house.text(2)]) == []
    assert "not_run" in capsys.readouterr().err


def test_a_release_whose_run_is_not_at_hand_is_sealed_with_a_warning(project, capsys) -> None:
    ref = project.parts()[0]
    project.table("decide", ref).unlink()
    assert not sealed(project).exists()
    assert "not in the index of releases" in capsys.readouterr().err


def test_a_run_with_the_same_counts_and_other_documents_is_not_taken_for_the_release(project, capsys) -> None:
    ref = project.parts()[0]
    table = project.table("decide", ref)
    verdicts = parts.read_part(table)
    swapped = verdicts.with_columns(verdicts["disposition"].reverse(), verdicts["reason"].reverse())
    assert sorted(swapped["disposition"]) == sorted(verdicts["disposition"]) and not swapped.equals(verdicts)
    rewrite(table, swapped)
    assert not sealed(project).exists()
    assert "not in the index of releases" in capsys.readouterr().err
    rewrite(table, verdicts)
    docs = project.table("ingest", ref)
    changed = parts.read_part(docs).with_columns(text_sha256=pl.lit(b"1" * 32))
    rewrite(docs, changed)
    assert not sealed(project).exists()


def rewrite(path, table) -> None:
    schema = parts.pq.read_schema(path).remove_metadata()
    parts.write_part(path, table, schema, parts.stored_key(path))


def test_a_seal_changes_what_dedup_depends_on_only_where_it_matches_earlier_releases(project) -> None:
    path = project.root / "params.yaml"
    words = path.read_text(encoding="utf-8").replace("0.1.0", "0.2.0")
    known = project.data / "inventory" / "dedup.json"
    seen = []
    for asked in (words, words.replace("\n  earlier: false", "\n  earlier: true")):
        for index in (None, sealed):
            if index:
                path.write_text(asked.replace("0.2.0", "0.1.0"), encoding="utf-8")
                index(project)
            path.write_text(asked, encoding="utf-8")
            house.run(project.root, "inventory")
            seen.append(known.read_bytes())
        if asked == words:
            (project.data / "dedup_index" / "0.1.0.parquet").unlink()
    assert seen[0] == seen[1]
    assert seen[2] != seen[3] and b'"0.1.0"' in seen[3]


def test_the_next_version_meets_the_sealed_one_and_a_version_never_meets_itself(project) -> None:
    sealed(project)
    path = project.root / "params.yaml"
    words = path.read_text(encoding="utf-8").replace("\n  earlier: false", "\n  earlier: true")
    path.write_text(words, encoding="utf-8")
    same = met(house.run(project.root, "inventory", "dedup"))
    assert all(e == [] for e in same.values())
    path.write_text(words.replace("0.1.0", "0.2.0"), encoding="utf-8")
    house.put(
        project.root,
        "copies",
        [{"id": "again", "text": house.near(1, "softly")}, {"id": "new", "text": "new"}],
    )
    found = met(house.run(project.root, "inventory", "ingest", "dedup"))
    again = found[doc_id("copies", "again")]
    assert {(e["release"], e["outcome"]) for e in again} == {("0.1.0", "kept"), ("0.1.0", "near-duplicate")}
    assert all(0.8 <= e["estimate"] < 1 for e in again)
    assert found[doc_id("copies", "new")] == []
    assert [e["estimate"] for e in found[doc_id("web", "w2")]] == [1.0]


def met(project) -> dict:
    tables = [parts.read_part(project.table("dedup", r), ["doc_id", "earlier"]) for r in project.parts()]
    return dict(pl.concat(tables).rows())
