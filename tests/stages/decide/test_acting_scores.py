"""Promises of stages/decide/acting.py: a certificate quotes the figure at the score where its policy acts."""

from pathlib import Path

import pytest

from pipelines.evaluate.figures import GRID
from stages.decide.acting import acts_at
from stages.decide.policy import ScreenRule, load_policy

POLICIES = sorted((Path(__file__).parents[3] / "policies").glob("*.yaml"))


def test_the_chinese_policy_acts_on_the_classifier_from_its_own_score():
    policy = next(load_policy(p) for p in POLICIES if p.stem.startswith("cn-"))
    assert acts_at(policy, "discrimination-zh@1", "discrimination", "flag") == 0.97
    assert acts_at(policy, "lexicon-terrorism@1", "A.1-d", "flag") == 0.6
    assert acts_at(policy, "cbrn-chemical@1", "cbrn-chemical", "flag") == 0.0  # a level decides, not a score
    assert acts_at(policy, "harm-en@1", "harm", "flag") is None, "what is only counted is not acted on"
    assert acts_at(policy, "cbrn-chemical@1", "cbrn-chemical", "mention") is None


@pytest.mark.parametrize("path", POLICIES, ids=lambda p: p.stem)
def test_every_score_of_a_shipped_policy_stands_on_the_measured_curve(path):
    scores = {rule.score for rule in load_policy(path).rules if isinstance(rule, ScreenRule)} - {0.0}
    assert scores <= set(GRID)
