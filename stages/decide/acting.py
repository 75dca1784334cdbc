"""From which score a policy acts on what a detector says: the figure that a certificate must quote."""

from __future__ import annotations

from fnmatch import fnmatchcase

from stages.decide.policy import Policy, ScreenRule

#: Levels of a hit that an evidence file measures together as `flag`.
MEASURED_TOGETHER = ("flag", "context", "restricted", "marking", "exam-paper")


def acts_at(policy: Policy, detector: str, code: str, level: str) -> float | None:
    """Return the least score at which a rule removes or holds for this detector's code; None where none does.

    A level named `flag` stands for all levels but mentions, as in evidence files. Rules that only count do not act.
    """
    levels = MEASURED_TOGETHER if level == "flag" else (level,)
    scores = [
        rule.score
        for rule in policy.rules
        if isinstance(rule, ScreenRule) and rule.action != "flag" and _speaks_of(rule, detector, code, levels)
    ]
    return min(scores, default=None)


def _speaks_of(rule: ScreenRule, detector: str, code: str, levels: tuple[str, ...]) -> bool:
    return (
        any(fnmatchcase(code, pattern) for pattern in rule.codes)
        and any(fnmatchcase(detector, pattern) for pattern in rule.detectors)
        and (rule.levels is None or bool(set(rule.levels) & set(levels)))
    )
