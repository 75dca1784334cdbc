"""Published rows: turns keep their structure, and only what was found is replaced."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii import redact_part
from stages.publish.shard import SEPARATOR, place, reassemble, units

TURNS = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


def rows(documents: list[str | list[str]]) -> pl.DataFrame:
    """Build published rows: a string is a plain document, a list the contents of its turns."""
    turns = [
        None
        if isinstance(d, str)
        else [{"role": "user" if i % 2 == 0 else "assistant", "content": c} for i, c in enumerate(d)]
        for d in documents
    ]
    texts = [d if isinstance(d, str) else SEPARATOR.join(d) for d in documents]
    return pl.DataFrame(
        {"row": range(len(documents)), "text": texts, "turns": pl.Series(turns, dtype=TURNS)},
        schema_overrides={"row": pl.UInt32},
    )


def spans(found: list[tuple[int, int, int]]) -> pl.DataFrame:
    schema = {"row": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "type": pl.String}
    return pl.DataFrame([(*f, "CN_MOBILE") for f in found], schema=schema, orient="row")


content = st.text(alphabet="ab 中文\n", max_size=12)
documents = st.lists(st.one_of(content, st.lists(content, min_size=1, max_size=4)), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_untouched_documents_come_out_as_they_went_in(docs) -> None:
    before = rows(docs)
    pieces = units(before)
    after = reassemble(before, pieces, pieces["content"])
    assert after.equals(before)


@settings(max_examples=150, deadline=None)
@given(documents, st.data())
def test_a_span_is_cut_from_its_own_turn_and_no_separator_is_lost(docs, data) -> None:
    before = rows(docs)
    row = data.draw(st.integers(0, len(docs) - 1))
    text = before["text"][row]
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    pieces = units(before)
    placed = place(spans([(row, start, end)]), pieces).filter(pl.col("end") > pl.col("start"))
    by_unit = placed.select(row=pl.col("unit").cast(pl.UInt32), type="type", start="start", end="end")
    treated, _ = redact_part(pieces["content"], by_unit, {"CN_MOBILE": "mask"}, b"k" * 32)
    after = reassemble(before, pieces, treated)
    for i, doc in enumerate(docs):
        if isinstance(doc, list):
            assert len(after["turns"][i]) == len(doc)
            assert after["text"][i] == SEPARATOR.join(t["content"] for t in after["turns"][i].to_list())
        assert len(after["text"][i]) == len(before["text"][i])
        if i != row:
            assert after["text"][i] == before["text"][i]
        else:
            assert after["text"][i][:start] == text[:start]
            assert after["text"][i][end:] == text[end:]


def test_a_number_in_the_second_turn_is_replaced_there() -> None:
    docs = rows([["你好", "我的电话是 13000000000 。"]])
    start = docs["text"][0].index("13000000000")
    pieces = units(docs)
    placed = place(spans([(0, start, start + 11)]), pieces)
    by_unit = placed.select(row=pl.col("unit").cast(pl.UInt32), type="type", start="start", end="end")
    treated, counts = redact_part(pieces["content"], by_unit, {"CN_MOBILE": "redact"}, b"k" * 32)
    after = reassemble(docs, pieces, treated)
    assert [t["content"] for t in after["turns"][0].to_list()] == ["你好", "我的电话是 [手机号] 。"]
    assert counts == {"CN_MOBILE": 1}
