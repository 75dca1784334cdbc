"""Nothing restricted reaches the public remote, and the restricted zone is closed."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import boto3
import polars as pl
import pytest
from moto.server import ThreadedMotoServer
from support import call


@pytest.fixture(scope="module")
def pushed(
    sample: Path, keys_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """Return (project, public remote, restricted remote) after a plain push and a restricted one."""
    project = tmp_path_factory.mktemp("push") / "project"
    shutil.copytree(sample, project, symlinks=True)
    public, restricted = project.parent / "public", project.parent / "restricted"
    call(["dvc", "remote", "add", "--default", "origin", str(public)], project, keys_folder)
    call(["dvc", "remote", "modify", "restricted", "url", str(restricted)], project, keys_folder)
    call(["dvc", "push"], project, keys_folder)
    return project, public, restricted


def files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file()]


def canaries(project: Path) -> list[bytes]:
    """Return texts and personal values that must not leave: removed and quarantined documents, found values."""
    read = {}
    for name in ("ingest", "decide", "pii_spans"):
        read[name] = pl.concat(
            [pl.read_parquet(p, glob=False) for p in sorted((project / "data" / name).rglob("*.parquet"))]
        )
    texts = read["ingest"].select("doc_id", "text")
    gone = read["decide"].filter(pl.col("reason").is_in(["secrecy-marking", "poisoning", "licence-missing"]))
    held = [r["text"] for r in gone.join(texts, on="doc_id").iter_rows(named=True)]
    spans = read["pii_spans"].filter(pl.col("type") != "CN_USCC").join(texts, on="doc_id")
    values = [r["text"][r["start"] : r["end"]] for r in spans.iter_rows(named=True)]
    clean = "\n".join(texts.join(spans, on="doc_id", how="anti")["text"].drop_nulls().to_list())
    values = [v for v in values if v not in clean]  # the same digits may stand elsewhere as an order number
    return [x.encode() for x in held + values]


def plain(path: Path) -> bytes:
    """Return a file's content, Parquet decoded to its text."""
    head = path.read_bytes()
    if head[:4] != b"PAR1":
        return head
    return json.dumps(
        pl.read_parquet(path, glob=False).select(pl.selectors.string()).rows(), ensure_ascii=False
    ).encode()


def test_a_plain_push_carries_the_release_only(pushed, keys_folder: Path) -> None:
    project, public, restricted = pushed
    tracked = {p.read_bytes() for p in files(project / "release")}
    objects = [p for p in files(public) if not p.name.endswith(".dir")]
    assert objects
    assert all(p.read_bytes() in tracked for p in objects)
    assert files(restricted), "the rest goes to the restricted remote"


def test_no_canary_is_on_the_public_remote(pushed) -> None:
    project, public, _ = pushed
    wanted = canaries(project)
    assert len(wanted) > 20
    everything = b"\n".join(plain(p) for p in files(public))
    assert [c for c in wanted if c in everything] == []


def test_texts_and_spans_are_on_no_remote(pushed) -> None:
    project, public, restricted = pushed
    kept_local = {p.read_bytes() for name in ("ingest", "pii_spans") for p in files(project / "data" / name)}
    assert kept_local
    assert not [p for p in files(public) + files(restricted) if p.read_bytes() in kept_local]


def test_the_restricted_zone_is_for_its_owner_alone_and_not_in_git(sample: Path, keys_folder: Path) -> None:
    for name in ("data", "quarantine"):
        assert stat.S_IMODE((sample / name).stat().st_mode) == 0o700
    listed = call(["git", "status", "--porcelain", "--untracked-files=all"], sample, keys_folder).stdout
    assert not [line for line in listed.splitlines() if line[3:].startswith(("data/", "quarantine/"))]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch):
    """Return (address, client) of a real S3 server on the loopback with the buckets `public` and `inside`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=address)
    for bucket in ("public", "inside"):
        client.create_bucket(Bucket=bucket)
    yield address, client
    server.stop()


def test_release_and_data_go_to_buckets_of_their_own_and_come_back(
    sample: Path, keys_folder: Path, tmp_path: Path, s3
) -> None:
    address, client = s3
    project, clone = tmp_path / "project", tmp_path / "clone"
    shutil.copytree(sample, project, symlinks=True)
    call(["dvc", "remote", "add", "--default", "origin", "s3://public/hallmark"], project, keys_folder)
    call(["dvc", "remote", "modify", "restricted", "url", "s3://inside/hallmark"], project, keys_folder)
    for remote in ("origin", "restricted"):
        call(["dvc", "remote", "modify", remote, "endpointurl", address], project, keys_folder)
    call(["dvc", "push"], project, keys_folder)

    def held(bucket: str) -> dict[str, bytes]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        names = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {name: client.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}

    tracked = {p.read_bytes() for p in files(project / "release")}
    outside = {data for name, data in held("public").items() if not name.endswith(".dir")}
    assert outside == tracked
    inside = set(held("inside").values())
    assert inside
    assert inside.isdisjoint(p.read_bytes() for p in files(project / "data" / "ingest"))
    shutil.copytree(project, clone, symlinks=True, ignore=shutil.ignore_patterns("release", "cache", "tmp"))
    call(["dvc", "pull", "publish"], clone, keys_folder)
    assert {p.relative_to(clone): p.read_bytes() for p in files(clone / "release")} == {
        p.relative_to(project): p.read_bytes() for p in files(project / "release")
    }
