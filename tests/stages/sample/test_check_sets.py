"""Check sets of detectors: strata that close, seeded, alike however the corpus is cut into parts."""

from __future__ import annotations

import hashlib

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.records import SCREEN
from stages.sample import SampleSettings, check_sets, part_checks

DETECTORS = {"near@1": ("zh", "en"), "far@1": ("zh",), "any@1": ("*",)}
HIT = st.tuples(st.sampled_from(sorted(DETECTORS)), st.sampled_from(["flag", "mention"]), st.floats(0, 1))
DOC = st.tuples(
    st.sampled_from(["zh-Hans", "lzh", "en", "fr", None]),
    st.lists(HIT, max_size=3),
    st.lists(st.sampled_from(sorted(DETECTORS)), max_size=1),
)


def table(docs: list[tuple]) -> pl.DataFrame:
    ids = [hashlib.sha256(str(i).encode()).digest() for i in range(len(docs))]
    hits = [
        [{"code": "A.2-d", "detector": d, "level": lv, "score": s, "n": 1} for d, lv, s in found]
        for _, found, _ in docs
    ]
    types = pl.DataFrame(SCREEN.empty_table()).schema
    return pl.DataFrame(
        {
            "doc_id": ids, "source": "s", "part": "p", "row": range(len(docs)), "text_sha256": ids,
            "lang": [lang for lang, _, _ in docs], "hits": hits, "not_run": [missed for _, _, missed in docs],
        },
        schema_overrides={"row": pl.UInt32, "lang": pl.String, "hits": types["hits"], "not_run": types["not_run"]},
    )  # fmt: skip


def stratum(detector: str, doc: tuple) -> tuple[str, str] | None:
    """Return language and stratum of a document, said anew from the rules in words."""
    lang, found, missed = doc
    language = {"zh-Hans": "zh", "lzh": "zh", "en": "en"}.get(lang, "other")
    if detector in missed or ("*" not in DETECTORS[detector] and language not in DETECTORS[detector]):
        return None
    own = [(level, score) for name, level, score in found if name == detector]
    strong = any(level == "flag" and score >= 0.5 for level, score in own)
    return language, "flagged" if strong else "near" if own else "unflagged"


@settings(max_examples=40, deadline=None)
@given(st.lists(DOC, min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 40))
def test_every_document_stands_in_its_stratum_and_cuts_of_the_corpus_change_nothing(
    docs: list[tuple], n: int, cut: int
) -> None:
    whole, wanted = table(docs), SampleSettings(detector=n)
    drawn, cells = check_sets([part_checks(whole, DETECTORS, wanted)], wanted)
    halves = [part_checks(t, DETECTORS, wanted) for t in (whole[cut:], whole[:cut])]
    again, same = check_sets(halves, wanted)
    assert (drawn.equals(again), cells) == (True, same)
    expected: dict[tuple, int] = {}
    for detector in DETECTORS:
        for doc in docs:
            if place := stratum(detector, doc):
                expected[detector, *place] = expected.get((detector, *place), 0) + 1
    told = {(c["detector"], c["language"], c["stratum"]): (c["docs"], c["drawn"]) for c in cells}
    assert told == {cell: (size, min(n, size)) for cell, size in expected.items()}
    for name, row in drawn.select("stratum", "row").iter_rows():
        assert stratum(name.split()[0], docs[row]) == tuple(name.split()[1:])


def test_score_and_seed_have_their_effect() -> None:
    whole = table([("en", [("near@1", "flag", i / 100)], []) for i in range(100)])

    def flagged(**more) -> tuple[int, set]:
        wanted = SampleSettings(detector=10, **more)
        drawn, cells = check_sets([part_checks(whole, {"near@1": ()}, wanted)], wanted)
        return next(c["docs"] for c in cells if c["stratum"] == "flagged"), set(drawn["row"])

    assert flagged()[0] == 50
    assert flagged(detector_score=0.9)[0] == 10
    assert flagged()[1] != flagged(seed=3)[1]
