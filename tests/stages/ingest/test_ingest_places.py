"""A source may lie in a bucket, on a web server or on the hub: listed, pinned and read as if it lay here."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
import s3fs
from ingest_helpers import make_source, read_all
from moto.server import ThreadedMotoServer
from remote_stores import web_server

from lineage import quiet
from lineage.errors import InputError
from stages.ingest.files import list_files
from stages.ingest.places import CACHE, OFFLINE, cached, local, remote_digests, sweep

ROOT = Path(__file__).parents[3]
LINES = b"".join(json.dumps({"text": f"Line {n} of the shelf."}).encode() + b"\n" for n in range(500))
FILES = {"a.jsonl": LINES, "deep/b.jsonl.gz": gzip.compress(LINES, mtime=0), "deep/c.txt": b"One more text."}


@pytest.fixture
def bucket(monkeypatch):
    """Return a client of a bucket `shelf` on a real S3 server on the loopback."""
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
    for name, data in FILES.items():
        client.put_object(Bucket="shelf", Key=name, Body=data)
    yield client
    server.stop()


def pinned(source, project: Path) -> dict[str, str]:
    """Return the digests by file name, as inventory gets them."""
    return {row["file"]: row["sha256"] for row in remote_digests(list_files(source, project), project)}


@pytest.mark.parametrize("path", ["s3://shelf", "s3://shelf/**/*", "s3://shelf/"])
def test_a_bucket_is_listed_pinned_and_read_by_locator(bucket, tmp_path, path):
    source = make_source(paths=[path])
    assert pinned(source, tmp_path) == {f"s3://shelf/{n}": sha256(d).hexdigest() for n, d in FILES.items()}
    rows = read_all(tmp_path, source)  # also reads each again by its locator
    assert len(rows) == 1001 and {row["status"] for row in rows} == {"ok"}


def test_a_large_object_is_sliced_into_the_parts_that_a_local_file_gives(bucket, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_bytes(LINES)
    near = read_all(tmp_path, make_source(paths=["in"]), part_mib=0.005)
    far = read_all(tmp_path, make_source(paths=["s3://shelf/a.jsonl"]), part_mib=0.005)
    assert [(r["text"], r["offset"]) for r in far] == [(r["text"], r["offset"]) for r in near]


READ = """
import sys
from pathlib import Path
sys.path[:0] = ["tests/stages/ingest"]
from ingest_helpers import make_source, read_all
if sys.argv[3:]:
    sys.modules[sys.argv[3]] = None
rows = read_all(Path(sys.argv[2]), make_source(paths=[sys.argv[1]]))
print(sorted({row["file"] for row in rows}), len(rows))
"""


def read_apart(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read a source in a process of its own: the hub's library reads its endpoint once, when imported."""
    command = [sys.executable, "-c", READ, *arguments]
    env = os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


HUB_READ = str([f"hf://datasets/house/set/{name}" for name in FILES if "/" in name]) + " 501\n"


def test_the_hub_is_read_through_its_own_endpoint(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with web_server(FILES) as server:
        done = read_apart("hf://datasets/house/set/deep", str(tmp_path), HF_ENDPOINT=server.url)
    assert done.stdout == HUB_READ, done.stderr[-2000:]


@pytest.mark.parametrize("whose", ["ours", "the operator's"])
def test_the_hub_is_asked_though_libraries_are_kept_quiet_unless_the_operator_forbids_it(
    tmp_path, monkeypatch, whose
):
    for name in (*quiet.VARIABLES, quiet.SET_HERE):
        monkeypatch.delenv(name, raising=False)
    if whose != "ours":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    quiet.quiet_libraries()
    quiet.quiet_libraries()  # a second stage of the same process
    with web_server(FILES) as server:
        done = read_apart("hf://datasets/house/set/deep", str(tmp_path), HF_ENDPOINT=server.url)
    if whose == "ours":
        assert done.stdout == HUB_READ, done.stderr[-2000:]
    else:
        assert "OfflineModeIsEnabled" in done.stderr and not done.stdout


def test_a_web_file_is_fetched_once_until_its_mark_changes(tmp_path):
    with web_server(dict(FILES)) as server:
        source = make_source(paths=[f"{server.url}/a.jsonl"])
        before = pinned(source, tmp_path)
        assert pinned(source, tmp_path) == before and len(read_all(tmp_path, source)) == 500
        assert server.asked.count(("GET", "/a.jsonl")) == 1
        server.files["a.jsonl"] = LINES + LINES
        assert pinned(source, tmp_path) != before


def test_a_file_without_a_mark_is_compared_every_time(tmp_path):
    with web_server(dict(FILES), marked=False) as server:
        source = make_source(paths=[f"{server.url}/a.jsonl"])
        before = pinned(source, tmp_path)
        server.files["a.jsonl"] = LINES.replace(b"shelf", b"board")  # as long as before
        assert pinned(source, tmp_path) != before


def test_a_file_changed_behind_the_listing_is_not_read(tmp_path):
    with web_server(dict(FILES)) as server:
        source = make_source(paths=[f"{server.url}/a.jsonl"])
        pinned(source, tmp_path)
        next((tmp_path / CACHE / "objects").iterdir()).unlink()
        server.files["a.jsonl"] = LINES.replace(b"shelf", b"board")
        with pytest.raises(InputError, match="changed since it was listed"):
            read_all(tmp_path, source)


def test_without_the_network_the_error_names_the_place_and_the_cache_still_serves(tmp_path, monkeypatch):
    with web_server(FILES) as server:
        source = make_source(paths=[f"{server.url}/a.jsonl"])
        before = pinned(source, tmp_path)
    with pytest.raises(InputError, match=r"source shelf: http://127.0.0.1.*\n.*network"):
        list_files(source, tmp_path)
    monkeypatch.setenv(OFFLINE, "1")
    assert pinned(source, tmp_path) == before and len(read_all(tmp_path, source)) == 500
    with pytest.raises(InputError, match="never listed"):
        list_files(make_source(paths=["s3://other/x.jsonl"]), tmp_path)


@pytest.mark.parametrize(
    ("path", "package"), [("s3://shelf/a.jsonl", "s3fs"), ("hf://datasets/x/y", "huggingface_hub")]
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, path, package):
    done = read_apart(path, str(tmp_path), package)
    assert f"needs the package {package}" in done.stderr and "pip install 'hallmark[" in done.stderr


def test_a_bucket_that_is_not_there_or_not_open_is_an_error(bucket, tmp_path):
    with pytest.raises(InputError, match="s3://nobody"):
        list_files(make_source(paths=["s3://nobody/a.jsonl"]), tmp_path)
    with pytest.raises(InputError, match=r"nothing is there|matches no file"):
        list_files(make_source(paths=["s3://shelf/none/*.jsonl"]), tmp_path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("s3://key:secret@shelf/a", "user name or password"),
        ("https://example.org/a.jsonl?token=1", "query"),
        ("http://example.org/a.jsonl", "allow_http"),
        ("gopher://example.org/a", "is not read"),
    ],
)
def test_an_address_that_must_not_stand_in_sources_is_refused(path, said):
    with pytest.raises(ValueError, match=said):
        make_source(paths=[path])
    assert said != "allow_http" or make_source(paths=[path], allow_http=True)


def test_a_file_address_is_a_local_path(tmp_path, put):
    put("a b.jsonl", LINES)
    assert len(read_all(tmp_path, make_source(paths=[f"file://{tmp_path}/in/a%20b.jsonl"]))) == 500


def test_a_download_that_breaks_leaves_nothing(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.jsonl"
    listener.close()  # nobody listens there any more
    with pytest.raises(InputError, match=r"does not give it|nothing is there"):
        local(tmp_path, url)
    assert (
        list((tmp_path / CACHE).rglob("*.*")) == [] and list((tmp_path / CACHE / "objects").iterdir()) == []
    )


def test_the_cache_forgets_what_no_source_names(tmp_path):
    with web_server(FILES) as server:
        one, two = (f"{server.url}/{name}" for name in ("a.jsonl", "deep/c.txt"))
        kept = pinned(make_source(paths=[one, two]), tmp_path)
        sweep(tmp_path, {two}, {two})
        assert [p.name for p in (tmp_path / CACHE / "objects").iterdir()] == [kept[two]]
    assert (tmp_path / "data").stat().st_mode & 0o77 == 0


def test_a_purge_finds_the_copy_of_an_archive_by_the_name_of_its_member(tmp_path):
    with web_server(FILES) as server:
        url = f"{server.url}/a.jsonl"
        assert cached(tmp_path, url) is None
        pinned(make_source(paths=[url]), tmp_path)
    assert cached(tmp_path, url) == cached(tmp_path, f"{url}!member.txt") == local(tmp_path, url)
    assert cached(tmp_path, "in/a.jsonl") is None
