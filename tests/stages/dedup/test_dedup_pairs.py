"""Candidates, verification, edges and clusters: complete, exact, and the same in any order and partition."""

from __future__ import annotations

import random

import dedup_reference as reference
import numpy as np
import polars as pl
import pytest
from dedup_reference import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stages.dedup import DedupSettings, annotate, batches, clusters, merge, named, sign, verify
from stages.dedup.parameters import bands_rows


def variants(seed: int, originals: int, edits: tuple[int, ...], length: int = 120) -> list[str]:
    """Return texts of random words, each followed by copies with so many words replaced."""
    rng = random.Random(seed)
    words = [f"w{n}" for n in range(5000)]
    texts = []
    for _ in range(originals):
        base = rng.choices(words, k=length)
        for n in (0, *edits):
            copy = list(base)
            for place in rng.sample(range(length), n):
                copy[place] = rng.choice(words)
            texts.append(" ".join(copy))
    return texts


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    return variants(5, 60, (1, 2, 3, 5))


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory) -> Run:
    half = len(corpus) // 2
    parts = [reference.documents(corpus[:half], "x"), reference.documents(corpus[half:], "y")]
    return Run(tmp_path_factory.mktemp("run"), parts, DedupSettings(threshold=0.7))


def test_every_pair_over_the_threshold_is_found_with_its_exact_jaccard(corpus, run):
    half = len(corpus) // 2
    ids = [
        *reference.documents(corpus[:half], "x")["doc_id"],
        *reference.documents(corpus[half:], "y")["doc_id"],
    ]
    true = {}
    for n, left in enumerate(corpus):
        for m in range(n + 1, min(n + 5, len(corpus))):
            value = reference.jaccard(left, corpus[m])
            if round(value, 4) >= 0.7:
                true[min(ids[n], ids[m]), max(ids[n], ids[m])] = round(value, 4)
    found = {(a, b): j for a, b, j in run.edges.select("a", "b", "jaccard").rows()}
    assert len(true) > 300
    assert set(found) <= set(true)
    assert len(found) >= 0.99 * len(true)
    assert all(true[pair] == value for pair, value in found.items())


def test_a_near_edge_counts_the_bands_in_which_its_signatures_are_equal(run):
    chosen = DedupSettings(threshold=0.7)
    edges = merge(run.members, run.verified, chosen, named(run.pairs, run.files))
    signed = pl.concat([pl.read_parquet(f, columns=["doc_id", "signature"]) for f in run.files])
    values = {d: np.frombuffer(s, np.uint32).tolist() for d, s in signed.drop_nulls().rows()}
    bands, rows = bands_rows(chosen)

    def equal(a, b):
        one, other = values[a], values[b]
        return sum(one[n * rows : (n + 1) * rows] == other[n * rows : (n + 1) * rows] for n in range(bands))

    near = edges.filter(pl.col("kind") == "near")
    assert [equal(a, b) for a, b in near.select("a", "b").rows()] == near["bands"].to_list()
    assert near["bands"].n_unique() > 3


def test_pairs_do_not_depend_on_partitions_or_batches(corpus, run, tmp_path):
    half = len(corpus) // 2
    parts = [reference.documents(corpus[:half], "x"), reference.documents(corpus[half:], "y")]
    other = Run(tmp_path, parts, DedupSettings(threshold=0.7, batch_shingles=1000), partitions=41)
    assert len(batches(other.pairs, DedupSettings(batch_shingles=1000))) > 50
    assert other.pairs.equals(run.pairs)
    assert other.edges.equals(run.edges)


def test_edges_do_not_depend_on_the_order_of_files_or_rows(corpus, run, tmp_path):
    half = len(corpus) // 2
    parts = [reference.documents(corpus[:half], "x"), reference.documents(corpus[half:], "y")]
    shuffled = [
        p.sample(fraction=1, shuffle=True, seed=3).with_columns(row=pl.int_range(len(p))) for p in parts
    ]
    other = Run(tmp_path, [shuffled[1], shuffled[0]], DedupSettings(threshold=0.7))
    assert other.edges.equals(run.edges)
    assert other.clusters.equals(run.clusters)


def test_signatures_kept_on_disk_give_the_same_pairs(corpus, run, tmp_path, monkeypatch):
    monkeypatch.setattr("stages.dedup.store.RESIDENT_BYTES", 0)
    half = len(corpus) // 2
    parts = [reference.documents(corpus[:half], "x"), reference.documents(corpus[half:], "y")]
    assert Run(tmp_path, parts, DedupSettings(threshold=0.7)).pairs.equals(run.pairs)


def test_pairs_found_in_small_steps_are_the_same(corpus, run, tmp_path, monkeypatch):
    monkeypatch.setattr("stages.dedup.banding._CHUNK", 3)
    half = len(corpus) // 2
    parts = [reference.documents(corpus[:half], "x"), reference.documents(corpus[half:], "y")]
    assert Run(tmp_path, parts, DedupSettings(threshold=0.7)).pairs.equals(run.pairs)


@pytest.mark.parametrize("held", [1, 30, 4_000_000])
def test_very_large_texts_are_compared_range_by_range_with_the_same_result(
    corpus, run, tmp_path, monkeypatch, held
):
    monkeypatch.setattr("stages.dedup.verification._LARGE", 0)
    monkeypatch.setattr("stages.dedup.giants._HELD", held)
    half = len(corpus) // 2
    parts = [reference.documents(corpus[:half], "x"), reference.documents(corpus[half:], "y")]
    assert Run(tmp_path, parts, DedupSettings(threshold=0.7)).edges.equals(run.edges)


def test_a_hot_bucket_becomes_a_star_around_its_smallest_id(tmp_path):
    texts = [" ".join(f"w{k}" for k in range(100)) + f" tail{n}" for n in range(40)]
    parts = [reference.documents(texts)]
    whole = Run(tmp_path / "a", parts, DedupSettings())
    star = Run(tmp_path / "b", parts, DedupSettings(hot_band_size=8))
    assert len(whole.near()) == 40 * 39 // 2
    centre = parts[0]["doc_id"].min()
    assert {(a, b) for a, b in star.near() if a == centre} == {
        (centre, i) for i in parts[0]["doc_id"] if i != centre
    }
    assert len(star.near()) < 200
    assert star.clusters["cluster"].n_unique() == 1


def test_only_equal_shingle_sets_have_a_jaccard_of_one(tmp_path):
    long = " ".join(f"w{n}" for n in range(40_000))
    parts = [reference.documents([long, long + " more", long.upper() + "!", "short one", "Short, one."])]
    edges = Run(tmp_path, parts, DedupSettings()).edges
    ids = parts[0]["doc_id"].to_list()
    found = {
        frozenset((ids.index(a), ids.index(b))): j for a, b, j in edges.select("a", "b", "jaccard").rows()
    }
    assert found == {
        frozenset((0, 1)): 0.9999,
        frozenset((1, 2)): 0.9999,
        frozenset((0, 2)): 1.0,
        frozenset((3, 4)): 1.0,
    }


@given(st.lists(st.text("ab \n字", max_size=30), min_size=2, max_size=6))
@settings(max_examples=80, deadline=None)
def test_verified_jaccard_equals_that_of_python_sets(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("texts")
    docs = reference.documents(texts).sort("doc_id")
    docs = docs.with_columns(row=pl.int_range(len(docs), dtype=pl.UInt32))
    docs.write_parquet(folder / "t.parquet", row_group_size=2)
    rows = [(0, n, 0, m, 0.0, 0) for n in range(len(texts)) for m in range(n + 1, len(texts))]
    kinds = {"file_a": pl.UInt32, "row_a": pl.UInt32, "file_b": pl.UInt32, "row_b": pl.UInt32}
    pairs = pl.DataFrame(rows, orient="row", schema=kinds | {"estimate": pl.Float64, "shingles": pl.UInt64})
    verified = verify(pairs, [folder / "t.parquet"], DedupSettings())
    text_of = dict(docs.select("doc_id", "text").rows())
    assert len(verified) == len(rows)
    for a, b, value in verified.select("a", "b", "jaccard").rows():
        assert value == min(round(reference.jaccard(text_of[a], text_of[b]), 4), 1.0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda e: e[0] < e[1]), unique=True))
@settings(max_examples=150, deadline=None)
def test_clusters_are_the_connected_components_and_degrees_count_edges(pairs):
    ids = [bytes([n]) * 32 for n in range(31)]
    rows = [(ids[a], ids[b], 0.9, "near") for a, b in pairs]
    edges = pl.DataFrame(
        rows, orient="row", schema={"a": pl.Binary, "b": pl.Binary, "j": pl.Float64, "k": pl.String}
    )
    found = clusters(edges)
    left, right = ([p[s] for p in pairs] for s in (0, 1))
    _, labels = connected_components(
        coo_array(([1] * len(pairs), (left, right)), shape=(31, 31)), directed=False
    )
    linked = sorted({n for pair in pairs for n in pair})
    expected = [min(n for n in linked if labels[n] == labels[node]) for node in linked]
    assert found["doc_id"].to_list() == [ids[n] for n in linked]
    assert found["cluster"].to_list() == [ids[n] for n in expected]
    assert found["degree"].to_list() == [left.count(n) + right.count(n) for n in linked]


def test_the_annotation_has_every_row_of_the_part_in_order(corpus, run):
    docs = reference.documents(corpus[:50], "x")
    others = reference.documents([None, "on its own"], "z").with_columns(pl.col("row") + 50)
    docs = pl.concat([docs, others])
    table = annotate(sign(docs, DedupSettings(threshold=0.7)), run.clusters)
    assert table["doc_id"].to_list() == docs["doc_id"].to_list()
    assert table["row"].to_list() == list(range(52))
    linked = dict(run.clusters.select("doc_id", "degree").rows())
    assert table["degree"].to_list() == [linked.get(i, 0) for i in docs["doc_id"]]
    assert table["degree"].max() == 3
    assert table.row(50)[2:] == (None, 0, None, 0)
    assert table.row(51)[3:] == (1, None, 0)
