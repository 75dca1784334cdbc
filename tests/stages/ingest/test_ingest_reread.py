"""Many records are read again as single ones are, and a packed file is walked once."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from ingest_helpers import make_source, read_all
from test_fuzz_archives import tar, zipped

from stages.ingest import reread_many
from stages.ingest.reread_many import Origin, reread_digests

LINES = b"".join(json.dumps({"text": f"page {i} " * (i % 40 + 1)}).encode() + b"\n" for i in range(3000))


@pytest.fixture
def shelf(put, tmp_path):
    """Return the rows of every kind of place that a record can have."""
    put("a.jsonl", LINES)
    put("b.jsonl.gz", gzip.compress(LINES[:40_000]) + gzip.compress(LINES[40_000:]))
    put("c.jsonl.zst", zstandard.compress(LINES))
    put("d.csv", "text,n\n一,1\n二,2\n".encode("utf-16"))
    put("e.json", '[{"text": "x"}, {"text": "y"}]'.encode("utf-16"))
    table = pa.table({"text": [f"row {i}" for i in range(500)]})
    pq.write_table(table, put("f.parquet", b""), row_group_size=100)
    with pa.OSFile(str(put("g.arrow", b"")), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=70)
    put(
        "h.tar.gz",
        gzip.compress(tar([(f"{i}.txt", f"leaf {i}".encode()) for i in range(80)] + [("l.jsonl", LINES)])),
    )
    put("i.zip", zipped([("x.jsonl.gz", gzip.compress(LINES)), ("y.txt", b"leaf")]))
    return read_all(tmp_path)


def test_every_document_of_every_format_reads_again_to_its_digest(shelf, tmp_path):
    origins = [Origin(*(row[name] for name in Origin._fields)) for row in shelf]
    found = reread_digests(make_source(), tmp_path, origins)
    assert len(shelf) == 3000 * 5 + 2 + 2 + 500 * 2 + 80 + 1
    assert found == [row["raw_sha256"] for row in shelf]
    mixed = origins[::-7]
    assert reread_digests(make_source(), tmp_path, mixed) == [row["raw_sha256"] for row in shelf[::-7]]


def test_a_packed_file_is_walked_once_for_all_its_records(shelf, tmp_path, monkeypatch):
    walks = []
    real = reread_many.blocks

    def counting(place, *rest):
        walks.append(place)
        return real(place, *rest)

    monkeypatch.setattr(reread_many, "blocks", counting)
    origins = [Origin(*(row[name] for name in Origin._fields)) for row in shelf]
    reread_digests(make_source(), tmp_path, origins)
    assert len(walks) == 3  # b, c, and the packed member of i


def test_what_changed_or_is_gone_has_another_digest_or_none(shelf, tmp_path):
    rows = [row for row in shelf if row["file"] in ("in/a.jsonl", "in/c.jsonl.zst", "in/f.parquet")]
    origins = [Origin(*(row[name] for name in Origin._fields)) for row in rows]
    path = tmp_path / "in" / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b"page 7 ", b"page 8 "))
    (tmp_path / "in" / "f.parquet").unlink()
    packed = (tmp_path / "in" / "c.jsonl.zst").read_bytes()
    (tmp_path / "in" / "c.jsonl.zst").write_bytes(packed[: len(packed) // 2])
    found = reread_digests(make_source(), tmp_path, origins)
    same = [a == row["raw_sha256"] for a, row in zip(found, rows, strict=True)]
    assert [row["record"] for row, ok in zip(rows[:3000], same, strict=False) if not ok] == [7]
    half = same[3000:6000]
    assert 0 < sum(half) < 3000 and half == sorted(half, reverse=True)
    assert found[6000:] == [None] * 500
