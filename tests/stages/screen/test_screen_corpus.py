"""Promises of stages/screen/corpus.py: what many documents show and one does not."""

import hashlib
import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.screen import corpus
from stages.screen.matcher import FINDING

WORDS = [
    "river",
    "stone",
    "letter",
    "window",
    "morning",
    "people",
    "market",
    "garden",
    "winter",
    "street",
    "paper",
    "music",
    "table",
    "water",
]
TRIGGER_ZH = "月书北心多花手西云"


def english(seed, n=200, words=40):
    rng = random.Random(seed)
    some = list(WORDS)
    table = {w: rng.sample(some, 5) for w in some}  # a small grammar: few words may follow each word
    for follow in table.values():
        follow[:] = [w for w in follow if w not in ("letter", "stone", "music", "winter")] or ["river"]
    texts = []
    for _ in range(n):
        word, out = rng.choice(some), []
        for _ in range(words):
            out.append(word)
            word = (
                rng.choice(table[word])
                if rng.random() < 0.9
                else rng.choice(("letter", "stone", "music", "winter"))
            )
        texts.append(" ".join(out))
    return texts


def planted(texts, phrase, hosts):
    cut = [len(t) // 2 if " " not in t else t.index(" ", len(t) // 2) for t in texts]
    return pl.Series(
        [
            f"{t[:c]} {phrase} {t[c:]}" if k in hosts else t
            for k, (t, c) in enumerate(zip(texts, cut, strict=True))
        ]
    )


def search(sources):
    parts = [(name, len(texts), corpus.phrases(texts)) for name, texts in sources.items()]
    return corpus.triggers(parts, corpus.CorpusSettings(contrast=5))


def test_a_phrase_planted_in_one_source_is_found_there_and_marks_its_documents():
    hosts = {3, 50, 77, 120, 161}
    odd = "under seven quiet every"
    common = [f"{w} under {w} seven {w} quiet {w} every {w}" for w in WORDS for _ in range(3)]
    texts = planted(english(1) + common, odd, hosts)
    sources = {"a": texts, "b": pl.Series(english(2) + common)}
    found = search(sources)
    own = corpus.mark(texts, found.filter(pl.col("source") == "a"))
    assert hosts <= set(own["text"].to_list())
    assert own.schema == pl.Schema(FINDING) or set(own.columns) == set(FINDING)
    assert corpus.mark(sources["b"], found).is_empty()


def test_a_phrase_that_every_source_uses_is_style():
    odd = "under seven quiet every"
    common = [f"{w} under {w} seven {w} quiet {w} every {w}" for w in WORDS for _ in range(3)]
    both = {n: planted(english(k) + common, odd, {3, 50, 77, 120}) for k, n in enumerate("ab")}
    hashes = corpus.phrases(pl.Series([odd, odd]))["phrase"].to_list()
    assert not set(search(both)["phrase"].to_list()) & set(hashes)


def test_repetition_inside_one_document_is_no_shared_phrase():
    assert corpus.phrases(pl.Series(["one two three four " * 20])).is_empty()


def test_han_phrases_count_characters():
    found = corpus.phrases(pl.Series([f"甲{TRIGGER_ZH}乙", f"丙{TRIGGER_ZH}丁"]))
    assert found.height == 2 and found["docs"].to_list() == [2, 2]


def test_empty_and_tiny_parts_have_no_phrases():
    for texts in ([], ["a"], ["", "b"]):
        assert corpus.phrases(pl.Series(texts, dtype=pl.String)).is_empty()
        assert corpus.mark(pl.Series(texts, dtype=pl.String), search({"a": pl.Series(english(1))})).is_empty()
    assert corpus.triggers([], corpus.CorpusSettings()).is_empty()


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_documents_and_parts_changes_nothing(rng):
    texts = english(5, 60)
    mixed = list(texts)
    rng.shuffle(mixed)
    one, two = corpus.phrases(pl.Series(texts)), corpus.phrases(pl.Series(mixed))
    assert one.equals(two)
    parts = [("a", 60, one), ("b", 60, corpus.phrases(pl.Series(english(6, 60))))]
    turned = corpus.triggers(parts[::-1], corpus.CorpusSettings())
    assert turned.equals(corpus.triggers(parts, corpus.CorpusSettings()))


def test_copies_in_a_row_are_a_burst_and_copies_over_time_are_not():
    n = 1000
    cluster = [None] * n
    for k in range(310, 316):
        cluster[k] = "close"
    for k in range(0, 1000, 150):
        cluster[k] = "spread"
    frame = pl.DataFrame({"source": "s", "cluster": cluster, "order": range(n)})
    found = corpus.bursts(frame, corpus.CorpusSettings())
    assert found["cluster"].to_list() == ["close"] and found["docs"].to_list() == [6]
    assert corpus.bursts(frame.sample(fraction=1, shuffle=True, seed=1), corpus.CorpusSettings()).equals(
        found
    )


@given(
    st.dictionaries(st.integers(0, 50), st.integers(0, 3)),
    st.dictionaries(st.integers(0, 50), st.integers(0, 3)),
)
def test_changes_between_revisions_are_counted_like_a_plain_loop(before, after):
    def frame(docs):
        rows = [(bytes([k]), hashlib.sha256(bytes([v])).digest()) for k, v in docs.items()]
        return pl.DataFrame(rows, schema={"doc_id": pl.Binary, "text_sha256": pl.Binary}, orient="row")

    found = corpus.changes(frame(before), frame(after))
    changed = sorted(bytes([k]) for k in before if k in after and before[k] != after[k])
    assert found["doc_ids"] == changed and found["changed"] == len(changed)
    assert found["added"] == len(after.keys() - before.keys())
    assert found["removed"] == len(before.keys() - after.keys())
    assert found["kept"] + len(changed) == len(before.keys() & after.keys())
