"""Texts that break deduplicators: short, empty, huge, alike, mixed; and repeated runs."""

from __future__ import annotations

import random

import dedup_reference as reference
import polars as pl
import pytest
from dedup_reference import Run
from test_dedup_pairs import variants

from stages.dedup import DedupSettings, sign


def test_short_texts_are_duplicates_of_their_equals_only(tmp_path):
    texts = ["ok", "OK!", "no", "好", "好的", "好。", "yes it is", "a", "b"]
    parts = [reference.documents(texts)]
    ids = parts[0]["doc_id"].to_list()
    pairs = {frozenset((ids.index(a), ids.index(b))) for a, b in Run(tmp_path, parts, DedupSettings()).near()}
    assert pairs == {frozenset((0, 1)), frozenset((3, 5))}


def test_texts_without_shingles_are_never_near_duplicates(tmp_path):
    parts = [reference.documents(["", "!!!", "???", "...", "。", " ", "😀", "😀😀", None, None])]
    run = Run(tmp_path, parts, DedupSettings())
    assert run.pairs.is_empty()
    assert run.edges["kind"].to_list() == ["exact"]  # the empty text and the space


def test_no_part_has_a_signature(tmp_path):
    run = Run(tmp_path, [reference.documents([]), reference.documents([None])], DedupSettings())
    assert run.edges.is_empty() and run.clusters.is_empty()


def test_a_hundred_thousand_equal_texts_give_one_star(tmp_path):
    docs = pl.concat([reference.documents(["the same short text for everyone here"])] * 100_000)
    ids = pl.select(pl.int_range(100_000, dtype=pl.UInt64).reverse().cast(pl.String).str.pad_start(32, "0"))
    docs = docs.with_columns(
        row=pl.int_range(100_000, dtype=pl.UInt32), doc_id=ids.to_series().cast(pl.Binary)
    )
    run = Run(tmp_path, [docs], DedupSettings())
    assert len(run.edges) == 99_999
    assert run.edges["a"].n_unique() == 1
    assert run.pairs.is_empty()


def test_a_licence_header_shared_by_a_hundred_thousand_costs_no_quadratic_work(tmp_path):
    header = " ".join(f"licence{n}" for n in range(60))
    own = [" ".join(f"v{n * 20 + k}" for k in range(20)) for n in range(100_000)]
    docs = reference.documents([f"{header} {words}" for words in own])
    run = Run(tmp_path, [docs], DedupSettings())
    assert run.edges.is_empty()
    assert len(run.pairs) < 17 * len(own)  # no more than one a document and band


def test_a_text_of_one_repeated_character_is_one_shingle_or_one_set(tmp_path):
    texts = ["a" * 10_000_000, "A" * 10_000_000 + "!", "字" * 3_000_000, "字" * 2_000_000, "a " * 3_000_000]
    run = Run(tmp_path, [reference.documents(texts)], DedupSettings())
    counts = pl.read_parquet(run.files[0])["shingles"].to_list()
    assert counts == [1, 1, 2_999_996, 1_999_996, 2_999_996]
    assert len(run.near()) == 2


def test_mixed_and_right_to_left_scripts_find_their_twins(tmp_path):
    base = [
        "הספר הזה נכתב לפני שנים רבות בעיר קטנה ליד הים הגדול והכחול",
        "كتب هذا الكتاب منذ سنوات عديدة في مدينة صغيرة بالقرب من البحر",
        "在2023年5月，Hallmark发布了v1.0版本，并且支持GPU加速与Parquet格式。",
        "หนังสือเล่มนี้เขียนขึ้นเมื่อหลายปีก่อนในเมืองเล็กๆ ริมทะเล",
        "この本は何年も前に海の近くの小さな町で書かれました。",
    ]
    parts = [reference.documents(base, "x"), reference.documents([f"  {t.upper()} !" for t in base], "y")]
    run = Run(tmp_path, parts, DedupSettings())
    expected = {frozenset(pair) for pair in zip(parts[0]["doc_id"], parts[1]["doc_id"], strict=True)}
    assert {frozenset(pair) for pair in run.near()} == expected


def test_texts_with_little_in_common_never_share_a_cluster_through_a_chain(tmp_path):
    words = [f"w{n}" for n in range(400)]
    chain = [" ".join(words[n : n + 100]) for n in range(0, 300, 6)]  # each like the next, ends unlike
    run = Run(tmp_path, [reference.documents(chain)], DedupSettings())
    text_of = dict(reference.documents(chain).select("doc_id", "text").rows())
    for a, b, value in run.edges.select("a", "b", "jaccard").rows():
        assert value >= 0.8
        assert value == round(reference.jaccard(text_of[a], text_of[b]), 4)


@pytest.mark.parametrize("seed", range(4))
def test_deduplicating_the_survivors_removes_nothing(tmp_path, seed):
    texts = variants(seed, 40, (0, 1, 1, 2, 4), length=80) + ["ok", "OK", "ok.", "好的", "好的！"] * 3
    docs = reference.documents(texts)
    order = random.Random(seed).sample(docs["doc_id"].to_list(), len(docs))
    first = Run(tmp_path / "first", [docs], DedupSettings())
    kept = reference.survivors(first, order)
    again = docs.filter(pl.col("doc_id").is_in(kept)).with_columns(
        row=pl.int_range(len(kept), dtype=pl.UInt32)
    )
    assert 40 <= len(kept) < 150 < len(docs)
    assert Run(tmp_path / "again", [again], DedupSettings()).edges.is_empty()


def test_every_cluster_keeps_a_survivor(tmp_path):
    docs = reference.documents(variants(3, 30, (0, 1, 2)))
    run = Run(tmp_path, [docs], DedupSettings())
    kept = set(reference.survivors(run, docs["doc_id"].to_list()))
    for _, members in run.clusters.group_by("cluster"):
        assert kept & set(members["doc_id"])


def test_a_text_signs_the_same_alone_and_among_others():
    texts = variants(8, 20, (2,))
    together = sign(reference.documents(texts), DedupSettings())["signature"].to_list()
    alone = [sign(reference.documents([t]), DedupSettings())["signature"][0] for t in texts]
    assert together == alone
