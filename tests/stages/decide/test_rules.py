"""Rules: each kind fires on the evidence it names and on nothing else; the first that fires decides."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from lineage import records
from lineage.errors import SettingsError
from stages.decide.policy import Policy, load_policy
from stages.decide.probe import upper95
from stages.decide.rules import Context, Evidence, SourceFacts, allowed
from stages.decide.verdicts import verdicts

CONTEXT = Context(
    dt.date(2026, 11, 1),
    "pretraining",
    {"s": SourceFacts("s", 1, "2030-01-01", ("pretraining",), "consent")},
)


def evidence(**changes) -> Evidence:
    """Build the evidence of one document, with `changes` to single values."""
    value = {
        "licence": "MIT", "status": "ok", "error": None, "ai_label": "none", "source": "s", "lang": "en",
        "noise": 0.0, "counts": [], "sensitive": [], "per_kchar": 0.0, "hits": [], "pii_not_run": [],
        "screen_not_run": [],
    } | changes  # fmt: skip
    base = {"row": [0], "doc_id": [b"\x01" * 32]}
    docs = base | {
        "source": [value["source"]], "status": [value["status"]], "error": [value["error"]],
        "licence": [value["licence"]], "chars": [10], "date": [None], "ai_label": [value["ai_label"]],
        "text_sha256": [b"\x02" * 32],
    }  # fmt: skip
    quality = base | {"lang": [value["lang"]], "quality_score": [0.5], "noise": [value["noise"]]}
    pii = base | {
        "counts": [value["counts"]], "sensitive": [value["sensitive"]], "per_kchar": [value["per_kchar"]],
        "not_run": [value["pii_not_run"]],
    }  # fmt: skip
    screen = base | {"hits": [value["hits"]], "not_run": [value["screen_not_run"]]}
    kinds = {"row": pl.UInt32, "error": pl.String, "date": pl.String, "licence": pl.String}
    empty = {
        name: dict(pl.DataFrame(s.empty_table()).schema)
        for name, s in (("pii", records.PII), ("screen", records.SCREEN))
    }
    return Evidence(
        pl.DataFrame(docs, schema_overrides=kinds),
        pl.DataFrame(quality, schema_overrides={"row": pl.UInt32}),
        pl.DataFrame(pii, schema=empty["pii"]),
        pl.DataFrame(screen, schema=empty["screen"]),
    )


def judge(rules: list[dict], given: Evidence, **policy) -> dict:
    body = {"policy": "test", "version": 1, "title": {"en": "t"}, "rules": rules} | policy
    return verdicts(given, Policy.model_validate(body), CONTEXT).row(0, named=True)


def hit(code: str, score: float, level: str = "flag") -> dict:
    return {"code": code, "detector": "d@1", "level": level, "score": score, "n": 1}


REMOVE = {"action": "remove", "reason": "prohibited-content"}
CASES = [
    ({"on": "rights", "test": "licence-missing"}, {"licence": "NOASSERTION"}),
    ({"on": "rights", "test": "licence-missing"}, {"licence": None}),
    ({"on": "quality", "column": "noise", "op": ">", "value": 0.5}, {"noise": 0.6}),
    ({"on": "quality", "column": "noise", "op": "<", "value": 0.0}, {"noise": -0.1}),
    ({"on": "pii", "per_kchar_over": 5.0}, {"per_kchar": 5.1}),
    ({"on": "pii", "types": ["A"], "count_over": 1}, {"counts": [{"type": "A", "n": 2}]}),
    ({"on": "pii", "sensitive": ["medical"]}, {"sensitive": ["medical"]}),
    ({"on": "screen", "codes": ["A.1-*"], "score": 0.7}, {"hits": [hit("A.1-d", 0.7)]}),
    ({"on": "screen", "codes": ["x"], "levels": ["marking"]}, {"hits": [hit("x", 0.1, "marking")]}),
    ({"on": "ai-label", "verdicts": ["labelled-1"]}, {"ai_label": "labelled-1"}),
    ({"on": "not-run", "stage": "screen"}, {"screen_not_run": ["d@1"]}),
    ({"on": "not-run", "stage": "pii", "detectors": ["e*"]}, {"pii_not_run": ["e@1"]}),
]


@pytest.mark.parametrize(("rule", "fault"), CASES)
def test_a_rule_fires_on_its_evidence_and_not_without_it(rule: dict, fault: dict) -> None:
    rules = [{"id": "r"} | rule | REMOVE]
    assert judge(rules, evidence(**fault))["disposition"] == "removed"
    assert judge(rules, evidence())["disposition"] == "kept"


NEAR_MISSES = [
    ({"on": "quality", "column": "noise", "op": ">", "value": 0.5, "languages": ["zh"]}, {"noise": 0.6}),
    ({"on": "quality", "column": "noise", "op": ">", "value": 0.5, "sources": ["t"]}, {"noise": 0.6}),
    ({"on": "quality", "column": "noise", "op": ">", "value": 0.5}, {"noise": None}),
    ({"on": "screen", "codes": ["A.1-d"], "score": 0.7}, {"hits": [hit("A.1-d", 0.6999)]}),
    ({"on": "screen", "codes": ["A.1-d"], "detectors": ["other@*"]}, {"hits": [hit("A.1-d", 1.0)]}),
    ({"on": "screen", "codes": ["A.1-d"], "count": 2}, {"hits": [hit("A.1-d", 1.0)]}),
    ({"on": "screen", "codes": ["x"], "levels": ["marking"]}, {"hits": [hit("x", 1.0, "mention")]}),
    ({"on": "pii", "types": ["A"], "count_over": 1}, {"counts": [{"type": "B", "n": 9}]}),
    ({"on": "pii", "per_kchar_over": 5.0}, {"per_kchar": 5.0}),
    ({"on": "pii", "sensitive": ["medical-health"]}, {"sensitive": ["religion"]}),
    ({"on": "not-run", "stage": "pii", "detectors": ["x"]}, {"pii_not_run": ["e@1"]}),
]


@pytest.mark.parametrize(("rule", "given"), NEAR_MISSES)
def test_every_option_of_a_rule_narrows_it(rule: dict, given: dict) -> None:
    assert judge([{"id": "r"} | rule | REMOVE], evidence(**given))["rule"] is None


def test_a_language_covers_its_subtags() -> None:
    rule = {
        "id": "r",
        "on": "quality",
        "column": "noise",
        "op": ">",
        "value": 0.5,
        "languages": ["zh"],
    } | REMOVE
    assert judge([rule], evidence(noise=0.6, lang="zh-Hans"))["rule"] == "r"


def test_the_first_acting_rule_decides_and_flags_are_only_counted() -> None:
    fault = {"hits": [hit("A", 1.0), hit("B", 1.0)]}
    rules = [
        {"id": "flag", "on": "screen", "codes": ["A"], "action": "flag", "reason": "poisoning"},
        {"id": "first", "on": "screen", "codes": ["B"], "action": "quarantine", "reason": "secrecy-marking"},
        {"id": "second", "on": "screen", "codes": ["A"], "action": "remove", "reason": "prohibited-content"},
    ]
    got = judge(rules, evidence(**fault))
    assert (got["disposition"], got["rule"], got["flags"]) == ("quarantined", "first", ["flag"])


def test_personal_information_is_redacted_unless_the_policy_keeps_its_type() -> None:
    found = evidence(counts=[{"type": "A", "n": 1}])
    assert judge([], found)["disposition"] == "redacted"
    assert judge([], found, pii={"types": {"A": "keep"}})["disposition"] == "kept"


def test_an_unreadable_record_stays_unreadable_whatever_rules_say() -> None:
    rules = [{"id": "r", "on": "rights", "test": "licence-missing"} | REMOVE]
    got = judge(rules, evidence(status="unreadable", error="bad-json", licence=None))
    assert (got["disposition"], got["reason"], got["rule"], got["stage"]) == (
        "unreadable",
        "bad-json",
        None,
        "ingest",
    )


@pytest.mark.parametrize(
    ("expression", "ok"),
    [
        ("MIT", True),
        ("MIT AND CC-BY-4.0", False),
        ("MIT OR CC-BY-4.0", True),
        ("GPL-3.0-only", False),
        ("%%", False),
    ],
)
def test_licence_expressions_need_all_of_and_one_of_or(expression: str, ok: bool) -> None:
    assert allowed(expression, ("MIT",)) is ok


def test_a_policy_error_names_file_line_and_field(tmp_path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "policy: p\nversion: 1\ntitle: {en: t}\nrules:\n"
        "  - {id: a, on: rights, test: no-such, action: remove, reason: low-quality}\n"
    )
    with pytest.raises(SettingsError, match=r"p\.yaml:5"):
        load_policy(path)


@pytest.mark.parametrize(
    ("failures", "n", "bound"), [(0, 400, 0.0075), (12, 400, 0.0482), (160, 4000, 0.0455)]
)
def test_the_upper_bound_is_clopper_and_pearsons(failures: int, n: int, bound: float) -> None:
    assert abs(upper95(failures, n) - bound) < 0.0003
