import copy

import pytest
import small_release as small
from hypothesis import given
from hypothesis import strategies as st

from lineage import canonical, certificate, changes, material
from lineage.errors import SettingsError
from stages.decide.policy import Material


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    small.build(folder / "release", small.signer(folder))
    found = canonical.loads((folder / "release" / certificate.MANIFEST).read_bytes())
    rows = {
        "sources": [source("wiki", 8), source("forum", 2)],
        "chars": 1000,
        "bytes": 1000,
        "flow": {"in": 20, "kept": 8, "redacted": 2, "removed": 7, "quarantined": 2, "unreadable": 1},
        "reasons": [{"stage": "dedup", "disposition": "removed", "reason": "near-duplicate", "docs": 7}],
        "screen": [screen("A.1-d", 1), screen("A.4-b", None, "not_run: no detector supplied")],
        "pii": [{"type": "EMAIL", "action": "redact", "docs": 2, "found": 3}],
        "licences": [{"spdx": "CC0-1.0", "docs": 10}],
        "languages": [{"code": "en", "docs": 10, "chars": 1000}],
    }
    return found | rows


def source(name, kept, **more):
    flow = {"in": kept, "kept": kept, "redacted": 0, "removed": 0, "quarantined": 0, "unreadable": 0}
    return {
        "id": name,
        "licence": "CC0-1.0",
        "class": "open-licence",
        "jurisdiction": "CN",
        "flow": flow,
    } | more


def screen(code, docs, status="run"):
    return {"code": code, "detector": "d@1", "level": "flag", "docs": docs, "status": status}


def changed(plain, **change):
    new = copy.deepcopy(plain)
    for name, value in change.items():
        new[name] = value
    return new


def rules_fired(old, new, rules=None, **more):
    return {hit["rule"] for hit in changes.compare(old, new, rules, **more)["material"]["rules"]}


def grow(plain, docs):
    return plain["flow"] | {"kept": plain["flow"]["kept"] + docs, "in": plain["flow"]["in"] + docs}


CASES = {
    "documents": lambda m: {
        "flow": grow(m, 10),
        "sources": [source("wiki", 16), source("forum", 4)],
        "languages": [{"code": "en", "docs": 20}],
    },
    "characters": lambda m: {"chars": 1101},
    "sources_added": lambda m: {"sources": [*m["sources"], source("new", 0)]},
    "source_share": lambda m: {"sources": [source("wiki", 6), source("forum", 4)]},
    "rights_changed": lambda m: {"sources": [source("wiki", 8, licence="MIT"), source("forum", 2)]},
    "licences_added": lambda m: {"licences": [*m["licences"], {"spdx": "MIT", "docs": 0}]},
    "language_share": lambda m: {"languages": [{"code": "en", "docs": 5}, {"code": "zh", "docs": 5}]},
    "risk_rate": lambda m: {"screen": [screen("A.1-d", 2), m["screen"][1]]},
    "pii_rate": lambda m: {"pii": [m["pii"][0] | {"docs": 3}]},
    "policy": lambda m: {"policy": m["policy"] | {"sha256": "0" * 64}},
    "purpose": lambda m: {"dataset": m["dataset"] | {"purpose": "fine-tuning"}},
    "grade": lambda m: {"grade_allowed": "withheld"},
    "detectors": lambda m: {"stages": [m["stages"][0] | {"detectors": []}]},
}


def test_a_release_does_not_differ_from_itself(plain):
    found = changes.compare(plain, plain)
    assert found["material"] == {"verdict": False, "rules": []}
    assert not found["gates"] and not found["settings"] and not found["sources"]["rights"]


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_fires_on_its_change_alone_and_is_silent_when_switched_off(plain, rule):
    new = changed(plain, **CASES[rule](plain))
    assert rules_fired(plain, new) == {rule}
    assert rules_fired(plain, new, {rule: None}) == set()


def test_optional_rules_fire_when_switched_on(plain):
    new = changed(plain, sources=[source("wiki", 8)], licences=[])
    assert {"sources_lost", "licences_lost"} <= rules_fired(
        plain, new, {"sources_lost": True, "licences_lost": True}
    )
    assert not {"sources_lost", "licences_lost"} & rules_fired(plain, new)


def test_replaced_documents_are_material_even_where_their_number_is_the_same(plain):
    moved = {"kept": 8, "gone": 2, "new": 2}
    assert rules_fired(plain, plain, replaced=moved) == {"replaced"}
    assert rules_fired(plain, plain, {"replaced": 0.2}, replaced=moved) == set()


def test_a_code_that_nobody_looked_for_has_no_rate(plain):
    assert [r["code"] for r in changes.compare(plain, plain)["risks"]] == ["A.1-d"]
    blind = changed(plain, screen=[screen("A.1-d", None, "not_run: gone")])
    assert changes.compare(plain, blind)["risks"] == [{"code": "A.1-d", "old": 526.32, "new": None}]


def test_a_detector_that_no_longer_runs_is_a_changed_detector(plain):
    stages = copy.deepcopy(plain["stages"])
    stages[0]["detectors"][0]["status"] = "not_run: switched off"
    assert rules_fired(plain, changed(plain, stages=stages)) == {"detectors"}


def test_tokens_are_compared_under_the_name_of_one_tokenizer(plain):
    old = changed(plain, tokens={"tokenizer": "t@1", "n": 100})
    assert rules_fired(old, changed(plain, tokens={"tokenizer": "t@1", "n": 120})) == {"tokens"}
    assert rules_fired(old, changed(plain, tokens={"tokenizer": "u@1", "n": 120})) == set()


def test_something_out_of_nothing_is_material(plain):
    empty = changed(plain, chars=0)
    assert rules_fired(empty, plain) == {"characters"}


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 2))
def test_the_verdict_is_that_of_the_threshold(plain, a, b, limit):
    old, new = changed(plain, chars=a), changed(plain, chars=b)
    expected = a != b and (a == 0 or round(abs(b - a) / a, 4) > limit)
    assert ("characters" in rules_fired(old, new, {"characters": limit})) == expected


def test_a_rule_that_nobody_knows_is_refused(plain):
    with pytest.raises(SettingsError, match="no such rule"):
        changes.compare(plain, plain, {"documets": 0.5})


def test_the_defaults_are_those_of_the_policy_model():
    stated = {k: v for k, v in Material().model_dump().items() if k in material.RULES}
    assert stated == material.RULES
    assert set(Material.model_fields) - set(material.RULES) == {"clause", "edition", "verified"}
