"""A text in a language that no detector was measured on does not count as screened."""

from __future__ import annotations

import polars as pl
import pytest

from lineage.evidence import Entry, languages
from stages.decide.languages import TELLING_CHARS, UNKNOWN, UNMEASURED, with_language_gaps

LONG = TELLING_CHARS
CASES = [
    ("fr", 0.9, False, LONG, [UNMEASURED]),
    ("sr-Latn", 0.9, False, LONG, [UNMEASURED]),
    ("en", 0.3, False, LONG, []),
    ("zh-Hant", 1.0, False, LONG, []),
    ("lzh", 1.0, False, LONG, []),
    ("fr", 0.9, False, LONG - 1, [UNKNOWN]),
    ("en", 0.9, False, LONG - 1, []),
    ("und", 0.1, False, LONG, [UNKNOWN]),
    ("und", 0.0, False, LONG, []),
    ("und", 0.0, True, LONG, [UNKNOWN]),
    ("und", None, None, None, []),
]


def gaps(lang, score, absent, chars, measured=("en", "zh"), known=()) -> list[str]:
    quality = pl.DataFrame(
        {"lang": [lang], "lang_score": [score], "lang_not_run": [absent]},
        schema_overrides={"lang_score": pl.Float64, "lang_not_run": pl.Boolean},
    )
    screen = pl.DataFrame(
        {"row": [0], "not_run": [list(known)]}, schema_overrides={"not_run": pl.List(pl.String)}
    )
    table = with_language_gaps(screen, quality, pl.Series([chars], dtype=pl.UInt32), measured)
    return table["not_run"][0].to_list()


@pytest.mark.parametrize(("lang", "score", "absent", "chars", "expected"), CASES)
def test_a_gap_stands_where_a_told_language_was_not_measured(lang, score, absent, chars, expected):
    assert gaps(lang, score, absent, chars) == expected


def test_what_was_measured_closes_the_gap_and_what_else_was_missed_stays():
    assert gaps("fr", 0.9, False, LONG, measured=("fr",), known=("d@1",)) == ["d@1"]
    assert gaps("fr", 0.9, False, LONG, known=("d@1",)) == ["d@1", UNMEASURED]
    assert gaps("fr", 0.9, False, LONG, measured=None) == []


def test_only_a_detector_that_runs_and_has_a_measured_recall_brings_a_language():
    def entry(*rows):
        return Entry(b"", "", {"figures": [{"language": x, "recall": r} for x, r in rows]})

    filed = {"a@1": entry(("fr", [0.9, 0.8, 1.0]), ("es", None)), "b@1": entry(("de", [1, 1, 1]))}
    runs, silent = {"detector": "a@1"}, {"detector": "b@1", "not_run": "switched off"}
    assert languages([runs, silent, {"detector": None}], filed) == ("fr",)
    assert languages([{"detector": "c@1"}], filed) == ()
    assert languages([silent], filed) is None
