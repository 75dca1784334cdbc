"""Large files: parts of Zstandard frames and of one row group are what the whole is, and memory stays bounded."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from fuzz_helpers import measured
from hypothesis import given
from hypothesis import strategies as st
from ingest_helpers import make_source

from stages.ingest.plan import Part
from stages.ingest.read import in_a_row, read_part, read_row
from stages.ingest.settings import IngestSettings
from stages.ingest.zst_frames import frames_of

SETTINGS = IngestSettings()
COLUMNS = ["native_id", "text", "error", "record", "offset", "raw_sha256"]


def lines(count: int) -> bytes:
    draw = random.Random(3)
    return b"".join(
        json.dumps({"text": f"{i} " + "reed " * draw.randrange(1, 80)}).encode() + b"\n" for i in range(count)
    )


def framed(data: bytes, size: int, checksum: bool = False) -> bytes:
    """Pack data as frames of so many bytes each, with an empty and a skippable frame in between."""
    packer = zstandard.ZstdCompressor(write_checksum=checksum)
    pieces = [packer.compress(data[at : at + size]) for at in range(0, len(data), size)]
    pieces[2:2] = [packer.compress(b""), b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"aside"]
    return b"".join(pieces)


@given(sizes=st.lists(st.integers(0, 300_000), min_size=1, max_size=6), checksum=st.booleans())
def test_the_walk_over_frames_agrees_with_the_decoder(tmp_path_factory, sizes, checksum):
    packer = zstandard.ZstdCompressor(write_checksum=checksum)
    pieces = [packer.compress((b"abc" * size)[:size]) for size in sizes]
    found = frames_of(b"".join(pieces))
    assert [frame.stored for frame in found] == [sum(map(len, pieces[:i])) for i in range(len(pieces))]
    assert [frame.base for frame in found] == [sum(sizes[:i]) for i in range(len(sizes))]
    assert frames_of(b"".join(pieces)[:-1]) is None


@pytest.mark.parametrize("size", [700, 5000, 40_000])
@pytest.mark.parametrize("seed", range(4))
def test_slices_of_frames_read_alone_are_the_slices_read_in_a_row(put, tmp_path, size, seed):
    data = framed(lines(400), size, checksum=seed % 2 == 0)
    path = put("a.jsonl.zst", data)
    borders = [frame.stored for frame in frames_of(path)]
    draw = random.Random(seed)
    cuts = sorted(
        {0, len(data), *draw.sample(range(1, len(data)), 4), *draw.sample(borders, min(3, len(borders)))}
    )
    parts = [Part("shelf", f"p{i}", (("in/a.jsonl.zst", a, b),)) for i, (a, b) in enumerate(pairwise(cuts))]
    names = {part.part for part in parts}
    row = [table for _, table in read_row(make_source(), parts, tmp_path, SETTINGS, names)]
    alone = [read_part(make_source(), part, tmp_path, SETTINGS) for part in parts]
    assert all(a.equals(b) for a, b in zip(row, alone, strict=True))
    assert sum(table.num_rows for table in alone) == 400
    assert pa.concat_tables(alone)["error"].null_count == 400


def test_only_a_file_of_enough_frames_is_read_by_many_at_once(put, tmp_path):
    put("a.jsonl.zst", framed(lines(400), 2000))
    put("b.jsonl.zst", zstandard.compress(lines(400)))
    stream = zstandard.ZstdCompressor().compressobj()
    put("c.jsonl.zst", stream.compress(lines(400)) + stream.flush())
    answers = [
        in_a_row(make_source(), Part("shelf", "x", ((f"in/{name}.jsonl.zst", 0, 9),)), tmp_path, 2)
        for name in "abc"
    ]
    assert answers == [False, True, True]


@pytest.mark.parametrize("groups", [1, 3, 40])
def test_parts_of_a_parquet_file_read_in_a_row_are_the_parts_alone(put, tmp_path, groups):
    rows = 30_000
    path = put("a.parquet", b"")
    table = pa.table({"text": [f"row {i} of the herbarium" for i in range(rows)], "n": list(range(rows))})
    pq.write_table(table, path, row_group_size=-(-rows // groups))
    size = path.stat().st_size
    cuts = [size * i // 5 for i in range(6)]
    parts = [Part("shelf", f"p{i}", (("in/a.parquet", a, b),)) for i, (a, b) in enumerate(pairwise(cuts))]
    assert in_a_row(make_source(), parts[0], tmp_path, 5) is (groups < 5)
    names = {part.part for part in parts}
    row = {p.part: t for p, t in read_row(make_source(), parts, tmp_path, SETTINGS, names)}
    alone = {part.part: read_part(make_source(), part, tmp_path, SETTINGS) for part in parts}
    assert all(row[name].equals(alone[name]) for name in names)
    assert sum(table.num_rows for table in alone.values()) == rows


def big(name: str, path, mib: int) -> None:
    """Write a file of so much text, a little at a time."""
    draw = random.Random(9)
    leaves = [draw.randbytes(2000).hex() for _ in range(500)]  # packs about as text does
    count = (mib << 20) // 4000
    if name.endswith("parquet"):
        schema = pa.schema([("text", pa.string())])
        with pq.ParquetWriter(path, schema, use_dictionary=False, compression="none") as writer:
            writer.write_table(
                pa.table({"text": [f"{i} {leaves[i % 500]}" for i in range(count)]}), row_group_size=count
            )
        return
    with path.open("wb") as raw:
        out = zstandard.ZstdCompressor().stream_writer(raw, closefd=False) if name.endswith("zst") else raw
        if name.endswith("csv"):
            out.write(b"text\n")
        for i in range(count):
            record = (
                f'"{i} {leaves[draw.randrange(500)]}"\n'
                if name.endswith("csv")
                else json.dumps({"text": f"{i} {leaves[draw.randrange(500)]}"}) + "\n"
            )
            out.write(record.encode())
        if out is not raw:
            out.close()


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.zst", "a.csv", "a.parquet"])
def test_a_file_of_many_parts_takes_the_memory_of_a_few(put, tmp_path, name):
    big(name, put(name, b""), 200)
    found = measured(tmp_path, part_mib=8, max_ratio=1e6)
    assert found["bytes"] > 200 << 20 and found["reasons"] == []
    assert found["mib"] < 200, "the memory of one part and its window, not of the file"
