"""Human verdicts: which one is in force, and clear words for lines that are not sound."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.errors import InputError
from stages.decide.reviews import SCHEMA, in_force, load_reviews, parse_entry, read_reviews, role_conflicts

DOC, TEXT = "0a" * 32, "0b" * 32


def entry(verdict: str = "pass", who: str = "r1", role: str = "annotator", **more) -> dict:
    return {
        "doc_id": DOC,
        "text_sha256": TEXT,
        "verdict": verdict,
        "reviewer": who,
        "role": role,
        "draw": "audit",
    } | more


def table(entries: list[dict]) -> pl.DataFrame:
    rows = [("f.jsonl", n, *parse_entry(e, "")) for n, e in enumerate(entries, 1)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def verdict_of(entries: list[dict]) -> str | None:
    found = in_force(table(entries))
    return found["verdict"][0] if found.height else None


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([entry("pass"), entry("remove")], "remove"),
        ([entry("remove"), entry("pass")], "pass"),
        ([entry("pass"), entry("unsure")], None),
        ([entry("remove"), entry("undo")], None),
        ([entry("pass"), entry("skip")], None),
        ([entry("pass"), entry("remove", "r2", "reviewer")], "remove"),
        ([entry("pass"), entry("pass", "r2", "reviewer")], "pass"),
        ([entry("pass"), entry("unsure", "r2", "reviewer")], None),
        ([entry("pass"), entry("remove", "r2", "reviewer"), entry("pass", "r3", "adjudicator")], "pass"),
        ([entry("pass"), entry("remove", "r2", "reviewer"), entry("pass", "r2", "adjudicator")], "remove"),
        ([entry("remove"), entry("pass", "r1", "reviewer")], "remove"),
        ([entry("pass", draw="audit"), entry("remove", draw="probe")], "remove"),
    ],
    ids=[
        "the last line of a person counts", "also the other way round", "not sure takes a pass back",
        "undo takes a removal back", "skip takes a pass back", "the strictest of two readers counts",
        "two passes pass", "a pass needs that nobody doubts", "an adjudicator decides",
        "nobody adjudicates the own reading", "nobody reads twice", "draws add up",
    ],
)  # fmt: skip
def test_the_verdict_in_force(entries: list[dict], expected: str | None) -> None:
    assert verdict_of(entries) == expected


def test_each_text_of_a_document_has_its_own_verdict() -> None:
    found = in_force(table([entry("pass", text_sha256="0c" * 32), entry("remove")]))
    assert dict(found.select("text_sha256", "verdict").rows()) == {
        b"\x0c" * 32: "pass",
        b"\x0b" * 32: "remove",
    }


def test_the_person_whose_verdict_stands_is_named() -> None:
    found = in_force(table([entry("pass"), entry("remove", "r2", "reviewer")]))
    assert found.rows() == [(bytes.fromhex(DOC), bytes.fromhex(TEXT), "remove", "r2")]


def test_a_second_role_of_one_person_is_counted_as_a_conflict_and_nothing_else() -> None:
    lines = table([entry("pass"), entry("remove", "r1", "reviewer"), entry("pass", "r2", "reviewer")])
    assert role_conflicts(lines).select("reviewer", "role").rows() == [("r1", "reviewer")]
    assert verdict_of([entry("pass"), entry("remove", "r1", "reviewer")]) == "pass"


def model(entries: list[dict]) -> str | None:
    """Say the same by plain loops: last line per person, draw and role; first role only; strictest; adjudicator."""
    last: dict[tuple, dict] = {}
    first: dict[tuple, dict[str, int]] = {}
    for n, e in enumerate(entries):
        last[e["reviewer"], e["draw"], e["role"]] = e
        first.setdefault((e["reviewer"], e["draw"]), {}).setdefault(e["role"], n)
    alive = {k: e for k, e in last.items() if e["verdict"] != "undo"}
    valid = []
    for (who, draw, role), e in alive.items():
        roles = [r for r in first[who, draw] if (who, draw, r) in alive]
        if min(roles, key=lambda r: first[who, draw][r]) == role:
            valid.append(e)
    ruled = [e for e in valid if e["role"] == "adjudicator" and e["verdict"] in ("pass", "remove")]
    if ruled:
        return max(ruled, key=lambda e: max(i for i, x in enumerate(entries) if x is e))["verdict"]
    read = [e["verdict"] for e in valid if e["role"] != "adjudicator" and e["verdict"] != "skip"]
    if "remove" in read:
        return "remove"
    return "pass" if read and set(read) == {"pass"} else None


@given(
    st.lists(
        st.builds(
            entry,
            st.sampled_from(["pass", "remove", "unsure", "skip", "undo"]),
            st.sampled_from(["r1", "r2", "r3"]),
            st.sampled_from(["annotator", "reviewer", "adjudicator"]),
            draw=st.sampled_from(["audit", "probe"]),
        ),
        min_size=1,
        max_size=9,
    )
)
@settings(deadline=None)
def test_the_verdict_in_force_is_what_plain_loops_say(entries: list[dict]) -> None:
    assert verdict_of(entries) == model(entries)


def test_a_line_of_four_fields_is_enough(tmp_path: Path) -> None:
    four = {k: entry()[k] for k in ("doc_id", "text_sha256", "verdict", "reviewer")}
    (tmp_path / "r1.jsonl").write_text(json.dumps(four) + "\n\n")
    assert load_reviews(tmp_path)["verdict"].to_list() == ["pass"]


def test_no_folder_is_no_verdicts(tmp_path: Path) -> None:
    assert load_reviews(tmp_path / "reviews").rows() == []


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (b'{"doc_id": "0a', "torn"),
        (b"[1, 2]", "JSON object"),
        (json.dumps(entry(doc_id="0A" * 32)).encode(), "doc_id"),
        (json.dumps(entry(text_sha256="0b")).encode(), "text_sha256"),
        (json.dumps(entry("good")).encode(), "verdict"),
        (json.dumps(entry(who="  ")).encode(), "reviewer"),
        (json.dumps(entry(role="boss")).encode(), "role"),
        (json.dumps(entry(seconds=-1)).encode(), "seconds"),
        (json.dumps(entry(seconds=True)).encode(), "seconds"),
        (json.dumps(entry(code=5)).encode(), "code"),
        (json.dumps(entry(text="a secret of somebody")).encode(), "field"),
        (json.dumps(entry(rulebook="x" * 201)).encode(), "rulebook"),
    ],
)
def test_an_unsound_line_is_an_error_with_file_line_and_field_that_quotes_nothing(
    tmp_path: Path, bad: bytes, word: str
) -> None:
    (tmp_path / "r1.jsonl").write_bytes(json.dumps(entry()).encode() + b"\n" + bad + b"\n")
    with pytest.raises(InputError) as e:
        read_reviews(tmp_path)
    assert e.value.where.endswith("r1.jsonl:2")
    assert word in e.value.what
    assert e.value.cure
    assert "secret" not in str(e.value)
    assert "xxx" not in str(e.value)


def test_bytes_that_are_no_text_are_named_by_position(tmp_path: Path) -> None:
    (tmp_path / "r1.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="byte 0"):
        read_reviews(tmp_path)
