"""Sexual content about minors is removed whatever else a policy says; invented hits, no text."""

from __future__ import annotations

import pytest

from lineage.errors import SettingsError
from pipelines.policies import try_examples
from stages.decide.policy import load_policy

HEAD = "policy: p\nversion: 1\ntitle: {en: P}\nrules:\n"
HOLD = "  - {id: hold, on: screen, codes: ['*'], action: quarantine, reason: prohibited-content}\n"
ILLEGAL = (
    "  - {id: minors, on: screen, codes: [sexual-minors], score: 0.9, action: %s, reason: sexual-minors}\n"
)
CASES = (
    "examples:\n"
    "  - {name: both, given: {hits: [{code: sexual-minors, score: 0.9}, {code: A.1-d}]}, "
    "expect: {disposition: removed, rule: minors}}\n"
    "  - {name: under, given: {hits: [{code: sexual-minors, score: 0.89}]}, "
    "expect: {disposition: quarantined, rule: hold}}\n"
)


@pytest.mark.parametrize("rules", [HOLD + ILLEGAL % "remove", ILLEGAL % "remove" + HOLD])
def test_it_is_removed_wherever_its_rule_stands(tmp_path, rules):
    path = tmp_path / "p.yaml"
    path.write_text(HEAD + rules + CASES, encoding="utf-8")
    assert [o.wrong for o in try_examples(load_policy(path))] == [(), ()]


def test_a_policy_cannot_hold_it(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(HEAD + ILLEGAL % "quarantine", encoding="utf-8")
    with pytest.raises(SettingsError, match="sexual-minors takes action remove"):
        load_policy(path)


def test_lanes_hold_by_flags_alone(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("lanes: {fast_share: 0.1, hold: [hold]}\n" + HEAD + HOLD, encoding="utf-8")
    with pytest.raises(SettingsError, match="no rule with action flag"):
        load_policy(path)
