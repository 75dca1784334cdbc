"""Pull from an S3 server and a Hugging Face endpoint, real servers on the loopback, verified before hand-over."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import s3fs
import small_release as small
from moto.server import ThreadedMotoServer
from support import call

from lineage import trust
from lineage.errors import InputError, TrustError
from pipelines.sealing.objects import store
from pipelines.sealing.pull import pull
from pipelines.sealing.remote import object_name, open_remote, open_store

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "stages" / "ingest"))
from remote_stores import web_server  # noqa: E402

PULL = """
import sys
from datetime import date
from pathlib import Path
from lineage import trust
from pipelines.sealing.pull import pull
from pipelines.sealing.remote import open_remote
known = trust.parse(Path(sys.argv[2]).read_bytes())
try:
    done = pull(open_remote("hf://datasets/house/set"), Path(sys.argv[1]), trust=known, today=date(2026, 4, 1))
    print("good", done.report.files)
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """Return (files of a signed release by name, its trust file)."""
    folder = tmp_path_factory.mktemp("stores")
    signer = small.signer(folder)
    root = small.build(folder / "release", signer)
    known = folder / "trust.json"
    known.write_bytes(trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")]))
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}, known


@pytest.fixture
def bucket(origin, monkeypatch):
    """Return a client of a real S3 server on the loopback that holds the release at s3://shelf/r1."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # an earlier test's client knows an earlier server
    client = boto3.client("s3")
    client.create_bucket(Bucket="shelf")
    for name, data in origin[0].items():
        client.put_object(Bucket="shelf", Key=f"r1/{name}", Body=data)
    yield client
    server.stop()


def here(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def write(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def shard_of(files):
    return next(name for name in sorted(files) if name.startswith("data/"))


def altered(data):
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


def test_a_release_in_a_bucket_arrives_verified_and_an_altered_object_never_does(origin, bucket, tmp_path):
    files, known = origin

    def fetch(target, shards=None):
        believed = trust.parse(known.read_bytes())
        return pull(open_remote("s3://shelf/r1"), target, trust=believed, shards=shards, today=small.TODAY)

    assert fetch(tmp_path / "to").report.ok and here(tmp_path / "to") == files
    name = shard_of(files)
    bucket.put_object(Bucket="shelf", Key=f"r1/{name}", Body=altered(files[name]))
    for shards in (None, [name]):
        with pytest.raises(TrustError, match="not the bytes that were certified"):
            fetch(tmp_path / "again", shards)
    assert [p.name for p in tmp_path.iterdir()] == ["to"]


def test_a_release_outside_the_cache_of_dvc_is_noticed_and_comes_back_from_the_bucket(
    origin, bucket, tmp_path, keys_folder
):
    files, known = origin
    project = tmp_path / "project"
    write(project / "release", files)
    outs = "[release: {cache: false, persist: true}]"
    (project / "dvc.yaml").write_text(f"stages: {{publish: {{cmd: 'true', outs: {outs}}}}}\n")
    for words in (["init", "--no-scm", "--quiet"], ["commit", "--force", "--quiet"]):
        call(["dvc", *words], project, keys_folder)
    stored = {p.read_bytes() for p in (project / ".dvc" / "cache").rglob("*") if p.is_file()}
    assert stored.isdisjoint(files.values()), "DVC holds a second copy"
    name = shard_of(files)
    (project / "release" / name).write_bytes(altered(files[name]))
    assert "modified" in call(["dvc", "status"], project, keys_folder).stdout
    shutil.rmtree(project / "release")
    believed = trust.parse(known.read_bytes())
    pull(open_remote("s3://shelf/r1"), project / "release", trust=believed, today=small.TODAY)
    assert "up to date" in call(["dvc", "status"], project, keys_folder).stdout


def test_dvc_tracks_the_papers_while_shards_lie_in_a_bucket_by_digest(origin, bucket, tmp_path, keys_folder):
    files, known = origin
    believed, project = trust.parse(known.read_bytes()), tmp_path / "project"
    write(project / "release", files)
    (project / ".dvcignore").write_text("/release/data/\n")
    (project / "dvc.yaml").write_text("stages: {publish: {cmd: 'true', outs: [release: {persist: true}]}}\n")
    shards = {name: data for name, data in files.items() if name.startswith("data/")}
    done = store(project / "release", "s3://shelf/shards", believed, today=small.TODAY)
    assert done == (len(shards), 0, sum(map(len, shards.values())))
    assert store(project / "release", "s3://shelf/shards", believed, today=small.TODAY)[:2] == (
        0,
        len(shards),
    )
    for words in (["init", "--no-scm", "--quiet"], ["commit", "--force", "--quiet"]):
        call(["dvc", *words], project, keys_folder)
    cached = {p.read_bytes() for p in (project / ".dvc" / "cache").rglob("*") if p.is_file()}
    assert cached.isdisjoint(shards.values())
    assert cached > {data for name, data in files.items() if name not in shards}
    shutil.rmtree(project / "release")
    call(["dvc", "checkout", "--quiet"], project, keys_folder)
    assert here(project / "release") == {n: data for n, data in files.items() if n not in shards}

    def fetch(target, chosen=None):
        papers, objects = open_remote(str(project / "release")), open_store("s3://shelf/shards")
        return pull(papers, target, trust=believed, objects=objects, shards=chosen, today=small.TODAY)

    assert fetch(tmp_path / "whole").report.ok and here(tmp_path / "whole") == files
    shutil.move(tmp_path / "whole" / "data", project / "release" / "data")
    assert "up to date" in call(["dvc", "status"], project, keys_folder).stdout
    name = shard_of(files)
    key = f"shards/{object_name(hashlib.sha256(files[name]).hexdigest())}"
    bucket.put_object(Bucket="shelf", Key=key, Body=altered(files[name]))
    with pytest.raises(TrustError, match="not the bytes that were certified"):
        fetch(tmp_path / "again", [name])
    bucket.delete_object(Bucket="shelf", Key=key)
    with pytest.raises(InputError, match="is not there"):
        fetch(tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_store_in_a_folder_takes_whole_files_and_no_altered_shard(origin, tmp_path, keys_folder):
    files, known = origin
    believed, release = trust.parse(known.read_bytes()), tmp_path / "release"
    write(release, files)
    name = shard_of(files)
    (release / name).write_bytes(altered(files[name]))
    with pytest.raises(TrustError, match="not the bytes that were certified"):
        store(release, str(tmp_path / "store"), believed, today=small.TODAY)
    (release / name).write_bytes(files[name])
    words = ["release", "store", "store", "--trust", str(known), "--today", small.TODAY.isoformat()]
    done = call(["hallmark", *words], tmp_path, keys_folder)
    shards = [data for n, data in files.items() if n.startswith("data/")]
    assert f"{len(shards)} shards sent" in done.stdout
    assert set(here(tmp_path / "store")) == {object_name(hashlib.sha256(data).hexdigest()) for data in shards}


@pytest.mark.parametrize("harm", [False, True])
def test_a_release_on_the_hub_arrives_verified_and_an_altered_file_never_does(origin, tmp_path, harm):
    files, known = origin
    name = shard_of(files)
    served = files | ({name: altered(files[name])} if harm else {})
    env = {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    with web_server(served) as server:
        done = subprocess.run(
            [sys.executable, "-c", PULL, str(tmp_path / "to"), str(known)], cwd=ROOT, check=False,
            env=os.environ | env | {"HF_ENDPOINT": server.url}, capture_output=True, text=True,
        )  # fmt: skip
    if harm:
        assert done.stdout.startswith("TrustError") and "not the bytes" in done.stdout, done.stderr[-2000:]
        assert not (tmp_path / "to").exists() and not list(tmp_path.glob(".to*"))
    else:
        assert done.stdout.startswith("good "), done.stdout + done.stderr[-2000:]
        assert here(tmp_path / "to") == files
