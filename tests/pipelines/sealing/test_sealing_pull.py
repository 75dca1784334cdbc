"""Nothing is handed over that a trusted key did not certify, whatever the transport delivers."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_project as house
import small_release as small

from lineage import certificate, trust
from lineage.errors import HallmarkError, InputError, TrustError
from pipelines.sealing.pull import pull
from pipelines.sealing.remote import open_remote, public_name, split_revision

DVC = [sys.executable, "-m", "dvc"]


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """Return (release folder, trust, signer); nobody changes it."""
    folder = tmp_path_factory.mktemp("origin")
    signer = small.signer(folder)
    small.build(folder / "release", signer)
    entries = [trust.trust_entry(signer.public_pem, "pipeline")]
    return folder / "release", trust.parse(trust.trust_file(entries)), signer


@pytest.fixture
def copied(origin, tmp_path):
    shutil.copytree(origin[0], tmp_path / "copied")
    return tmp_path / "copied"


def fetch(spec, origin, target, shards=None, **options):
    return pull(open_remote(str(spec)), target, trust=origin[1], shards=shards, today=house.TODAY, **options)


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def left(target):
    return [p.name for p in target.parent.iterdir() if p.name.startswith((target.name, f".{target.name}"))]


@pytest.mark.parametrize("protocol", ["", "file://"])
def test_a_whole_release_arrives_byte_for_byte(origin, tmp_path, protocol):
    done = fetch(f"{protocol}{origin[0]}", origin, tmp_path / "to")
    assert done.report.ok and files(tmp_path / "to") == files(origin[0])


def test_a_shard_arrives_with_its_papers_and_no_other_part(origin, tmp_path):
    done = fetch(origin[0], origin, tmp_path / "to", ["wiki/00aa00aa-0000"])
    source, part = "wiki", "00aa00aa-0000"
    here = files(tmp_path / "to")
    assert done.report.shards == [small.shard_of(tmp_path / "to")]
    assert {certificate.certificate_path(source, part), *certificate.sheet_paths(source, part)} <= set(here)
    assert {f"lineage/{source}/{part}.parquet", "meta/policy.yaml", "meta/evidence/demo-lexicon.json"} <= set(
        here
    )
    assert not [name for name in here if "0001" in name or "forum" in name]
    assert not [n for n in done.report.notes if "were not checked" in n and part in n]


@pytest.mark.parametrize(
    "role", ["data", "lineage", "shard-manifest", "shard-certificate", "sheet", "policy", "evidence", "card"]
)
def test_an_altered_file_is_refused_and_nothing_is_left(origin, copied, tmp_path, role):
    path = next(copied / name for name in sorted(files(copied)) if certificate.role_of(name) == role)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for shards in (None, ["*"]):
        with pytest.raises(TrustError, match="not the bytes"):
            fetch(copied, origin, tmp_path / "to", shards)
        assert left(tmp_path / "to") == []


def test_a_remote_that_never_ends_is_cut_off_at_the_certified_size(origin, copied, tmp_path):
    shard = copied / small.shard_of(copied)
    with shard.open("ab") as stream:
        stream.write(b"\0" * (5 << 20))
    with pytest.raises(InputError, match="more than the"):
        fetch(copied, origin, tmp_path / "to")
    assert left(tmp_path / "to") == []


def test_a_missing_file_an_unsigned_release_and_an_unknown_part_are_refused(origin, copied, tmp_path):
    with pytest.raises(InputError, match="no part"):
        fetch(copied, origin, tmp_path / "to", ["nobody/*"])
    (copied / small.shard_of(copied)).unlink()
    with pytest.raises(InputError, match="is not there"):
        fetch(copied, origin, tmp_path / "to")
    small.sign_release(copied, small.signer(tmp_path, "stranger"))
    with pytest.raises(TrustError, match="no trusted key"):
        fetch(copied, origin, tmp_path / "to")
    assert left(tmp_path / "to") == []


def test_a_folder_that_is_there_is_not_touched(origin, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine").write_text("kept")
    with pytest.raises(InputError, match="already"):
        fetch(origin[0], origin, tmp_path / "to")
    assert files(tmp_path / "to") == {"mine": b"kept"}


def test_demands_are_those_of_verify(origin, tmp_path):
    with pytest.raises(TrustError, match="required: certified"):
        fetch(origin[0], origin, tmp_path / "to", require=["certified"])
    assert left(tmp_path / "to") == []


@pytest.mark.parametrize("protocol", ["memory"])
def test_an_object_store_behind_fsspec_is_read_and_verified(origin, tmp_path, protocol):
    import fsspec

    store = fsspec.filesystem(protocol)
    root = f"/{tmp_path.name}"
    for name, content in files(origin[0]).items():
        store.pipe_file(f"{root}/{name}", content)
    spec = f"{protocol}:/{root}"
    assert fetch(spec, origin, tmp_path / "to", ["wiki/*"]).report.ok
    name = small.shard_of(origin[0])
    store.pipe_file(f"{root}/{name}", bytes(store.cat_file(f"{root}/{name}"))[::-1])
    with pytest.raises(TrustError, match="not the bytes"):
        fetch(spec, origin, tmp_path / "again", ["wiki/*"])
    assert left(tmp_path / "again") == []


@pytest.fixture(scope="module")
def repository(origin, tmp_path_factory):
    """Return (DVC repository with a tag and no cache of its own, its remote)."""
    root = tmp_path_factory.mktemp("repository")
    repo, remote = root / "repo", root / "remote"
    repo.mkdir()
    shutil.copytree(origin[0], repo / "release")
    run(["git", "init", "-q"], repo)
    run([*DVC, "init", "-q"], repo)
    run([*DVC, "config", "core.analytics", "false"], repo)
    run([*DVC, "remote", "add", "-q", "-d", "origin", str(remote)], repo)
    run([*DVC, "add", "-q", "release"], repo)
    run([*DVC, "push", "-q"], repo)
    run(["git", "add", "."], repo)
    run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "r"], repo)
    run(["git", "tag", "v1"], repo)
    shutil.rmtree(repo / ".dvc" / "cache")
    shutil.rmtree(repo / "release")
    return repo, remote


def run(command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def objects(remote):
    return [p for p in sorted(remote.rglob("*")) if p.is_file() and not p.name.endswith(".dir")]


def test_a_release_in_a_dvc_repository_is_pulled_at_its_revision(origin, repository, tmp_path):
    assert fetch(f"{repository[0]}@v1", origin, tmp_path / "to").report.ok
    assert files(tmp_path / "to") == files(origin[0])
    assert fetch(f"{repository[0]}@v1", origin, tmp_path / "part", ["wiki/*1"]).report.parts == 1
    with pytest.raises(InputError):
        fetch(f"{repository[0]}@v9", origin, tmp_path / "none")


def test_dvc_delivers_an_altered_object_silently_and_pull_refuses_it(origin, repository, tmp_path):
    repo, remote = repository
    name = small.shard_of(origin[0])
    content = (origin[0] / name).read_bytes()
    altered = content[:100] + bytes([content[100] ^ 1]) + content[101:]
    stored = next(p for p in objects(remote) if p.read_bytes() == content)
    stored.chmod(0o644)
    stored.write_bytes(altered)
    try:
        got = tmp_path / "got.parquet"
        run([*DVC, "get", "-q", str(repo), f"release/{name}", "--rev", "v1", "-o", str(got)], tmp_path)
        assert got.read_bytes() == altered, "DVC itself notices now: pull could say so too"
        with pytest.raises(TrustError, match="not the bytes"):
            fetch(f"{repo}@v1", origin, tmp_path / "to", ["wiki/*"])
        assert left(tmp_path / "to") == []
    finally:
        stored.write_bytes(content)
    assert Path(repo, "release.dvc").is_file()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("git@example.org:a/b.git", ("git@example.org:a/b.git", None)),
        ("git@example.org:a/b.git@v1", ("git@example.org:a/b.git", "v1")),
        ("https://example.org/a.git@v1.2.0", ("https://example.org/a.git", "v1.2.0")),
        ("ssh://git@example.org/a/b", ("ssh://git@example.org/a/b", None)),
        ("../repo@feature/x", ("../repo", "feature/x")),
        ("../repo", ("../repo", None)),
    ],
)
def test_the_revision_is_what_follows_the_last_at_sign(spec, expected):
    assert split_revision(spec) == expected


@pytest.mark.parametrize(
    "spec",
    ["https://me:hunter2@example.org/a.git@v1", "s3://key:hunter2@bucket/x", "https://h.org/r?sig=hunter2"],
)
def test_no_secret_of_an_address_reaches_a_message(origin, tmp_path, spec, monkeypatch):
    import dvc.api

    def refuse(repo, rev=None):
        raise dvc.exceptions.DvcException(f"cannot clone {repo}")

    monkeypatch.setattr(dvc.api, "DVCFileSystem", refuse)
    assert "hunter2" not in public_name(spec) and "hunter2" not in public_name(f"cannot clone {spec} now")
    if spec.startswith("https://me"):
        with pytest.raises(InputError) as caught:
            fetch(spec, origin, tmp_path / "to")
        assert "hunter2" not in str(caught.value)


def test_an_address_of_a_protocol_that_is_not_installed_is_a_clear_error(origin, tmp_path):
    with pytest.raises(HallmarkError):
        fetch("nosuch://bucket/release", origin, tmp_path / "to")
