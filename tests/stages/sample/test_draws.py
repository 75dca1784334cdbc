"""Draws: seeded, independent of order, and stable when the corpus changes."""

from __future__ import annotations

import hashlib

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.sample import allocate, bottom, draw, frame_digest, keyed, strata, stratified
from stages.sample.settings import SampleSettings


def frame(n: int, start: int = 0, disposition: str = "kept", source: str = "s") -> pl.DataFrame:
    ids = [hashlib.sha256(f"{source}{i}".encode()).digest() for i in range(start, start + n)]
    return pl.DataFrame(
        {
            "doc_id": ids, "source": source, "part": "p", "row": range(n), "text_sha256": ids,
            "disposition": disposition,
        },
        schema_overrides={"row": pl.UInt32},
    )  # fmt: skip


def ids(table: pl.DataFrame) -> set[bytes]:
    return set(table["doc_id"])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 2**32), st.randoms())
def test_a_draw_does_not_depend_on_the_order_of_its_frame(n: int, k: int, seed: int, random) -> None:
    table = frame(n)
    order = list(range(n))
    random.shuffle(order)
    once, again = bottom(table, "audit", "*", k, seed), bottom(table[order], "audit", "*", k, seed)
    assert once["doc_id"].to_list() == again["doc_id"].to_list()
    assert once.height == min(n, k)


def test_one_document_more_changes_at_most_one_draw() -> None:
    before = ids(bottom(frame(2000), "audit", "*", 100, 7))
    for extra in range(2000, 2020):
        table = pl.concat([frame(2000), frame(1, extra)])
        assert len(before - ids(bottom(table, "audit", "*", 100, 7))) <= 1


def test_another_seed_or_draw_is_another_sample() -> None:
    table = frame(5000)
    first = ids(bottom(table, "audit", "*", 500, 1))
    for other in (bottom(table, "audit", "*", 500, 2), bottom(table, "probe", "*", 500, 1)):
        assert len(first & ids(other)) < 120  # 50 expected by chance


def test_keys_are_uniform() -> None:
    keys = keyed(frame(20_000)["doc_id"], 3, "audit") >> 60
    counts = [int((keys == i).sum()) for i in range(16)]
    assert min(counts) > 1100
    assert max(counts) < 1400


def test_each_draw_comes_from_its_own_frame() -> None:
    table = pl.concat(
        [
            frame(50, source="a"),
            frame(30, source="b", disposition="quarantined"),
            frame(20, source="c", disposition="unreadable"),
            frame(10, source="d", disposition="removed"),
        ]
    )
    draws = draw(table, SampleSettings(probe=5, audit=100, quarantine=7))
    by = {d: draws.filter(pl.col("draw") == d) for d in ("probe", "audit", "quarantine")}
    assert dict(by["probe"]["stratum"].value_counts().rows()) == {"a": 5, "b": 5, "d": 5}
    assert set(by["audit"]["source"]) == {"a"}
    assert by["audit"].height == 50
    assert set(by["quarantine"]["source"]) == {"b"}
    assert by["quarantine"].height == 7


def test_the_frame_digest_names_the_set_of_documents() -> None:
    assert frame_digest(frame(10)) == frame_digest(frame(10).reverse())
    assert frame_digest(frame(10)) != frame_digest(frame(11))


def test_an_empty_corpus_has_no_draws() -> None:
    assert draw(frame(0), SampleSettings()).height == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 10**12), max_size=40), st.integers(0, 10**5))
def test_an_allocation_spends_the_sample_and_overdraws_no_stratum(sizes: list[int], n: int) -> None:
    shares, total = allocate(sizes, n), sum(sizes)
    assert sum(shares) == min(n, total)
    assert all(0 <= k <= size for k, size in zip(shares, sizes, strict=True))
    n, filled = min(n, total), sum(size > 0 for size in sizes)
    if n >= filled:
        assert all(k >= 1 for k, size in zip(shares, sizes, strict=True) if size)
    lifted = sum(0 < size * n < total for size in sizes)  # strata whose fair share is below one document
    for k, size in zip(shares, sizes, strict=True):
        assert k <= 1 or k * total < size * n + total
        assert not total or k * total > size * n - total * (1 + lifted)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(1, 80), st.randoms())
def test_a_stratified_draw_is_the_allocation_in_any_order_of_rows(sizes: list[int], n: int, random) -> None:
    table = pl.concat([frame(size, source=f"s{i}") for i, size in enumerate(sizes)])
    order = list(range(table.height))
    random.shuffle(order)
    once, again = (stratified(t, "audit", n, 3) for t in (table, table[order]))
    assert once.equals(again)
    assert [s["drawn"] for s in strata(table, once)] == allocate(sizes, n)
    assert once["rank"].to_list() == list(range(min(n, sum(sizes))))
    assert once["doc_id"].is_unique().all()


def test_the_audit_reads_every_source_in_proportion_and_mixed() -> None:
    table = pl.concat([frame(3000, source="large"), frame(990, source="middle"), frame(10, source="small")])
    audit = draw(table, SampleSettings(audit=100)).filter(pl.col("draw") == "audit")
    assert dict(audit["stratum"].value_counts().rows()) == {"large": 75, "middle": 24, "small": 1}
    half = audit.sort("rank").head(50)["source"].value_counts()
    assert 28 <= dict(half.rows())["large"] <= 48
    others = draw(table, SampleSettings(audit=100, seed=5)).filter(pl.col("draw") == "audit")
    assert len(ids(audit) & ids(others)) < 20
    plain = ids(bottom(table, "audit", "*", 100, SampleSettings().seed))
    assert len(ids(audit) & plain) > 85  # readings made before stratification keep their items


def test_a_draw_smaller_than_its_sources_takes_the_largest() -> None:
    assert allocate([5, 1, 9], 2) == [1, 0, 1]
    assert allocate([1] * 4, 3) == [1, 1, 1, 0]
    assert allocate([10**6, 1, 0, 1], 3) == [1, 1, 0, 1]
