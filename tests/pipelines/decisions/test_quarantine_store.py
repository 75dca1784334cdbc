"""The quarantine: locked by setting, bound by keyed hashes, read by the desk, emptied by people and by purge."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import stat

import decision_house as kit
import polars as pl
import pytest

from lineage import canonical, keys
from lineage.errors import TrustError
from lineage.merkle import doc_root
from pipelines import parts
from pipelines.project import Project
from pipelines.quarantine import register, store, vault
from pipelines.removal.keys import hmac_of
from pipelines.removal.purge import purge
from pipelines.removal.request import Ground, request
from pipelines.removal.selector import choose
from pipelines.review_desk.draws import load_items
from pipelines.review_desk.texts import Texts

UNTIL_DECIDE = kit.STAGES[:-1]
SECRET = ["机密★5年\n", "秘密★3年\n"]
HELD = ("quarantined", "secrecy-marking", "secrecy-state")


def lock(folder) -> None:
    path = folder / "params.yaml"
    text = path.read_text(encoding="utf-8")
    assert 'quarantine: "plain"' in text
    path.write_text(text.replace('quarantine: "plain"', 'quarantine: "fernet"'), encoding="utf-8")


def marked(seed: int, mark: int = 0) -> str:
    return SECRET[mark] + kit.prose(seed)


def bodies(project) -> dict[bytes, tuple[str, bytes]]:
    rows = pl.concat([pl.read_parquet(p, glob=False) for p in store.files(project)])
    return {entry: (form, body) for entry, form, body in rows.select("entry", "form", "body").iter_rows()}


def states(project) -> list[str]:
    return sorted(register.read(project)["state"])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Return a folder with keys and a project whose quarantine is locked, run as far as `decide`."""
    folder = tmp_path_factory.mktemp("locked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALLMARK_KEYS", str(folder / "keys"))
        keys.init(folder / "keys")
        vault.make_key(folder / "keys")
        house = kit.new(folder / "house")
        lock(house)
        kit.edit_policy(
            house,
            ("max_share: 0.05", "max_share: 1.0"),
            ("source-probe-share, threshold: 0.05", "source-probe-share, threshold: 1.0"),
        )
        kit.fill(house, {"a": [marked(1), kit.prose(2), marked(3, 1)], "b": [marked(4)]})
        kit.run(house, *UNTIL_DECIDE)
    return folder


@pytest.fixture
def locked(base, tmp_path, monkeypatch):
    """Return a copy of the project, with a copy of its keys."""
    shutil.copytree(base, tmp_path / "copy", symlinks=True)
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "copy" / "keys"))
    return tmp_path / "copy" / "house"


def verdict(project, native: str, word: str) -> None:
    row = kit.table(project, "ingest").filter(pl.col("native_id") == native).row(0, named=True)
    line = {"doc_id": row["doc_id"].hex(), "text_sha256": row["text_sha256"].hex(), "verdict": word,
            "reviewer": "r1", "role": "annotator", "draw": "quarantine"}  # fmt: skip
    with (project.root / "reviews" / "r1.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")


def test_held_texts_lie_locked_for_their_owner_alone_and_manifests_bind_them(locked):
    project = kit.run(locked, "publish")
    assert [kit.fates(project)[n] for n in ("a-0", "a-2", "b-0")] == [HELD] * 3
    assert stat.S_IMODE((locked / "quarantine").stat().st_mode) == 0o700
    files = [*store.files(project), register.path_of(project)]
    assert len(files) == 3 and {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}
    assert not any("lantern" in body.decode() for _, body in bodies(project).values())
    words = kit.prose(1)[:40].encode()
    assert not any(words in p.read_bytes() for p in (locked / "quarantine").rglob("*") if p.is_file())
    told = register.read(project)
    assert states(project) == ["held"] * 3 and set(told["rule"]) == {"secrecy-state"}
    for source, docs in (("a", 2), ("b", 1)):
        part = next((locked / "release" / "meta" / "shards" / source).glob("*.json"))
        seals = told.filter(pl.col("source") == source)["seal"]
        root = doc_root([bytes.fromhex(s) for s in seals])
        assert canonical.loads(part.read_bytes())["quarantine"] == {"docs": docs, "root": root}


def test_the_desk_reads_from_the_store_and_a_missing_or_wrong_key_is_said(locked):
    project = Project(locked)
    items = load_items(project, "quarantine")
    assert len(items) == 3
    assert {Texts(project, "quarantine").read(i).text for i in items} == {marked(1), marked(3, 1), marked(4)}
    path, made = vault.make_key(keys.default_folder())
    assert not made
    right = path.read_bytes()
    path.unlink()
    with pytest.raises(TrustError, match="no key here") as missing:
        Texts(project, "quarantine").read(items[0])
    assert "hallmark keys quarantine" in missing.value.cure
    assert Texts(project, "probe").read(load_items(project, "probe")[0]).text  # not locked: needs no key
    vault.make_key(keys.default_folder())
    with pytest.raises(TrustError, match="is locked with key"):
        Texts(project, "quarantine").read(items[0])
    path.write_bytes(b"short\n")
    with pytest.raises(TrustError, match="not a key of the quarantine"):
        store.check(project, hmac_of(project)[1])
    path.write_bytes(right)
    assert store.check(project, hmac_of(project)[1]) == 3


def test_a_changed_entry_is_told_where_nothing_is_locked(locked):
    path = locked / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('"fernet"', '"plain"'), encoding="utf-8")
    project = kit.run(locked, "decide")
    key = hmac_of(project)[1]
    assert store.check(project, key) == 3
    file = store.place(project, next(r for r in project.parts() if r.source == "b"))
    table = pl.read_parquet(file, glob=False)
    assert kit.prose(4).encode() in table["body"][0]
    table.with_columns(body=pl.lit(table["body"][0] + b" ")).write_parquet(file)
    with pytest.raises(TrustError, match="not the one that was sealed"):
        store.check(project, key)


def test_an_unchanged_entry_keeps_its_ciphertext(locked):
    before = bodies(Project(locked))
    kit.fill(locked, {"a": [marked(1), kit.prose(2), marked(33, 1)], "b": [marked(4)]})
    after = bodies(kit.run(locked, *UNTIL_DECIDE))
    assert set(before) == set(after)
    assert sum(before[e] == after[e] for e in before) == 2
    path = locked / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('"fernet"', '"plain"'), encoding="utf-8")
    assert {form for form, _ in bodies(kit.run(locked, "decide")).values()} == {"plain"}


def test_without_a_key_decide_stops_before_the_store_is_touched(locked):
    before = bodies(Project(locked))
    (keys.default_folder() / vault.KEY_FILE).unlink()
    with pytest.raises(TrustError, match="no key here"):
        kit.run(locked, "decide")
    assert bodies(Project(locked)) == before


def test_people_release_and_remove_and_the_register_remembers(locked):
    project = Project(locked)
    verdict(project, "a-0", "pass")
    verdict(project, "a-2", "remove")
    project = kit.run(locked, "decide")
    found = kit.fates(project)
    assert (found["a-0"][0], found["a-2"][:2]) == ("kept", ("removed", "review-removed"))
    assert states(project) == ["held", "released", "removed"] and len(bodies(project)) == 1
    told = register.read(project).filter(pl.col("state") != "held")
    assert set(told["reviewer"]) == {"r1"} and set(told["until"]) == {"2026-11-01"}


def test_purge_takes_a_document_out_of_the_locked_store_without_its_key(locked):
    project = Project(locked)
    doc = kit.table(project, "ingest").filter(pl.col("native_id") == "a-0")["doc_id"][0]
    request(project, choose(doc_id=doc.hex()), Ground("pipl-47", dt.date(2026, 11, 1)))
    (keys.default_folder() / vault.KEY_FILE).rename(locked / "kept-apart")
    for ref in project.parts():  # a decision that was not followed by the store, as after a crash
        table = pl.read_parquet(project.table("decide", ref), glob=False)
        hit = pl.col("doc_id") == doc
        gone = table.with_columns(
            disposition=pl.when(hit).then(pl.lit("removed")).otherwise("disposition"),
            reason=pl.when(hit).then(pl.lit("removal-request")).otherwise("reason"),
        )
        parts.write_part(
            project.table("decide", ref), gone, None, parts.stored_key(project.table("decide", ref))
        )
    told = purge(project, dt.date(2026, 11, 1), apply=True)
    (locked / "kept-apart").rename(keys.default_folder() / vault.KEY_FILE)
    assert any("1 taken out of quarantine/" in line for line in told)
    assert len(bodies(project)) == 2 and states(project) == ["erased", "held", "held"]
    line = register.read(project).filter(pl.col("state") == "erased").row(0, named=True)
    assert line["seal"] is None
