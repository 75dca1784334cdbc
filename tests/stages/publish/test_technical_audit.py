"""N5: an independent set reads what is published; a set that cleaned the corpus reads nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.policies import lint
from stages.decide.policy import load_policy
from stages.publish import technical
from stages.publish.gates import run_gates

HITS = pl.List(
    pl.Struct(
        {"code": pl.String, "detector": pl.String, "level": pl.String, "score": pl.Float64, "n": pl.UInt32}
    )
)
FIGURES = [
    {"recall": [0.8, 0.7, 0.9], "fpr": [0.1, 0.05, 0.2], "status": "measured"},
    {"recall": None, "fpr": [0.02, 0.01, 0.03], "status": None},
]
GATES = "gates:\n  - {id: n5, measure: technical-audit-pass-rate, threshold: 0.98, grades: [certified]}\n"


def policy(folder: Path, detectors: str):
    path = folder / "probe.yaml"
    path.write_text(
        "policy: probe\nversion: 1\ntitle: {en: Probe}\n"
        f"n5: {{detectors: [{detectors}], score: 0.6}}\nrules:\n"
        "  - {id: r, on: screen, codes: ['*'], detectors: ['lexicon-*'], action: quarantine, "
        f"reason: prohibited-content}}\n{GATES}",
        encoding="utf-8",
    )
    return path, load_policy(path)


def stages() -> list[dict]:
    row = {"status": "run", "evidence": {"figures": FIGURES}}
    names = ("harm-en@1", "lexicon-insult@1")
    return [{"stage": "screen", "detectors": [row | {"detector": n} for n in names]}]


def tables(scores: list[float | None], missed: int = 0) -> dict[str, pl.DataFrame]:
    """Return a part: one document per score of harm-en@1 (None: no hit); the last `missed` were not judged."""
    n = len(scores)
    row = pl.int_range(n, dtype=pl.UInt32, eager=True).alias("row")
    hits = [
        [] if s is None else [{"code": "x", "detector": "harm-en@1", "level": "flag", "score": s, "n": 1}]
        for s in scores
    ]
    gaps = [[]] * (n - missed) + [["harm-en@1"]] * missed
    return {
        "screen": pl.DataFrame(
            [row, pl.Series("hits", hits, dtype=HITS), pl.Series("not_run", gaps, dtype=pl.List(pl.String))]
        ),
        "decide": pl.DataFrame([row, pl.Series("disposition", ["kept"] * (n - 1) + ["quarantined"])]),
    }


def test_published_documents_are_read_and_those_at_the_score_fail(tmp_path) -> None:
    _, own = policy(tmp_path, "'harm-*'")
    part = technical.part_counts(tables([None, 0.59, 0.6, None, 0.9, 0.9], missed=2), own, stages())
    assert part == {"detectors": ["harm-en@1"], "score": 0.6, "read": 4, "not_read": 1, "flagged": 1}
    told = technical.release_facts([part, part], stages())
    assert (told["read"], told["flagged"], told["pass_rate"], told["share_read"]) == (8, 2, 0.75, 0.8)
    assert told["recall"] == [0.8, 0.7, 0.9] and told["fpr"] == [0.1, 0.05, 0.2]
    assert told["corrected"]["share"] == pytest.approx((0.25 - 0.1) / (0.8 - 0.1), abs=1e-4)
    assert told["corrected"]["low"] <= told["corrected"]["share"] <= told["corrected"]["high"]
    gate = run_gates(own.gates, "release", {"technical": told})[0]
    assert (gate["status"], gate["measured"], gate["interval95"]) == ("fail", 0.75, told["interval95"])


@pytest.mark.parametrize("names", ["", "'lexicon-*'", "'harm-*', 'lexicon-*'", "nobody@1"])
def test_without_an_independent_set_the_gate_is_not_run(tmp_path, names) -> None:
    path, own = policy(tmp_path, names)
    assert technical.part_counts(tables([None, None]), own, stages()) is None
    facts = {"technical": technical.release_facts([None], stages())}
    assert run_gates(own.gates, "release", facts)[0]["status"] == "not_run"
    assert bool([p for p in lint(path) if p.level == "error"]) is bool(names)


@given(st.floats(0, 1), st.floats(0.5, 1), st.floats(0, 0.4))
def test_the_corrected_share_is_the_one_that_would_be_seen_so(share, recall, alarms) -> None:
    seen = share * recall + (1 - share) * alarms
    assert technical.rogan_gladen(seen, recall, alarms) == pytest.approx(share, abs=1e-4)


def test_a_set_that_finds_no_more_than_it_invents_tells_nothing() -> None:
    assert technical.rogan_gladen(0.3, 0.2, 0.2) is None


def test_a_rule_over_other_codes_does_not_make_a_detector_its_cleaner(tmp_path) -> None:
    _, own = policy(tmp_path, "'harm-*'")
    wide = own.rules[0].model_copy(update={"detectors": ("*",), "codes": ("secrecy-*",)})
    other = own.model_copy(update={"rules": (wide,)})
    assert technical.not_independent(other, {"harm-en@1": ["A.1-d"]}) == []
    assert technical.not_independent(other, {"harm-en@1": ["A.1-d", "secrecy-work"]}) == ["harm-en@1"]
    assert technical.not_independent(other, {"harm-en@1": []}) == ["harm-en@1"]
