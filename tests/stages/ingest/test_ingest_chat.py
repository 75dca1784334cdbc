"""A chat is one document: its text is all its turns, so whatever looks at the text sees every turn, and roles stay."""

from __future__ import annotations

import json
from unicodedata import normalize

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_helpers import make_source, read_all

from stages.ingest.files import list_files
from stages.ingest.plan import plan_parts
from stages.ingest.read import read_part
from stages.ingest.settings import IngestSettings
from stages.publish.shard import SEPARATOR, reassemble, units

TURN = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "tool"]),
        "content": st.text(st.sampled_from("ab 河边。\né\u0301"), min_size=1, max_size=12),
    }
)


def lines(*records: dict) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(TURN, min_size=1, max_size=6))
def test_every_turn_stands_in_the_text_with_its_role_and_comes_out_as_it_went_in(put, tmp_path, turns):
    put("a.jsonl", lines({"id": "chat", "messages": turns}))
    source, chosen = make_source(), IngestSettings()
    (part,) = plan_parts(source, list_files(source, tmp_path), chosen)
    rows = pl.DataFrame(pl.from_arrow(read_part(source, part, tmp_path, chosen)))
    if not "".join(turn["content"] for turn in turns).strip():
        assert rows["error"].to_list() == ["empty-text"]
        return
    wanted = [turn | {"content": normalize("NFC", turn["content"])} for turn in turns]
    assert rows["kind"].to_list() == ["messages"] and rows["turns"][0].to_list() == wanted
    assert rows["text"][0] == SEPARATOR.join(turn["content"] for turn in wanted)
    pieces = units(rows)
    assert pieces["role"].to_list() == [turn["role"] for turn in turns]
    for offset, content in pieces.select("offset", "content").rows():
        assert rows["text"][0][offset : offset + len(content)] == content
    assert (
        reassemble(rows, pieces, pieces["content"])
        .select("text", "turns")
        .equals(rows.select("text", "turns"))
    )


def test_pairs_are_read_alike_from_lines_tables_and_arrays(put, tmp_path):
    records = [{"prompt": f"Why {i}?", "answer": f"Because {i}."} for i in range(3)]
    put("a.jsonl", lines(*records))
    put("b.json", json.dumps(records).encode())
    table = "prompt,answer\n" + "".join(f"Why {i}?,Because {i}.\n" for i in range(3))
    put("c.csv", table.encode())
    pl.DataFrame(records).write_parquet(put("d.parquet", b""))
    rows = read_all(tmp_path)
    assert [row["text"] for row in rows] == [f"Why {i}?\n\nBecause {i}." for i in range(3)] * 4
    assert {row["kind"] for row in rows} == {"pair"}
    assert {tuple(turn["role"] for turn in row["turns"]) for row in rows} == {("user", "assistant")}


def test_a_chat_with_one_broken_turn_is_one_counted_row(put, tmp_path):
    good = [{"role": "user", "content": "Hi"}]
    put(
        "a.jsonl",
        lines(
            {"messages": [*good, {"role": "assistant", "content": None}]},
            {"messages": [*good, {"content": "no role"}]},
            {"messages": [*good, "turn"]},
            {"messages": good},
        ),
    )
    rows = read_all(tmp_path)
    assert [row["error"] for row in rows] == ["wrong-type", "wrong-type", "wrong-type", None]
    assert [row["turns"] is None for row in rows] == [True, True, True, False]
