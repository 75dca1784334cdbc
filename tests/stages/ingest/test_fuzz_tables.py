"""CSV, Parquet and Arrow that are ragged, cut, damaged or without their columns cost their own rows only."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz_helpers import errors, measured, read_broken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = [f"row {i}: the ferry leaves at dusk" for i in range(200)]
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


@pytest.fixture
def parquet(put):
    """Return the bytes of a Parquet file of 200 rows in four row groups."""
    path = put("made.parquet", b"")
    pq.write_table(pa.table({"id": [str(i) for i in range(200)], "text": TEXTS}), path, row_group_size=50)
    data = path.read_bytes()
    path.unlink()
    return data


def test_ragged_rows_are_told_one_by_one_with_their_offsets(put, tmp_path):
    lines = [b"id,text,n", b"1,one,1", b"2,two", b"3,three,3,3", b"", b"4,four,4", b'5,fi"ve,5', b"6"]
    put("a.csv", b"\n".join(lines))
    rows = read_broken(tmp_path)
    assert errors(rows) == [None, "ragged-row", "ragged-row", None, None, "ragged-row"]
    assert [row["offset"] for row in rows] == [10, 18, 24, 37, 46, 56]


def test_one_line_of_a_hundred_megabytes_in_a_csv_is_one_row_and_takes_no_such_memory(put, tmp_path):
    path = put("a.csv", b'id,text\n1,before\n2,"')
    with path.open("ab") as file:
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"\n3,after\n')
    rows = read_broken(tmp_path)
    assert errors(rows) == [None, "too-long", None]
    assert [row["record"] for row in rows] == [0, 1, 2]
    assert (rows[1]["offset"], rows[1]["length"]) == (17, (100 << 20) + 4)
    found = measured(tmp_path)
    assert found["reasons"] == ["too-long"] and found["mib"] < 300


def test_a_header_longer_than_the_limit_costs_its_file_only(put, tmp_path):
    put("a.csv", b"text" + b"x" * (40 << 20))
    put("b.csv", b"text," + b"x" * 200_000 + b"\nwide,1\n")
    assert errors(read_broken(tmp_path)) == ["too-long", None]


def test_a_parquet_file_without_its_columns_says_so(put, tmp_path):
    pq.write_table(pa.table({"body": ["x"], "n": [1]}), put("a.parquet", b""))
    pq.write_table(pa.table({"prompt": ["x"]}), put("b.parquet", b""))
    pq.write_table(pa.table({"text": [[1, 2]]}), put("c.parquet", b""))
    assert errors(read_broken(tmp_path)) == ["missing-field", "missing-field", "wrong-type"]


@pytest.mark.parametrize("cut", [1, 8, 40, 1200])
def test_a_parquet_file_with_a_cut_footer_is_truncated(put, tmp_path, parquet, cut):
    put("a.parquet", parquet[:-cut])
    assert errors(read_broken(tmp_path)) == ["truncated"]


def test_a_damaged_row_group_spares_the_others(put, tmp_path, parquet):
    with pq.ParquetFile(io.BytesIO(parquet)) as file:
        column = file.metadata.row_group(1).column(1)
    changed = bytearray(parquet)
    start = column.dictionary_page_offset or column.data_page_offset
    changed[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    put("a.parquet", bytes(changed))
    rows = read_broken(tmp_path)
    assert errors(rows) == [None] * 50 + ["damaged"] + [None] * 100
    assert rows[50]["record"] == 50


def test_an_arrow_stream_that_is_cut_keeps_the_batches_before(put, tmp_path):
    table = pa.table({"text": TEXTS})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    put("a.arrow", sink.getvalue()[:-800])
    rows = read_broken(tmp_path)
    assert errors(rows) == [None] * 150 + ["truncated"]
    put("a.arrow", sink.getvalue()[:40])
    assert errors(read_broken(tmp_path)) in (["damaged"], ["truncated"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_bytes_stops_a_columnar_file_or_its_neighbours(put, tmp_path, parquet, data):
    changed = bytearray(parquet)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    put("a.parquet", bytes(changed))
    read_broken(tmp_path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), head=st.sampled_from([b"text\n", b"id,text\n", b"", b'"text"\n']))
def test_any_bytes_under_a_header_are_rows(put, tmp_path, data, head):
    put("a.csv", head + data)
    read_broken(tmp_path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_what_the_csv_module_writes_comes_back(put, tmp_path, rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("text", "note"), *rows])
    put("a.csv", out.getvalue().encode())
    found = read_broken(tmp_path, normalise="none", newlines=False)
    assert len(found) == len(rows)
    texts = [text if text.strip() else None for text, _ in rows]
    assert [row["text"] for row in found] == texts
