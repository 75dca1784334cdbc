"""The exact group: conservative normalisation, one representative."""

from __future__ import annotations

import dedup_reference as reference
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from test_dedup_kernel import TEXTS

from stages.dedup import DedupSettings, exact, sign

SPACED = st.lists(
    st.one_of(TEXTS, st.text(" \t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000"))
)


@given(st.lists(SPACED.map("".join), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_the_digest_is_of_the_text_in_nfc_with_white_space_folded(texts):
    signed = sign(reference.documents(texts), DedupSettings(num_perm=16))
    assert signed["exact"].to_list() == [reference.exact(t) for t in texts]


def test_case_punctuation_and_width_are_not_folded():
    texts = ["A b", "a b", "a b.", "ａ b", "a  b", " a b\t", "a\nb", "a \r\n b"]
    groups = sign(reference.documents(texts), DedupSettings())["exact"].to_list()
    assert len(set(groups)) == 5
    assert groups[1] == groups[4] == groups[5]
    assert groups[6] == groups[7]


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_repetition_points_to_the_smallest_id_of_its_text(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("parts")
    tables = [reference.documents(p, f"s{n}") for n, p in enumerate(parts)]
    files = [folder / f"{n}.parquet" for n in range(len(tables))]
    for table, file in zip(tables, files, strict=True):
        sign(table, DedupSettings(num_perm=16)).write_parquet(file)
    members = exact(files, DedupSettings(num_perm=16))
    everything = pl.concat(tables).with_row_index("document")
    smallest = everything.with_columns(pl.col("doc_id").min().over("text").alias("a"))
    expected = smallest.filter(pl.col("doc_id") != pl.col("a")).select(
        pl.col("document").cast(pl.Int64), "a", pl.col("doc_id").alias("b")
    )
    assert members.equals(expected)
