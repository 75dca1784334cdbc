"""What the one who verifies asks for beyond good signatures: --require."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from lineage.certificate import GATE_STATES
from lineage.errors import SettingsError
from lineage.trust import GRADES
from lineage.verify.report import FAILED, INCOMPLETE, STALE, Report
from lineage.verify.statement import Statement, gates_of

HELP = (
    "certified | complete | policy=ID | policy>=VERSION | max-age=180d | GATE=STATUS[,STATUS], "
    "where GATE may be a pattern (pii*=pass,waived)"
)
_AGE = re.compile(r"max-age=(\d{1,5})d")
_VERSION = re.compile(r"policy>=(\d+(?:\.\d+)*)")
_NAMED = re.compile(r"([^=<>]+)=(.+)")


def check_words(require: Sequence[str]) -> None:
    """Refuse a demand that nobody understands (SettingsError), before any work."""
    for word in require:
        states = set(word.partition("=")[2].split(","))
        named = _NAMED.fullmatch(word)
        known = word in (*GRADES, "complete") or _AGE.fullmatch(word) or _VERSION.fullmatch(word)
        if not known and not (named and (named[1] == "policy" or states <= set(GATE_STATES))):
            raise SettingsError("no such requirement", where=f"--require {word}", cure=HELP)


def check(
    require: Sequence[str],
    statements: Sequence[Statement],
    dated: Sequence[Statement],
    missing: Sequence[str],
    today: date,
    report: Report,
) -> None:
    """Report every demand not met; `dated`: statements whose age counts, `missing`: listed files not here."""
    for word in require:
        if word in GRADES:
            if GRADES.index(word) > GRADES.index(report.grade or GRADES[0]):
                report.refuse(INCOMPLETE, "", f"required: {word}; the grade reached is {report.grade}")
        elif word == "complete":
            if missing:
                report.refuse(
                    INCOMPLETE, missing[0], f"required: complete; {len(missing)} listed files are not here"
                )
        elif age := _AGE.fullmatch(word):
            _age(int(age[1]), dated, today, report)
        elif word.startswith("policy"):
            _policy(word, statements, report)
        else:
            _gate(word, statements, report)


def _age(days: int, statements: Sequence[Statement], today: date, report: Report) -> None:
    dates = [
        date.fromisoformat(s.predicate["validity"]["as_of"]) for s in statements if "validity" in s.predicate
    ]
    if not dates:
        report.refuse(
            INCOMPLETE, "", "required: an age; only the release certificate has a date, and it is not here"
        )
        return
    oldest = min(dates)
    if (today - oldest).days > days:
        report.refuse(STALE, "", f"required: at most {days} days old; the oldest certificate is of {oldest}")


def _policy(word: str, statements: Sequence[Statement], report: Report) -> None:
    least = _VERSION.fullmatch(word)
    for policy in map(_policy_of, statements):
        if least and _numbers(str(policy["version"])) >= _numbers(least[1]):
            continue
        if not least and policy["id"] == word.partition("=")[2]:
            continue
        report.refuse(FAILED, "", f"required: {word}; the policy is {policy['id']} {policy['version']}")
        return


def _policy_of(statement: Statement) -> dict[str, Any]:
    policy = statement.predicate["policy"]
    return policy.get("annotations", policy)


def _gate(word: str, statements: Sequence[Statement], report: Report) -> None:
    name, _, states = word.partition("=")
    found = [gate for gate in gates_of(statements) if fnmatchcase(gate["id"], name)]
    if not found:
        report.refuse(FAILED, "", f"required: {word}; no certificate has such a gate")
    for gate in found:
        if gate["status"] not in states.split(","):
            report.refuse(FAILED, "", f"required: {word}; gate {gate['id']} is {gate['status']}")
            return


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version))
