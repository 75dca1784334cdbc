"""A purge reaches copies in every form, the indexes of sealed releases, and remotes that are no folders."""

from __future__ import annotations

import gzip
import hashlib
import json

import boto3
import polars as pl
import pyarrow as pa
import removal_house as house
from moto.server import ThreadedMotoServer

from lineage import keys, trust
from lineage import ledger as chain
from lineage.records import doc_id
from lineage.removals import keyed_id
from pipelines.removal.purge import purge
from pipelines.removal.request import Ground, ledger_path, request
from pipelines.removal.selector import choose
from pipelines.sealing.seal import seal

W1 = doc_id("web", "w1")
LINE = json.dumps({"id": "x", "body": house.text(1)}, ensure_ascii=True)


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def cached(root, data):
    name = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return put(root / "files" / "md5" / name[:2] / name[2:], data), name


def copies(project):
    """Lay copies of w1 and of w2 in several forms into quarantine and cache; return (must go, must stay)."""
    zstd = pa.Codec("zstd")
    cache, quarantine = project.root / ".dvc" / "cache", project.root / "quarantine"
    redacted = json.dumps(
        [{"doc_id": W1.hex(), "messages": [{"role": "user", "content": "Other words than before"}]}]
    )
    go = [
        put(quarantine / "held.jsonl", f'{{"id": 1}}\n{LINE}\n'.encode()),
        put(quarantine / "one.txt", b"\xef\xbb\xbf" + house.text(1).replace("\n", "\r\n").encode() + b"\n"),
        put(quarantine / "set.json", redacted.encode()),
        cached(cache, zstd.compress(LINE.encode(), asbytes=True))[0],
        cached(cache, gzip.compress(LINE.encode(), mtime=0))[0],
    ]
    other = json.dumps({"id": "y", "body": house.text(2)})
    stay = [
        put(quarantine / "others.jsonl", other.encode()),
        put(quarantine / "ids.json", json.dumps({"doc_id": W1.hex(), "reason": "removal-request"}).encode()),
        cached(cache, zstd.compress(other.encode(), asbytes=True))[0],
        cached(cache, (project.root / "in" / "web.jsonl").read_bytes())[0],  # the source, tracked by DVC
    ]
    return go, stay


def test_copies_in_every_form_go_with_receipts_and_what_holds_no_text_stays(project):
    request(project, choose(url="https://www.example.org/page/1"), Ground("pipl-47", house.AS_OF))
    project = house.run(project.root, "decide", "publish")
    go, stay = copies(project)
    purge(project, house.AS_OF, apply=True)
    assert [p.name for p in go if p.exists()] == []
    assert [p.name for p in stay if not p.exists()] == []
    receipts = chain.entries(ledger_path(project))[-1]["physical"]
    assert {"held.jsonl", "one.txt", "set.json"} <= {
        r["object"] for r in receipts if r["store"] == "quarantine"
    }
    project = house.run(project.root, "decide", "publish")
    late = put(project.root / "quarantine" / "late.jsonl", LINE.encode())
    purge(project, house.AS_OF, apply=True)
    assert not late.exists(), "known by its keyed digest, though data/ holds its text no more"


def test_signatures_leave_the_index_and_objects_leave_a_bucket(project, keys_folder, monkeypatch):
    believed = trust.from_pem(keys.load_signer(keys_folder).public_pem.encode())
    seal(project, believed, days=90, today=house.AS_OF)
    index = project.data / "dedup_index" / "0.1.0.parquet"
    before = pl.read_parquet(index)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="far-shelf")
        with (project.root / ".dvc" / "config").open("a") as out:
            out.write(
                f"['remote \"far\"']\n    url = s3://far-shelf/dvc\n    endpointurl = http://{host}:{port}\n"
            )
            out.write(
                "['remote \"lost\"']\n    url = s3://nowhere/dvc\n    endpointurl = http://127.0.0.1:9\n"
            )
        shards = {p.parent.name: p.read_bytes() for p in (project.release / "data").rglob("*.parquet")}
        for data in shards.values():
            name = hashlib.md5(data, usedforsecurity=False).hexdigest()
            client.put_object(Bucket="far-shelf", Key=f"dvc/files/md5/{name[:2]}/{name[2:]}", Body=data)
        request(project, choose(doc_id=doc_id("web", "w2").hex()), Ground("pipl-47", house.AS_OF))
        project = house.run(project.root, "decide")
        purge(project, house.AS_OF, apply=True, remotes=True)
        left = [o["Key"] for o in client.list_objects_v2(Bucket="far-shelf").get("Contents", [])]
    finally:
        server.stop()
    entry = chain.entries(ledger_path(project))[-1]
    assert not [line for line in entry["out_of_reach"] if "`far`: not reached" in line]
    names = {n: hashlib.md5(d, usedforsecurity=False).hexdigest() for n, d in shards.items()}
    assert left == [f"dvc/files/md5/{names['copies'][:2]}/{names['copies'][2:]}"]
    assert [r["md5"] for r in entry["physical"] if r["store"] == "dvc-remote far"] == [names["web"]]
    assert any("`lost`: not reached" in line for line in entry["out_of_reach"])
    after, mine = pl.read_parquet(index), keyed_id(keys.load_hmac(keys_folder)[1], doc_id("web", "w2"))
    gone = after.filter(pl.col("doc_id") == mine)
    assert (gone["signature"].to_list(), gone["exact"].to_list(), entry["erased_signatures"]) == (
        [None],
        [None],
        1,
    )
    rest = pl.col("doc_id") != mine
    assert after.filter(rest).equals(before.filter(rest))
