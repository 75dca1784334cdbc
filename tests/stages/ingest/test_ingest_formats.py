"""Every format goes in with its good records located and its broken record counted."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from ingest_helpers import make_source, read_all

GOOD = ["第一篇,讲河边的芦苇。", "A second text, about reeds by the river.", "第三篇\n有两行。"]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: zstandard.compress(data[:60]) + zstandard.compress(data[60:]),  # two frames
}


def jsonl(*lines: Any) -> bytes:
    return b"".join(
        (x if isinstance(x, bytes) else json.dumps(x, ensure_ascii=False).encode()) + b"\n" for x in lines
    )


def facts(rows: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    return [(row["text"], row["error"]) for row in rows]


def expected(broken: str) -> list[tuple[str | None, str | None]]:
    return [(GOOD[0], None), (None, broken), (GOOD[1], None), (GOOD[2], None)]


@pytest.mark.parametrize("suffix", PACK)
def test_json_lines_keep_a_broken_line_as_a_row_in_every_compression(put, tmp_path, suffix):
    data = jsonl({"text": GOOD[0]}, b'{"text": "cut', {"text": GOOD[1]}, {"text": GOOD[2]})
    put(f"a.jsonl{suffix}", PACK[suffix](data))
    rows = read_all(tmp_path)
    assert facts(rows) == expected("bad-json")
    assert [row["record"] for row in rows] == [0, 1, 2, 3]
    assert rows[1]["native_id"] == f"in/a.jsonl{suffix}@{data.index(b'cut') - 10}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'["text"]', "not-an-object"),
        (b"12", "not-an-object"),
        (b'{"text": null}', "null-text"),
        (b'{"title": "x"}', "missing-field"),
        (b'{"text": 5}', "wrong-type"),
        (b'{"text": " \\n "}', "empty-text"),
        (b'{"text": "\xff\xfe"}', "bad-encoding"),
        (b'{"text": "\\ud800"}', "bad-encoding"),
        (b'{"messages": [{"role": "user", "content": 3}]}', "wrong-type"),
        (b'{"messages": []}', "empty-text"),
        (b'{"prompt": "x", "answer": null}', "null-text"),
        (b"[" * 100_000, "bad-json"),
    ],
)
def test_each_kind_of_broken_line_has_its_reason_and_spares_its_neighbours(put, tmp_path, line, reason):
    put("a.jsonl", jsonl({"text": GOOD[0]}, line, {"text": GOOD[1]}, {"text": GOOD[2]}))
    assert facts(read_all(tmp_path)) == expected(reason)


def test_a_line_over_the_limit_is_too_long_and_the_next_one_is_read(put, tmp_path):
    put("a.jsonl", jsonl({"text": GOOD[0]}, {"text": "x" * 70_000}, {"text": GOOD[1]}, {"text": GOOD[2]}))
    assert facts(read_all(tmp_path, max_record_mib=0.05)) == expected("too-long")


def test_numbers_that_json_does_not_know_do_not_cost_the_text(put, tmp_path):
    put("a.jsonl", b'{"text": "kept", "score": NaN}\n{"text": "big", "n": 123456789012345678901234567890}\n')
    first, second = read_all(tmp_path)
    assert (first["text"], first["transforms"]) == ("kept", ["json-constants"])
    assert json.loads(first["meta"]) == {"score": None}
    assert second["text"] == "big"


def test_pairs_and_messages_keep_their_turns(put, tmp_path):
    put(
        "a.jsonl",
        jsonl(
            {"id": 7, "prompt": "Why?", "answer": "Because.", "lang": "en"},
            {"messages": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "您好"}]},
            {"messages": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        ),
    )
    pair, chat, share = read_all(tmp_path)
    assert (pair["kind"], pair["native_id"], pair["text"]) == ("pair", "7", "Why?\n\nBecause.")
    assert [turn["role"] for turn in pair["turns"]] == ["user", "assistant"]
    assert pair["meta"] == '{"lang":"en"}'
    assert (chat["kind"], chat["text"], chat["turns"][1]["content"]) == ("messages", "你好\n\n您好", "您好")
    assert [turn["role"] for turn in share["turns"]] == ["human", "gpt"]


@pytest.mark.parametrize("suffix", PACK)
def test_a_json_array_is_read_element_by_element(put, tmp_path, suffix):
    body = json.dumps(
        [{"text": GOOD[0]}, 5, {"text": GOOD[1]}, {"text": GOOD[2]}], ensure_ascii=False, indent=1
    )
    put(f"a.json{suffix}", PACK[suffix](body.encode()))
    assert facts(read_all(tmp_path)) == expected("not-an-object")


def test_a_json_file_of_lines_or_of_one_object_is_read_too(put, tmp_path):
    put("a.json", jsonl({"text": GOOD[0]}, b'{"text": }', {"text": GOOD[1]}, {"text": GOOD[2]}))
    put("b.json", json.dumps({"text": GOOD[0]}, indent=2).encode())
    assert facts(read_all(tmp_path)) == [*expected("bad-json"), (GOOD[0], None)]


def test_a_json_array_that_stops_in_the_middle_keeps_what_came_before(put, tmp_path):
    put("a.json", json.dumps([{"text": "one"}, {"text": "two"}]).encode()[:-8])
    assert facts(read_all(tmp_path)) == [("one", None), (None, "truncated")]


@pytest.mark.parametrize(
    ("suffix", "mark"), [(".csv", ","), (".tsv", "\t"), (".csv.gz", ","), (".csv.zst", ",")]
)
def test_delimited_rows_with_quotes_newlines_and_a_ragged_row(put, tmp_path, suffix, mark):
    quoted = [f'"{text}"' for text in GOOD]
    rows = [["id", "text", "n"], ["a", quoted[0], "1"], ["b", "x", "1", "extra"], ["c", quoted[1], ""],
            ["d", quoted[2], '"say ""hi"""']]  # fmt: skip
    data = "\r\n".join(mark.join(row) for row in rows).encode() + b"\r\n"
    put(f"a{suffix}", PACK[suffix[4:]](data))
    found = read_all(tmp_path)
    assert facts(found) == expected("ragged-row")
    assert [row["native_id"] for row in found] == ["a", f"in/a{suffix}#1", "c", "d"]
    assert json.loads(found[3]["meta"]) == {"n": 'say "hi"'}


def test_a_quote_that_is_never_closed_costs_its_own_row_only(put, tmp_path):
    put("a.csv", b'id,text\na,one\nb,"open\nc,three\nd,5" disk\n')
    assert facts(read_all(tmp_path)) == [
        ("one", None),
        (None, "ragged-row"),
        ("three", None),
        ('5" disk', None),
    ]


def test_a_table_without_a_text_column_says_so_once(put, tmp_path):
    put("a.csv", b"id,body\na,one\n")
    pq.write_table(pa.table({"body": ["x"]}), put("b.parquet", b""))
    assert [row["error"] for row in read_all(tmp_path)] == ["missing-field", "missing-field"]


def test_parquet_rows_with_a_null_text(put, tmp_path):
    table = pa.table(
        {"text": [GOOD[0], None, *GOOD[1:]], "id": [10, 11, 12, 13], "tags": [["x"], [], None, ["y"]]}
    )
    pq.write_table(table, put("a.parquet", b""), row_group_size=2)
    rows = read_all(tmp_path)
    assert facts(rows) == expected("null-text")
    assert [row["native_id"] for row in rows] == ["10", "11", "12", "13"]
    assert json.loads(rows[0]["meta"]) == {"tags": ["x"]}


def test_parquet_and_arrow_read_the_same_pairs(put, tmp_path):
    table = pa.table({"prompt": ["q1", "q2"], "answer": ["a1", "a2"]})
    pq.write_table(table, put("a.parquet", b""))
    with pa.OSFile(str(put("b.arrow", b"")), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    rows = read_all(tmp_path)
    assert [row["text"] for row in rows] == ["q1\n\na1", "q2\n\na2"] * 2
    assert {row["kind"] for row in rows} == {"pair"}


def test_a_data_set_saved_to_disk_is_read_without_its_side_files(tmp_path):
    datasets.Dataset.from_dict({"text": GOOD, "id": ["a", "b", "c"]}).save_to_disk(str(tmp_path / "in"))
    rows = read_all(tmp_path, make_source(format="hf-disk"))
    assert facts(rows) == [(text, None) for text in GOOD]


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_truncated_file_keeps_the_records_before_the_break(put, tmp_path, suffix, cut):
    lines = [{"id": f"n{i}", "text": f"{i} " + str(i * 7919**3 % 10**15) * 30} for i in range(4000)]
    packed = {".zst": zstandard.compress}.get(suffix, PACK[suffix])(jsonl(*lines))
    put(f"a.jsonl{suffix}", packed[: int(len(packed) * cut)])
    rows = read_all(tmp_path)
    assert rows[-1]["error"] == "truncated"
    assert [row["text"] for row in rows[:-1]] == [line["text"] for line in lines[: len(rows) - 1]]


def test_a_damaged_stream_is_told_and_other_files_go_on(put, tmp_path):
    packed = bytearray(gzip.compress(jsonl(*({"text": f"{i}" * 50} for i in range(2000)))))
    packed[len(packed) // 2] ^= 0xFF
    put("a.jsonl.gz", bytes(packed))
    put("b.txt", b"still here")
    rows = read_all(tmp_path)
    assert rows[-1]["text"] == "still here"
    assert any(row["error"] in ("damaged", "truncated") for row in rows)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.tar", ""), ("a.tar.gz", ".gz"), ("a.tgz", ".gz"), ("a.tar.zst", ".zst")]
)
def test_members_of_a_tar_are_documents_with_their_place(put, tmp_path, name, kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        members = [
            ("../../escape.txt", b"one"),
            ("b.jsonl", jsonl({"text": "two"}, 3)),
            ("inner.tar", b"x" * 512),
        ]
        for member, data in members:
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    put(name, PACK[kind](buffer.getvalue()))
    rows = read_all(tmp_path)
    assert facts(rows) == [("one", None), ("two", None), (None, "not-an-object"), (None, "nested-archive")]
    assert rows[0]["file"] == f"in/{name}!../../escape.txt"
    assert not (tmp_path.parent / "escape.txt").exists()


def test_members_of_a_zip_are_documents_and_a_truncated_zip_is_told(put, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("文件.md", "# 标题\n正文")
        archive.writestr("empty.txt", b"")
    put("a.zip", buffer.getvalue())
    put("b.zip", buffer.getvalue()[:-30])
    assert facts(read_all(tmp_path)) == [("# 标题\n正文", None), (None, "empty-text"), (None, "truncated")]


def test_empty_files_of_every_format_have_a_row(put, tmp_path):
    for suffix in ("jsonl", "json", "csv", "txt", "md", "parquet", "html", "warc"):
        put(f"a.{suffix}", b"")
    put("b.jsonl", b"\n \n")
    put("c.jsonl.gz", gzip.compress(b""))
    rows = read_all(tmp_path)
    assert [row["error"] for row in rows] == ["empty-text"] * 10


def test_a_file_of_unknown_format_has_a_row(put, tmp_path):
    put("a.docx", b"PK")
    assert [row["error"] for row in read_all(tmp_path)] == ["unknown-format"]


def test_a_second_record_with_the_same_id_is_told(put, tmp_path):
    put(
        "a.jsonl", jsonl({"id": "x", "text": "one"}, {"id": "x", "text": "two"}, {"id": "y", "text": "three"})
    )
    rows = read_all(tmp_path)
    assert facts(rows) == [("one", None), (None, "duplicate-id"), ("three", None)]


def test_a_documents_own_licence_wins_if_it_is_one(put, tmp_path):
    lines = [{"text": str(n), "license": licence} for n, licence in enumerate(["MIT", "my own", None])]
    put("a.jsonl", jsonl(*lines))
    rows = read_all(tmp_path)
    assert [row["licence"] for row in rows] == ["MIT", "CC0-1.0", "CC0-1.0"]
    assert [row["transforms"] for row in rows] == [[], ["licence-unread"], []]
