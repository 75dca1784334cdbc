"""Mistakes that tools of this kind have made on real corpora; each must be impossible here."""

from __future__ import annotations

import random

import dedup_reference as reference
import polars as pl
import pytest
from dedup_reference import Run

from stages.decide.keepers import elect
from stages.dedup import DedupSettings


def candidates(docs: pl.DataFrame, priority: dict[bytes, int] | None = None) -> pl.DataFrame:
    """Return what the election reads, every document kept so far."""
    order = {"order_licence": 0, "order_quality": 0.0, "order_chars": 0}
    return docs.select(
        "doc_id",
        *(pl.lit(v).alias(n) for n, v in order.items()),
        disposition=pl.lit("kept"),
        reason=pl.lit(None, pl.String),
        order_priority=pl.col("doc_id").replace_strict(priority or {}, default=0, return_dtype=pl.Int64),
        order_date=pl.lit("9999"),
    )


def words(seed: int, count: int = 120) -> list[str]:
    return random.Random(seed).choices([f"w{n}" for n in range(4000)], k=count)


def edited(base: list[str], seed: int, count: int) -> str:
    rng, copy = random.Random(seed), list(base)
    for place in rng.sample(range(len(copy)), count):
        copy[place] = f"new{rng.randrange(10**6)}"
    return " ".join(copy)


@pytest.fixture(scope="module")
def families(tmp_path_factory) -> tuple[Run, pl.DataFrame]:
    texts = [edited(words(f), 10 * f + n, n) for f in range(40) for n in (0, 0, 1, 2, 3)]
    docs = reference.documents(texts)
    return Run(tmp_path_factory.mktemp("families"), [docs], DedupSettings(threshold=0.7)), docs


def test_no_cluster_loses_all_its_copies_and_each_removed_one_names_a_kept_keeper(families):
    run, docs = families
    lost = elect(candidates(docs), run.edges)
    kept = set(docs["doc_id"]) - set(lost["doc_id"])
    text_of = dict(docs.select("doc_id", "text").rows())
    for (cluster,), members in run.clusters.group_by("cluster"):
        assert kept & set(members["doc_id"]), cluster.hex()
    assert len(lost) > 100
    for doc, keeper, value in lost.select("doc_id", "keeper", "jaccard").rows():
        assert keeper in kept
        assert value == round(reference.jaccard(text_of[doc], text_of[keeper]), 4) >= 0.7


def test_every_band_that_matches_by_chance_is_checked_before_it_joins_anything(tmp_path):
    pool = words(1, 60)
    texts = [
        " ".join(random.Random(n).choices(pool, k=80)) for n in range(60)
    ]  # alike in words, not in order
    chosen = DedupSettings(threshold=0.7, word_ngram=1, num_perm=64, bands=64, rows=1)
    docs = reference.documents(texts)
    run = Run(tmp_path, [docs], chosen)
    text_of = dict(docs.select("doc_id", "text").rows())
    assert len(run.pairs) > 200
    alike = {(a, b) for a in text_of for b in text_of if a < b and same_words(text_of[a], text_of[b]) >= 0.7}
    assert run.near() <= alike
    linked = {d for pair in alike for d in pair}
    assert set(run.clusters["doc_id"]) <= linked


def same_words(left: str, right: str) -> float:
    a, b = set(left.split()), set(right.split())
    return len(a & b) / len(a | b)


def test_a_chain_of_small_changes_does_not_wipe_out_a_source(tmp_path):
    base, texts = words(3, 200), []
    for step in range(30):  # each like its neighbours, the first and the last unlike
        base = [f"s{step}x{i}" if step * 6 <= i < step * 6 + 6 else w for i, w in enumerate(base)]
        texts.append(" ".join(base))
    docs = reference.documents(texts)
    run = Run(tmp_path, [docs], DedupSettings(threshold=0.9, bands=32, rows=4))
    assert run.clusters["cluster"].n_unique() == 1
    lost = elect(candidates(docs), run.edges)
    kept = [t for d, t in docs.select("doc_id", "text").rows() if d not in set(lost["doc_id"])]
    assert len(kept) >= 10
    assert all(v >= 0.9 for v in lost["jaccard"])


def test_unrelated_books_of_one_language_stay_whole(tmp_path):
    common = ["the", "of", "and", "to", "in", "a", "is", "that", "it", "was"]
    texts = [
        " ".join(w for word in words(s, 2000) for w in (random.Random(word).choice(common), word))
        for s in range(30)
    ]
    run = Run(tmp_path, [reference.documents(texts)], DedupSettings())
    assert run.edges.is_empty()


def test_the_copy_of_the_preferred_source_stays_wherever_it_stands(tmp_path):
    text = " ".join(words(4))
    first, second = (
        reference.documents([text], "first"),
        reference.documents([edited(words(4), 1, 2)], "second"),
    )
    for parts in ([first, second], [second, first]):
        run = Run(tmp_path / str(id(parts)), parts, DedupSettings())
        both = pl.concat(parts)
        for winner in both["doc_id"]:
            lost = elect(candidates(both, {winner: 9}), run.edges)
            assert lost["keeper"].to_list() == [winner]


def test_no_place_in_a_file_is_taken_for_a_marker(tmp_path):
    texts = [" ".join(words(n)) for n in range(20)]
    parts = [reference.documents(texts, "a"), reference.documents([f"{t} end" for t in texts], "b")]
    run = Run(tmp_path, parts, DedupSettings())
    pairs = {tuple(sorted(p)) for p in zip(parts[0]["doc_id"], parts[1]["doc_id"], strict=True)}
    assert run.near() == pairs


@pytest.mark.parametrize(
    "alphabet",
    ["ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "אבגדהוזחטיכלמנסעפצקרשת", "한국어문장처리글자말", "अआइईउऊकखगघङचछजझ"],
)
def test_texts_of_another_script_are_not_all_one_duplicate(tmp_path, alphabet):
    rng = random.Random(5)
    texts = [" ".join("".join(rng.choices(alphabet, k=5)) for _ in range(60)) for _ in range(25)]
    run = Run(tmp_path, [reference.documents([*texts, texts[0] + " " + alphabet])], DedupSettings())
    assert len(run.near()) == 1


def test_texts_shorter_than_a_shingle_are_neither_dropped_nor_merged(tmp_path):
    texts = ["one", "two", "one two", "two one", "好", "你好", "好你", "", "..."]
    docs = reference.documents(texts)
    run = Run(tmp_path, [docs], DedupSettings())
    assert len(elect(candidates(docs), run.edges)) == 0


def test_the_same_settings_remove_the_same_documents_cut_into_any_parts(families, tmp_path):
    run, docs = families
    cuts = [docs[:70], docs[70:71], docs[71:]]
    parts = [c.with_columns(row=pl.int_range(len(c), dtype=pl.UInt32)) for c in cuts]
    other = Run(tmp_path, parts, DedupSettings(threshold=0.7), partitions=5)
    assert elect(candidates(docs), other.edges).equals(elect(candidates(docs), run.edges))
