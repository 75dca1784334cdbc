"""The ledger names every change, loss, repetition and disorder of its lines."""

from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage import ledger
from lineage.errors import TrustError

BODIES = [
    {"event": "reject", "target": n, "reason": "记录-不符", "received_on": f"2026-11-0{n}"}
    for n in range(1, 6)
]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "ledger" / "ledger.jsonl"
    for body in BODIES:
        ledger.append(file, body)
    return file


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def put(path, rows):
    path.write_bytes(b"".join(rows))


def only_problem(path):
    found = ledger.problems(path)
    with pytest.raises(TrustError):
        ledger.entries(path)
    return found[0].where.rpartition("/")[2], found[0].what


def test_no_ledger_is_an_empty_and_whole_one(tmp_path):
    assert ledger.entries(tmp_path / "none.jsonl") == []
    assert ledger.problems(tmp_path / "none.jsonl") == []


def test_an_entry_hash_is_sha256_of_the_rfc_8785_bytes_without_it(path):
    previous = ledger.GENESIS
    for number, (line, body) in enumerate(zip(lines(path), BODIES, strict=True), 1):
        entry = json.loads(line)
        said = entry.pop("entry_hash")
        assert said == hashlib.sha256(rfc8785.dumps(entry)).hexdigest()
        assert entry == {"schema": ledger.SCHEMA, "seq": number, "prev_hash": previous, **body}
        previous = said
    assert ledger.head(ledger.entries(path)) == (5, previous)


def test_equal_entries_give_equal_bytes(path, tmp_path):
    again = tmp_path / "again" / "ledger.jsonl"
    for body in BODIES:
        ledger.append(again, body)
    assert again.read_bytes() == path.read_bytes()
    assert again.with_name(ledger.HEAD).read_bytes() == path.with_name(ledger.HEAD).read_bytes()


def test_a_changed_line_is_named(path):
    rows = lines(path)
    rows[2] = rows[2].replace(b"2026-11-03", b"2026-11-04")
    put(path, rows)
    assert only_problem(path) == ("ledger.jsonl:3", "entry 3 was changed after it was written")


def test_a_line_forged_with_a_new_hash_breaks_the_next_one(path):
    rows = lines(path)
    entry = json.loads(rows[2]) | {"received_on": "2020-01-01"}
    entry["entry_hash"] = ledger.entry_hash(entry)
    rows[2] = rfc8785.dumps(entry) + b"\n"
    put(path, rows)
    assert only_problem(path) == ("ledger.jsonl:4", "entry 4 does not follow from the one before it")


@pytest.mark.parametrize("gone", [0, 1, 3])
def test_a_dropped_line_is_named(path, gone):
    rows = lines(path)
    del rows[gone]
    put(path, rows)
    assert only_problem(path) == (
        f"ledger.jsonl:{gone + 1}",
        f"entry {gone + 2} stands where entry {gone + 1} belongs",
    )


def test_lines_cut_off_the_end_are_missed(path):
    put(path, lines(path)[:3])
    assert only_problem(path) == ("ledger.jsonl", "has 3 entries, head.json names 5 with another end")
    path.unlink()
    assert "has 0 entries" in only_problem(path)[1]


def test_swapped_lines_are_named(path):
    rows = lines(path)
    rows[1], rows[2] = rows[2], rows[1]
    put(path, rows)
    assert only_problem(path) == ("ledger.jsonl:2", "entry 3 stands where entry 2 belongs")


def test_a_repeated_line_is_named(path):
    rows = lines(path)
    put(path, [*rows[:3], rows[1], *rows[3:]])
    assert only_problem(path) == ("ledger.jsonl:4", "repeats line 2")


def test_a_line_in_other_bytes_of_the_same_value_is_refused(path):
    rows = lines(path)
    rows[0] = json.dumps(json.loads(rows[0])).encode() + b"\n"
    put(path, rows)
    assert only_problem(path) == ("ledger.jsonl:1", "entry 1 was changed after it was written")


def test_a_key_twice_in_a_line_is_refused(path):
    rows = lines(path)
    rows[0] = rows[0].replace(b'{"', b'{"event":"request","', 1)
    put(path, rows)
    assert only_problem(path) == ("ledger.jsonl:1", "not a ledger line")


def test_a_missing_head_file_is_named(path):
    path.with_name(ledger.HEAD).unlink()
    assert only_problem(path)[0] == "head.json"


def test_a_crash_between_ledger_and_head_leaves_a_whole_ledger(path):
    old = path.with_name(ledger.HEAD).read_bytes()
    ledger.append(path, BODIES[0])
    path.with_name(ledger.HEAD).write_bytes(old)
    assert len(ledger.entries(path)) == 6
    ledger.append(path, BODIES[1])
    assert json.loads(path.with_name(ledger.HEAD).read_bytes())["entries"] == 7


def test_nothing_is_appended_to_a_broken_ledger(path):
    put(path, lines(path)[1:])
    before = path.read_bytes()
    with pytest.raises(TrustError):
        ledger.append(path, BODIES[0])
    assert path.read_bytes() == before


def test_a_ledger_must_continue_what_a_release_states(path):
    found = ledger.entries(path)
    stated = {"entries": 3, "head_hash": found[2]["entry_hash"]}
    assert ledger.problems(path, stated) == []
    assert ledger.problems(path, {"entries": 0, "head_hash": ledger.GENESIS}) == []
    for other in ({"entries": 3, "head_hash": found[1]["entry_hash"]}, {"entries": 6, "head_hash": "0" * 64}):
        assert "does not continue" in ledger.problems(path, other)[0].what


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_no_byte_can_change_unseen(path, place, flip):
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[int(place * len(whole))] ^= flip
    path.write_bytes(changed)
    try:
        assert ledger.problems(path)
    finally:
        path.write_bytes(whole)
