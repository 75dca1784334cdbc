"""Promises of the sets made here: what has no labelled set elsewhere is planted, and says so."""

import polars as pl

from pipelines.evaluate import neutral, planted, poisoned
from pipelines.evaluate.sets import made
from stages.screen.corpus_settings import CorpusSettings
from stages.screen.lexicon import SHIPPED, load_lexicon

WORDS = ["harbour", "ferry", "teacher", "library", "winter", "orchard", "railway", "market", "letter"]
WORDS += ["coast", "tea"]


def _source(name, language):
    texts = [
        " ".join(WORDS[(k * step + step * step) % 11] for step in range(2, 30)) + f" n{k}" for k in range(300)
    ]
    rows = pl.DataFrame([(t, language, [], True, name) for t in texts], schema=planted.SCHEMA, orient="row")
    return made(f"given/{name}", rows)


def test_rules_on_children_are_measured_in_invented_words_and_never_count_as_measured():
    (listed, figures) = neutral.measure()[neutral.DETECTOR]
    assert listed[0]["name"] == neutral.SET and {r["status"] for r in figures} == {"experimental"}
    terms = {t for some in load_lexicon(SHIPPED / f"{neutral.CODE}.yaml").sets.values() for t in some}
    assert not [t for t in terms for text in neutral.texts()["text"] if t in text.lower().split()]
    assert all(row["recall"][0] >= 0.5 for row in figures)


def test_bursts_in_benign_sources_are_found_and_counted_once():
    (used,), figures = poisoned.measure([_source("one", "en")], CorpusSettings())["poison-corpus@1"]
    burst, trigger = sorted(figures, key=lambda r: r["code"])
    assert used["n"] == 300 and burst["positives"] == poisoned.COPIES * poisoned.BURSTS
    assert trigger["positives"] == 9 and trigger["n"] == 300


def test_without_a_source_that_is_large_enough_nothing_is_claimed_of_the_corpus():
    small = _source("one", "en")._replace(rows=_source("one", "en").rows.head(20))
    assert poisoned.measure([small], CorpusSettings()) == {}


def test_hatred_is_planted_in_both_languages_with_as_much_benign_text():
    (own,) = planted.hatred()
    by = own.rows.group_by("language", "benign").len()
    assert by.height == 4 and by["len"].min() >= 50
    assert own.rows["text"].is_unique().all()
