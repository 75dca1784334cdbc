"""Gates: a computed failure withholds, what was not run never passes and never withholds."""

from __future__ import annotations

import pytest

from stages.decide.policy import Gate
from stages.publish.gates import MEASURES, grade_allowed, run_gates

FACTS = {
    "flow": {"in": 10, "kept": 5, "redacted": 1, "removed": 2, "quarantined": 1, "unreadable": 1},
    "licences": [{"spdx": "MIT", "docs": 6}],
    "pii": [{"type": "CN_MOBILE", "action": "redact", "residual": 0}],
    "screen": [
        {"code": "cbrn-chemical", "level": "restricted", "kept": 0},
        {"code": "cbrn-chemical", "level": "mention", "kept": 4},
        {"code": "secrecy-state", "level": "marking", "kept": 0},
    ],
    "ai_labels": [{"verdict": "none", "docs": 5}, {"verdict": "labelled-1", "docs": 1}],
    "stages": [{"stage": "pii", "detectors": [{"detector": "x@1", "evidence": None}]}],
    "source": {"id": "a", "lawful_basis": "none", "evidence": [{"kind": "licence", "sha256": "00"}]},
    "personal": {"docs": 0, "sensitive_left": 0, "minors_undecided": 0, "minors_not_run": 0},
    "assessments": {"sources": 1, "missing": 0, "out_of_date": 0},
    "duplicates_left": 0,
    "operator_keywords": 10_000,
    "keyword_library": {"short": [], "age_days": 7},
    "probes": [
        {"source": "a", "share": 0.01, "status": "pass", "n": 100, "failures": 1},
        {"source": "b", "share": 0.4, "status": "fail"},
    ],
    "audit": {
        "n": 10,
        "labelled": 10,
        "passed": 9,
        "pass_rate": 0.9,
        "min_pass": 0.9,
        "readers": {"readings": 12, "signed": 12, "qualified": 12, "annotated": 10, "reviewed": 10},
    },
}
READERS = FACTS["audit"]["readers"]


def gate(measure: str, threshold: float, grades: tuple[str, ...] = ("screened", "certified")) -> Gate:
    return Gate(id="g", measure=measure, threshold=threshold, grades=grades, scope="release")


def status(measure: str, threshold: float, facts: dict, **kwargs) -> str:
    return run_gates((gate(measure, threshold, **kwargs),), "release", facts)[0]["status"]


@pytest.mark.parametrize(
    ("measure", "threshold", "spoil"),
    [
        ("books-open", 0, {"flow": FACTS["flow"] | {"in": 11}}),
        ("unlicensed-published", 0, {"licences": [{"spdx": "NOASSERTION", "docs": 1}]}),
        ("pii-residual", 0, {"pii": [{"type": "CN_MOBILE", "action": "redact", "residual": 1}]}),
        (
            "cbrn-restricted-published",
            0,
            {"screen": [{"code": "cbrn-missile", "level": "restricted", "kept": 1}]},
        ),
        (
            "secrecy-marked-published",
            0,
            {"screen": [{"code": "secrecy-state", "level": "marking", "kept": 1}]},
        ),
        ("pii-without-basis", 0, {"personal": {"docs": 1}}),
        ("sensitive-without-consent", 0, {"personal": {"sensitive_left": 1}}),
        ("minors-undecided", 0, {"personal": {"minors_undecided": 1, "minors_not_run": 0}}),
        ("assessments-out-of-date", 0, {"assessments": {"missing": 1, "out_of_date": 1}}),
        ("duplicates-left", 0, {"duplicates_left": 1}),
        (
            "source-probe-share",
            0.05,
            {"probes": [FACTS["probes"][0] | {"share": 0.06, "failures": 6}]},
        ),
        ("manual-audit-pass-rate", 0.9, {"audit": FACTS["audit"] | {"pass_rate": 0.89}}),
        ("readings-by-qualified", 1, {"audit": {"readers": READERS | {"qualified": 11}}}),
        ("items-reviewed", 1, {"audit": {"readers": READERS | {"reviewed": 9}}}),
        ("annotation-open", 0, {"source": FACTS["source"] | {"annotation": {"open": 1}}}),
        ("keyword-library-size", 10_000, {"operator_keywords": 9_999}),
        ("keyword-risks-short", 0, {"keyword_library": {"short": ["A.2-a"], "age_days": 7}}),
        ("keyword-library-age", 7, {"keyword_library": {"short": [], "age_days": 8}}),
        ("synthetic-share", 0.2, {"ai_labels": [{"verdict": "labelled-1", "docs": 1}]}),
    ],
)
def test_each_gate_passes_on_good_figures_and_fails_on_bad_ones(
    measure: str, threshold: float, spoil: dict
) -> None:
    assert status(measure, threshold, FACTS) == "pass"
    assert status(measure, threshold, FACTS | spoil) == "fail"


def test_an_audit_that_is_not_finished_was_not_run() -> None:
    assert (
        status("manual-audit-pass-rate", 0.9, FACTS | {"audit": FACTS["audit"] | {"labelled": 9}})
        == "not_run"
    )


def test_a_good_audit_counts_only_when_every_reading_is_signed_by_a_reviewers_key() -> None:
    unsigned = FACTS["audit"] | {"readers": READERS | {"signed": 11}}
    assert status("manual-audit-pass-rate", 0.9, FACTS | {"audit": unsigned}) == "not_run"


def test_small_sources_drawn_above_their_share_lift_no_rate() -> None:
    heavy = FACTS["audit"] | {"weighted_rate": 0.85}
    assert status("manual-audit-pass-rate", 0.9, FACTS | {"audit": heavy}) == "fail"
    light = FACTS["audit"] | {"weighted_rate": 1.0}
    assert status("manual-audit-pass-rate", 0.9, FACTS | {"audit": light}) == "pass"


def test_a_bad_audit_fails_signed_or_not() -> None:
    unsigned = FACTS["audit"] | {"pass_rate": 0.8, "readers": READERS | {"signed": 0}}
    assert status("manual-audit-pass-rate", 0.9, FACTS | {"audit": unsigned}) == "fail"


@pytest.mark.parametrize("measure", ["readings-by-qualified", "items-reviewed"])
def test_where_nobody_read_nothing_is_said_of_readers(measure: str) -> None:
    nobody = {"readers": dict.fromkeys(READERS, 0)}
    assert status(measure, 1, FACTS | {"audit": nobody}) == "not_run"


def test_a_gate_that_withholds_nothing_warns_and_caps_the_grade() -> None:
    short = FACTS | {"audit": {"readers": READERS | {"qualified": 3}}}
    soft = gate("readings-by-qualified", 1, ("certified",)).model_copy(update={"withholds": False})
    found = run_gates((soft,), "release", short)
    assert (found[0]["status"], found[0]["measured"]) == ("warn", 0.25)
    assert grade_allowed(found) == "screened"


@pytest.mark.parametrize("measure", ["keyword-library-size", "keyword-risks-short", "keyword-library-age"])
def test_without_an_operators_library_nothing_is_said_of_keywords(measure: str) -> None:
    assert status(measure, 0, FACTS | {"operator_keywords": None, "keyword_library": None}) == "not_run"


def test_a_library_newer_than_the_release_says_nothing_of_its_age_on_that_day() -> None:
    late = FACTS | {"keyword_library": {"short": [], "age_days": -1}}
    assert status("keyword-library-age", 7, late) == "not_run"


def test_a_gate_without_a_grade_warns_instead_of_failing() -> None:
    assert status("detectors-with-evidence", 1, FACTS, grades=()) == "warn"


@pytest.mark.parametrize(("said", "outcome"), [("measured", "pass"), ("experimental", "fail")])
def test_an_experimental_detector_is_not_counted_as_measured(said: str, outcome: str) -> None:
    detector = {"detector": "x@1", "evidence": {"status": said}}
    facts = FACTS | {"stages": [{"stage": "screen", "detectors": [detector]}]}
    assert status("detectors-with-evidence", 1, facts) == outcome


def test_every_measure_of_the_shipped_policy_exists() -> None:
    from pathlib import Path

    from stages.decide.policy import load_policy

    root = Path(__file__).parents[3]
    for path in sorted((root / "policies").glob("*.yaml")):
        assert {g.measure for g in load_policy(path).gates} <= set(MEASURES)


@pytest.mark.parametrize(
    ("results", "grade"),
    [
        ([("pass", ["screened", "certified"]), ("pass", ["certified"])], "certified"),
        ([("pass", ["screened", "certified"]), ("not_run", ["certified"])], "screened"),
        ([("pass", ["screened", "certified"]), ("fail", ["certified"])], "withheld"),
        ([("warn", []), ("pass", ["screened"])], "screened"),
        ([("waived", ["certified"]), ("pass", ["certified"])], "screened"),
    ],
)
def test_the_grade_that_gates_allow(results, grade: str) -> None:
    assert grade_allowed([{"status": s, "grades": g} for s, g in results]) == grade


def test_a_proof_or_a_basis_lifts_the_gates_on_personal_information():
    source = {
        "id": "a",
        "lawful_basis": "consent",
        "evidence": [{"kind": "separate-consent", "sha256": "00"}],
    }
    facts = FACTS | {"source": source, "personal": FACTS["personal"] | {"docs": 3, "sensitive_left": 2}}
    assert status("pii-without-basis", 0, facts) == status("sensitive-without-consent", 0, facts) == "pass"
    without = facts | {"source": source | {"evidence": [{"kind": "separate-consent", "sha256": None}]}}
    assert status("sensitive-without-consent", 0, without) == "fail"


def test_what_nobody_supplied_or_counted_is_not_run():
    uncounted = FACTS | {"personal": FACTS["personal"] | {"minors_not_run": 1}}
    assert status("minors-undecided", 0, uncounted) == "not_run"
    absent = FACTS | {"assessments": {"sources": 2, "missing": 1, "out_of_date": 0}}
    assert status("assessments-out-of-date", 0, absent) == "not_run"


@pytest.mark.parametrize(
    ("source", "measured"),
    [
        ({"jurisdiction": "CN", "storage_region": "CN", "cross_border": False}, 0),
        ({"jurisdiction": "CN", "storage_region": "CN", "cross_border": True}, 3),
        ({"jurisdiction": "CN", "storage_region": "SG", "cross_border": False}, 3),
    ],
)
def test_important_data_is_counted_where_its_source_lies_or_comes_from_abroad(source, measured) -> None:
    stage = {
        "stage": "screen",
        "detectors": [{"detector": "o@1", "codes": ["important-data"], "status": "run"}],
    }
    found = {"code": "important-data", "level": "flag", "kept": 1, "released": 2}
    facts = FACTS | {"source": source, "stages": [stage], "screen": [found]}
    result = run_gates((gate("important-data-abroad", 0),), "release", facts)[0]
    assert (result["measured"], result["status"]) == (measured, "fail" if measured else "pass")
    nobody = {"detector": "operator", "codes": ["important-data"], "status": "not_run: x"}
    silent = {"stage": "screen", "detectors": [nobody]}
    assert status("important-data-abroad", 0, facts | {"stages": [silent]}) == "not_run"


def test_a_registered_work_that_is_published_fails_its_gate_and_no_registry_is_not_run():
    row = {"code": "protected-work", "level": "near", "kept": 1, "released": 1}
    quoted = row | {"level": "verbatim", "kept": 5}
    running = {"detectors": [{"detector": "w@1", "codes": ["protected-work"], "status": "run"}]}
    silent = {"detectors": [running["detectors"][0] | {"status": "not_run: no registry supplied"}]}
    asked = (gate("protected-works-published", 0),)
    for stages, screen, status, measured in (
        ([running], [row, quoted], "fail", 1),
        ([running], [row | {"kept": 0}, quoted], "pass", 0),
        ([silent], [], "not_run", None),
    ):
        found = run_gates(asked, "release", {"stages": stages, "screen": screen})[0]
        assert (found["status"], found["measured"]) == (status, measured)
