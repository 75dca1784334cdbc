"""One zip for an inspector: it verifies, it is the same each time, and a changed file in it is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from pathlib import Path

import polars as pl
import pytest
from support import call
from typer import Typer
from typer.testing import CliRunner

from lineage.exports import Release, write_all
from lineage.exports.pack import release_files
from pipelines.cli.export import register


@pytest.fixture(scope="module")
def project(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(sample, tmp_path_factory.mktemp("exports") / "project", symlinks=True)


@pytest.fixture()
def run(project: Path, monkeypatch: pytest.MonkeyPatch):
    app = Typer()
    register(app)
    monkeypatch.chdir(project)

    def invoke(*arguments: str, code: int = 0):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == code, (done.output, done.exception)
        return done

    return invoke


def unpack(path: Path, to: Path) -> Path:
    with zipfile.ZipFile(path) as packed:
        packed.extractall(to)
    return to


def test_the_pack_verifies_and_a_changed_paper_in_it_does_not(run, project, keys_folder, tmp_path) -> None:
    run("pack", "release", "--for", "eu", "--format", "md", "--to", str(tmp_path / "p.zip"))
    place = unpack(tmp_path / "p.zip", tmp_path / "out")
    check = ["hallmark", "verify", "release", "--trust", str(project / "trust.json")]
    call(check, place, keys_folder, code=0)
    sheet = place / "release" / "sheets" / "release.en.md"
    sheet.write_bytes(sheet.read_bytes().replace(b"a", b"b", 1))
    call(check, place, keys_folder, code=1)


def test_the_pack_is_the_same_each_time_and_lists_every_file(run, tmp_path) -> None:
    for name in ("a.zip", "b.zip"):
        run("pack", "release", "--for", "ca", "--format", "md", "--to", str(tmp_path / name))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        index = json.loads(packed.read("PACK.json"))
        listed = {f["path"]: f["sha256"] for f in index["files"]}
        assert set(listed) | {"PACK.json"} == set(packed.namelist())
        assert all(hashlib.sha256(packed.read(p)).hexdigest() == d for p, d in listed.items())
        assert "papers/california-ab2013.md" in listed
        assert sum(p.startswith("release/data/") for p in listed) == 1


def test_shards_go_along_as_asked(run, project, tmp_path) -> None:
    def shards(*options: str) -> int:
        run("pack", "release", "--for", "eu", "--format", "md", "--to", str(tmp_path / "p.zip"), *options)
        with zipfile.ZipFile(tmp_path / "p.zip") as packed:
            return sum(n.startswith("release/data/") for n in packed.namelist())

    assert shards("--no-shards") == 0
    assert shards("--shards", "*") == len(Release.open(project / "release").shards)
    assert shards("--shards", "en-articles/*") == 1


def test_a_pattern_that_no_shard_fits_is_told(run, tmp_path) -> None:
    asked = ("pack", "release", "--for", "eu", "--format", "md", "--to", str(tmp_path / "p.zip"))
    assert "no shard" in str(run(*asked, "--shards", "nothing/*", code=1).exception)
    assert not (tmp_path / "p.zip").exists()


def test_keywords_stay_out_of_a_release_and_are_for_their_owner_alone(run, project) -> None:
    run("export", "--for", "cn", "--to", "data/exports/cn")
    path = project / "data/exports/cn/restricted/annex-4-keywords.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    done = run("export", "--for", "cn", "--to", "release/papers", code=1)
    assert "inside the release" in str(done.exception)


def test_an_unknown_regime_is_refused_with_the_choices(run) -> None:
    assert "cn, eu, ca" in str(run("export", "--for", "mars", code=1).exception)


def test_a_link_inside_a_release_is_not_followed(project, tmp_path) -> None:
    folder = shutil.copytree(project / "release", tmp_path / "release")
    (folder / "sheets" / "x.md").symlink_to("/etc/hostname")
    with pytest.raises(Exception, match="link or special file"):
        release_files(Release.open(folder), [])


def test_exports_of_the_sample_hold_no_removed_text_and_no_personal_value(project) -> None:
    release = Release.open(project / "release")
    made = write_all(release.staging, dict(release.manifest), list(release.manifests), None)
    everything = b"\n".join(made.values()).decode()
    checked = 0
    for table in sorted((project / "data" / "ingest").glob("*/*.parquet")):
        verdicts = pl.read_parquet(project / "data/decide" / table.relative_to(project / "data/ingest"))
        lost = verdicts.filter(~pl.col("disposition").is_in(["kept", "redacted"]))["row"]
        docs = pl.read_parquet(table, columns=["row", "text"]).drop_nulls("text")
        for text in docs.filter(pl.col("row").is_in(lost.implode()))["text"]:
            checked += 1
            assert text[:40].strip() not in everything
    assert checked > 50
    assert "1234567" not in everything
