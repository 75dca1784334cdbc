"""A release alone at the desk: verified first, drawn by a seed, signed beside it, handed over if all digests fit."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import lone_release
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from lineage import keys, trust
from lineage.errors import HallmarkError, TrustError
from pipelines import cli
from pipelines.project import Project
from pipelines.review_desk.desk import Desk
from pipelines.review_desk.outside import ReleaseShelf, open_release
from pipelines.review_desk.outside_report import NOTE, hand_over, outside_facts
from pipelines.review_desk.serve import next_step
from pipelines.review_desk.signing import check_file
from stages.decide.reviews import load_reviews, read_reviews


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "own-keys"))
    monkeypatch.delenv("HALLMARK_TRUST", raising=False)
    monkeypatch.chdir(tmp_path)
    return lone_release.build(tmp_path, monkeypatch)


def run(command: str) -> Result:
    return CliRunner().invoke(cli.app, shlex.split(command.removeprefix("hallmark ")))


def read_all(shelf: ReleaseShelf, removed: int = 1) -> str:
    """Read every item, the first `removed` of them as failures, and return what a reader is told on leaving."""
    desk = Desk(shelf, "audit", "r1", "annotator")
    for n, item in enumerate(shelf.items):
        assert desk.state()["item"] == item.id
        desk.judge(item.id, *(("remove", "A.2-d") if n < removed else ("pass", None)), 9.0)
    told = next_step(desk)
    desk.close()
    return told


def test_from_a_release_folder_to_a_signed_review_by_what_is_printed(release: tuple[Path, Path]) -> None:
    folder, public = release
    before = lone_release.tree(folder)
    shelf = open_release(folder, trust=public, items=5, seed=7)
    step = read_all(shelf).split("`")[1]
    signed = run(step)
    assert signed.exit_code == 0, signed.output
    told = run(signed.output.split("`")[-2])
    assert told.exit_code == 0, told.output
    assert "1 failures in 5 read: pass rate 80.00%" in told.output
    assert NOTE in told.output and "no reviewer's key in the trust file" in told.output
    key = (Path("own-keys") / "reviewer-r1.pem.pub").read_text()
    vouched = trust.parse(trust.trust_file([trust.trust_entry(key, "reviewer")]))
    assert check_file(shelf.reviews / "r1.jsonl", vouched).state == "signed"
    facts = outside_facts(shelf.reviews)["audit"]
    assert (facts["interval95"], facts["weighted_rate"]) == ([0.2836, 0.9949], 0.8)
    assert lone_release.tree(folder) == before  # readings lie beside the release, not in it
    changed = shelf.reviews / "r1.jsonl"
    changed.write_bytes(changed.read_bytes().replace(b"remove", b"pass  ", 1))
    assert check_file(changed, vouched).state == "broken"


def test_only_a_verified_release_opens(release: tuple[Path, Path], tmp_path: Path) -> None:
    folder, public = release
    with pytest.raises(TrustError, match="no trusted key"):
        open_release(folder)
    keys.generate("pipeline", tmp_path / "other.pem")
    with pytest.raises(TrustError):
        open_release(folder, trust=tmp_path / "other.pem.pub")
    shard = next(folder.glob("data/*/*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(TrustError, match="failed"):
        open_release(folder, trust=public)
    assert not (tmp_path / "release-reviews").exists()


def test_a_text_changed_while_the_desk_is_open_is_not_shown(release: tuple[Path, Path]) -> None:
    folder, public = release
    shelf = open_release(folder, trust=public, items=6)
    path = folder / shelf.paths[shelf.items[0].source, shelf.items[0].part]
    pl.read_parquet(path).with_columns(text=pl.lit("another")).write_parquet(path)
    with pytest.raises(HallmarkError, match="changed while the desk was open"):
        shelf.read(shelf.items[0])


def test_the_draw_is_recorded_and_comes_back_and_another_is_refused(
    release: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, public = release
    first = open_release(folder, trust=public, items=4)
    record = json.loads((first.reviews / "release.json").read_text())
    assert (record["items"], len(record["draw"]), record["frame"]["docs"]) == (4, 4, 6)
    assert record["strata"] == [{"docs": 6, "drawn": 4, "source": "wiki"}]
    again = open_release(folder, trust=public)
    assert [i.id for i in again.items] == [i.id for i in first.items]
    copy = open_release(folder, trust=public, items=4, seed=record["seed"], reviews=tmp_path / "other")
    assert copy.sample == first.sample == record["sample"]
    with pytest.raises(HallmarkError, match="another draw"):
        open_release(folder, trust=public, seed=record["seed"] + 1)
    seeds = {
        tuple(
            i.id
            for i in open_release(folder, trust=public, items=3, seed=s, reviews=tmp_path / f"s{s}").items
        )
        for s in range(4)
    }
    assert len(seeds) > 1
    with pytest.raises(HallmarkError, match="inside the release"):
        open_release(folder, trust=public, reviews=folder / "mine")


def test_the_desk_shows_the_text_as_published_with_its_redactions(release: tuple[Path, Path]) -> None:
    shelf = open_release(release[0], trust=release[1])
    assert len(shelf.items) == 6
    desk = Desk(shelf, "audit", "r1", "annotator")
    shown, title = [desk.item(i.id) for i in shelf.items], desk.state()["dataset"]
    desk.close()
    marked = next(s for s in shown if s["redacted"])
    assert [f["kind"] for f in marked["findings"]] == ["redacted"]
    assert title == {"zh": "演示", "en": "Demo"}


@pytest.fixture
def project(release: tuple[Path, Path], tmp_path: Path) -> Project:
    """Return a project that holds the release and the digests of its own, unredacted texts."""
    found = Project(tmp_path)
    (tmp_path / "reviews").mkdir()
    for source, part, path in (
        (*p.parts[-2:-1], p.stem.rpartition("-")[0], p)
        for p in (tmp_path / "release/data").rglob("*.parquet")
    ):
        ids = pl.read_parquet(path).select(pl.col("doc_id").str.decode("hex"))
        target = found.data / "verdicts" / source / f"{part}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        ids.with_columns(text_sha256=pl.lit(b"\x0b" * 32)).write_parquet(target)
    return found


def test_a_project_takes_in_readings_of_its_own_release_once(
    release: tuple[Path, Path], project: Project
) -> None:
    shelf = open_release(release[0], trust=release[1], items=5)
    read_all(shelf, removed=2)
    assert run(f"review sign --as r1 --reviews {shelf.reviews}").exit_code == 0
    assert hand_over(project, shelf.reviews) == {"written": 5, "known": 0, "unsigned": 0}
    lines = read_reviews(project.root / "reviews")
    assert set(lines["draw"]) == {"outside"}
    assert set(lines["text_sha256"]) == {b"\x0b" * 32}
    force = load_reviews(project.root / "reviews")
    assert force["verdict"].to_list() == ["remove", "remove"]  # an outsider's pass releases nothing
    assert set(force["doc_id"].bin.encode("hex")) == {i.id for i in shelf.items[:2]}
    kept = next((project.root / "reviews" / "outside").iterdir())
    assert {p.name for p in kept.iterdir()} == {"release.json", "r1.jsonl", "r1.jsonl.dsse.json"}
    assert hand_over(project, shelf.reviews)["written"] == 0


@pytest.mark.parametrize("spoiled", ["line", "signature", "release", "text"])
def test_readings_that_do_not_fit_are_refused_whole(
    release: tuple[Path, Path], project: Project, spoiled: str
) -> None:
    shelf = open_release(release[0], trust=release[1], items=5)
    read_all(shelf)
    path, record = shelf.reviews / "r1.jsonl", shelf.reviews / "release.json"
    if spoiled == "line":
        path.write_text(path.read_text().replace(shelf.items[0].id, "ab" * 32))
    if spoiled == "signature":
        assert run(f"review sign --as r1 --reviews {shelf.reviews}").exit_code == 0
        path.write_text(path.read_text().replace("A.2-d", "A.2-e"))
    if spoiled == "release":
        (release[0] / "meta/manifest.json").write_text("{}")
    if spoiled == "text":
        record.write_text(record.read_text().replace(shelf.items[0].text_sha256, "cd" * 32))
    with pytest.raises(HallmarkError):
        hand_over(project, shelf.reviews)
    assert list((project.root / "reviews").iterdir()) == []
