"""A doc_id belongs to one document of the whole project; repeats are counted rows."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_helpers import make_source

from stages.ingest.files import InputFile, list_files
from stages.ingest.plan import Part, part_name, plan_parts
from stages.ingest.read import read_part
from stages.ingest.same_ids import mark_repeats, taken_before
from stages.ingest.settings import IngestSettings
from stages.ingest.source import licence_problem


def tables(put, tmp_path, *files: list[str]):
    for at, ids in enumerate(files):
        lines = (json.dumps({"id": name, "text": f"{at} {row}"}) for row, name in enumerate(ids))
        put(f"{at}.jsonl", "\n".join(lines).encode() + b"\n")
    source, settings = make_source(), IngestSettings()
    for file in list_files(source, tmp_path):
        part = Part(source.id, part_name(file.path, 0), ((file.path, 0, file.size),))
        yield read_part(source, part, tmp_path, settings)


def test_an_id_in_two_parts_stays_with_the_first_and_is_counted_in_the_second(put, tmp_path):
    found = list(tables(put, tmp_path, ["a", "b"], ["c"], ["b", "d", "a"]))
    taken = taken_before([lambda t=t: pl.Series(t["doc_id"]) for t in found])
    assert [len(ids) for ids in taken] == [0, 0, 2]
    marked = [mark_repeats("shelf", t, ids).to_pylist() for t, ids in zip(found, taken, strict=True)]
    assert [[row["error"] for row in part] for part in marked] == [
        [None, None],
        [None],
        ["duplicate-id", None, "duplicate-id"],
    ]
    assert marked[2][0]["native_id"] == "b!in/2.jsonl#0@0" and marked[2][0]["text"] is None
    every = [row["doc_id"] for part in marked for row in part]
    assert len(set(every)) == len(every) == 6


def test_marking_changes_no_other_row_and_no_type(put, tmp_path):
    (table,) = tables(put, tmp_path, ["a", "b", "c"])
    marked = mark_repeats("shelf", table, pl.Series([table["doc_id"][1].as_py()]))
    assert marked.schema == table.schema
    assert marked.slice(0, 1).equals(table.slice(0, 1)) and marked.slice(2).equals(table.slice(2))


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdef")), max_size=5))
def test_taken_before_names_exactly_the_ids_of_earlier_parts(names):
    digest = {name: name.encode() * 32 for name in "abcdef"} | {"b": b"a" * 31 + b"b"}  # same first bytes
    columns = [pl.Series([digest[n] for n in part], dtype=pl.Binary) for part in names]
    found = taken_before([lambda c=c: c for c in columns])
    for at, part in enumerate(names):
        earlier = {name for before in names[:at] for name in before}
        assert set(found[at].to_list()) == {digest[name] for name in set(part) & earlier}


def test_part_names_that_meet_by_chance_become_longer_and_others_stay(monkeypatch):
    files = [InputFile(f"in/{name}.jsonl", 9 << 20, 0) for name in "abc"]
    settings = IngestSettings(part_mib=4)
    usual = {part.slices[0][0]: part.part for part in plan_parts(make_source(), files, settings)}
    digests = {"in/a.jsonl": "0" * 64, "in/b.jsonl": "0" * 8 + "1" * 56, "in/c.jsonl": "2" * 64}
    monkeypatch.setattr("stages.ingest.plan._digest", digests.__getitem__)
    parts = plan_parts(make_source(), files, settings)
    assert len({part.part for part in parts}) == len(parts) == 9
    assert {part.part for part in parts if part.slices[0][0] == "in/c.jsonl"} == {
        f"22222222-{at:04d}" for at in range(3)
    }
    assert all(len(name) == 13 for name in usual.values())


@pytest.mark.parametrize(
    "expression", ["LicenseRef-House", "MIT AND LicenseRef-a.b-1", "DocumentRef-x:LicenseRef-y OR CC0-1.0"]
)
def test_any_licence_reference_of_ones_own_is_valid_spdx(expression):
    assert licence_problem(expression) is None


@pytest.mark.parametrize("expression", ["LicenseRef-", "MyLicense", "LicenseRef-a AND", "x-LicenseRef-a"])
def test_what_only_looks_like_a_reference_is_not(expression):
    assert licence_problem(expression)
