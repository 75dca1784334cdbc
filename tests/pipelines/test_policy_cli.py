"""Policies: every name in one exists, each rule can be told in words, and its examples come out as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineage.errors import SettingsError
from pipelines.cli.policy import app
from pipelines.policies import explain, lint, try_examples
from stages.decide.policy import load_policy

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "policies").glob("*.yaml"))
HEAD = "policy: probe\nversion: 1\ntitle: {en: Probe}\n"


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def write(folder: Path, body: str) -> Path:
    path = folder / "probe.yaml"
    path.write_text(HEAD + body, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_policy_names_only_what_exists(path: Path) -> None:
    assert [p for p in lint(path) if p.level == "error"] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_the_examples_of_a_shipped_policy_come_out_as_it_says(path: Path) -> None:
    assert [o for o in try_examples(load_policy(path)) if o.wrong] == []


@pytest.mark.parametrize("name", ["eu-ai-act", "us-ca-ab2013", "nist-ai-600-1"])
def test_a_new_project_gets_the_same_policy_and_nothing_in_it_counts_as_verified(name: str) -> None:
    own = ROOT / "policies" / f"{name}.yaml"
    assert own.read_bytes() == (ROOT / "pipelines/template/policies" / own.name).read_bytes()
    policy = load_policy(own)
    assert not any(entry.verified for entry in (*policy.rules, *policy.gates))
    assert len(policy.examples) >= 15
    assert all(entry.edition for entry in (*policy.rules, *policy.gates) if entry.clause)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_rule_and_gate_can_be_told_in_words(path: Path) -> None:
    policy = load_policy(path)
    for entry in (*policy.rules, *policy.gates):
        told = explain(policy, entry.id)
        assert told.startswith(f"{entry.id}: ")
        assert not entry.clause or entry.clause in told


BROKEN = {
    "column": "{id: r, on: quality, column: noise, op: '>', value: 1, action: remove, reason: low-quality}",
    "codes": "{id: r, on: screen, codes: [A.9-z], action: remove, reason: prohibited-content}",
    "detectors": "{id: r, on: screen, codes: ['*'], detectors: [nobody@1], action: flag, reason: poisoning}",
    "levels": "{id: r, on: screen, codes: ['*'], levels: [loud], action: flag, reason: poisoning}",
    "types": "{id: r, on: pii, types: [SHOE_SIZE], count_over: 1, action: remove, reason: pii-density}",
    "sensitive": "{id: r, on: pii, sensitive: [shoes], action: remove, reason: pii-sensitive}",
    "verdicts": "{id: r, on: ai-label, verdicts: [labelled-9], action: flag, reason: synthetic-cap}",
    "two tests": "{id: r, on: pii, per_kchar_over: 1, count_over: 2, action: remove, reason: pii-density}",
}


@pytest.mark.parametrize("field", BROKEN)
def test_a_rule_that_names_what_does_not_exist_is_an_error_with_its_line(field: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"rules:\n  - {BROKEN[field]}\n")
    errors = [p for p in lint(path) if p.level == "error"]
    assert len(errors) == 1
    assert ":5" in errors[0].where and errors[0].cure
    assert run("lint", str(path)).exit_code == 1


def test_an_unknown_measure_and_an_unknown_type_are_errors(tmp_path: Path) -> None:
    path = write(tmp_path, "pii: {types: {SHOE_SIZE: keep}}\nrules: []\ngates:\n  - {id: g, measure: luck}\n")
    done = run("lint", str(path), "--json")
    found = [p["what"] for p in json.loads(done.output)["probe.yaml"] if p["level"] == "error"]
    assert done.exit_code == 1
    assert found[:2] == ["unknown type 'SHOE_SIZE'", "unknown measure 'luck'"] and "no rules" in found[2]


def test_a_policy_that_its_file_is_not_named_after_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "rules: []\n").rename(tmp_path / "other.yaml")
    assert any("called 'probe'" in p.what for p in lint(path) if p.level == "error")


def test_a_policy_without_rules_and_an_empty_one_are_errors_that_say_so(tmp_path: Path) -> None:
    told = run("lint", str(write(tmp_path, "rules: []\n")))
    assert told.exit_code == 1 and "no rules: every document would be kept" in told.output
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"empty\.yaml"):
        load_policy(empty)


def test_an_example_that_comes_out_otherwise_fails_and_says_how(tmp_path: Path) -> None:
    rule = "{id: no-licence, on: rights, test: licence-missing, action: remove, reason: licence-missing}"
    case = "{name: stays, given: {licence: NOASSERTION}, expect: {disposition: kept, flags: [x]}}"
    done = run("test", str(write(tmp_path, f"rules:\n  - {rule}\nexamples:\n  - {case}\n")))
    assert done.exit_code == 1
    assert "FAIL: stays" in done.output
    assert "removed, expected kept" in done.output
    assert "decided by no-licence, expected no rule" in done.output
    assert re.search(r"flags \[\], expected \['x'\]", done.output)


def test_explaining_a_rule_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    done = run("explain", "nothing", "--policy", str(SHIPPED[0]))
    assert done.exit_code == 1
    assert "terrorism" in str(done.exception)


def test_explain_without_a_name_lists_every_rule_and_gate() -> None:
    policy = load_policy(SHIPPED[0])
    done = run("explain", "--policy", str(SHIPPED[0]))
    assert done.exit_code == 0
    assert all(f"  {entry.id} " in done.output for entry in (*policy.rules, *policy.gates))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_policy_carries_at_least_twenty_examples(path: Path) -> None:
    assert len(load_policy(path).examples) >= 20


@pytest.mark.parametrize(("score", "warned"), [(0.5, False), (0.6, False), (0.61, True)])
def test_an_acting_rule_at_a_score_that_nobody_measured_is_a_warning(tmp_path, score, warned) -> None:
    rule = f"{{id: r, on: screen, codes: [A.1-d], detectors: ['lexicon-terrorism@*'], score: {score}, "
    acting = write(tmp_path, f"rules:\n  - {rule}action: quarantine, reason: prohibited-content}}\n")
    assert any("nothing was measured" in p.what for p in lint(acting)) is warned
    counting = write(tmp_path, f"rules:\n  - {rule}action: flag, reason: prohibited-content}}\n")
    assert not any("nothing was measured" in p.what for p in lint(counting))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_what_lint_warns_of_in_a_shipped_policy_is_what_nobody_could_measure(path: Path) -> None:
    told = [p.what for p in lint(path) if "nothing was measured" in p.what]
    assert [what.rsplit("measured of ")[1].split("@")[0] for what in told] == [
        "lexicon-sexual-minors",
        "important-data-markers",
    ]


@pytest.mark.parametrize(("level", "warned"), [("restricted", False), ("flag", True)])
def test_a_rule_on_a_level_that_a_model_never_reports_does_not_act_on_it(tmp_path, level, warned) -> None:
    rule = (
        f"{{id: r, on: screen, codes: [cbrn], levels: [{level}], action: quarantine, reason: cbrn-context}}"
    )
    path = write(tmp_path, f"rules:\n  - {rule}\n")
    assert any("cbrn-topic-en@1 cbrn" in p.what for p in lint(path)) is warned


OBLIGING = "{id: r, on: rights, test: licence-obligation, action: remove, reason: licence-obligation}"


def test_refused_obligations_without_their_rule_and_readings_of_known_licences_are_errors(
    tmp_path: Path,
) -> None:
    def wrong(head: str, rule: str) -> list[str]:
        path = write(tmp_path, f"licences: {head}\nrules:\n  - {rule}\n")
        return [p.what for p in lint(path) if p.level == "error"]

    other = OBLIGING.replace("licence-obligation", "licence-missing")
    assert wrong("{refuse_obligations: [non-commercial]}", OBLIGING) == []
    assert wrong("{refuse_obligations: [non-commercial]}", other) == ["no rule reads this list"]
    assert wrong("{}", other) == []
    assert len(wrong("{terms: {MIT: [], LicenseRef-House: []}}", OBLIGING)) == 1


def test_a_rule_over_obligations_names_them(tmp_path: Path) -> None:
    def told(head: str) -> str:
        return explain(load_policy(write(tmp_path, f"licences: {head}\nrules:\n  - {OBLIGING}\n")), "r")

    assert "(no-derivatives, no-ai-training)" in told(
        "{refuse_obligations: [no-derivatives, no-ai-training]}"
    )
    assert "fires nowhere" in told("{}")
