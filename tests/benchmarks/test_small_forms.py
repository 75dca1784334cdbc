"""The benchmarks of whole runs work on any folder of the layout; no time is asserted."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import pytest

from benchmarks import peers, scale
from benchmarks.incremental import measure as incremental

EN = [
    "harbour",
    "lighthouse",
    "ferry",
    "gardener",
    "teacher",
    "library",
    "winter",
    "orchard",
    "railway",
    "market",
    "letter",
]
ZH = "渡船清晨离开海岛旅客等待潮水退去港口灯塔果园铁路书信季节老师花匠图书馆集市冬天"


@pytest.fixture(scope="module")
def eval_dir(tmp_path_factory) -> Path:
    """A folder of the layout: some hundred texts in two languages, and labelled documents."""
    folder, dice = tmp_path_factory.mktemp("eval"), random.Random(3)
    rows = [{"text": _english(dice)} for _ in range(60)] + [{"text": _chinese(dice)} for _ in range(60)]
    labelled = [{"text": _english(dice), "keep": 1}, {"text": "0 1 2 3 4 5 " * 60, "keep": 0}]
    for name, content in {"corpora": rows, "quality": labelled}.items():
        (folder / name).mkdir()
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        (folder / name / "made.jsonl").write_text(lines, encoding="utf-8")
    return folder


def _english(dice: random.Random) -> str:
    return " ".join(" ".join(dice.choices(EN, k=12)).capitalize() + "." for _ in range(25))


def _chinese(dice: random.Random) -> str:
    return "".join("".join(dice.choices(ZH, k=24)) + "。" for _ in range(25))


def test_whole_chains_are_compared_on_planted_truths(eval_dir):
    options = argparse.Namespace(
        eval_dir=eval_dir,
        documents=60,
        rounds=1,
        workers=1,
        tools=["hallmark"],
        peer_python="",
        juicer_python="",
    )
    figures = peers.measure(options)
    (job,) = figures["jobs"]
    assert job["duplicates"]["removed"]["0%"].startswith("1.0000"), "exact copies are gone"
    assert set(job["pii_gone"].values()) <= {0.0, 1.0} and job["kept"] > 0
    assert "| hallmark |" in peers.render(figures)


def test_a_chain_that_cannot_run_is_named_with_its_error(eval_dir, tmp_path):
    options = argparse.Namespace(peer_python=str(tmp_path / "absent-python"), juicer_python="", workers=1)
    (tmp_path / "out").mkdir()
    broken = tmp_path / "absent-python"
    broken.write_text("#!/bin/sh\necho no such module >&2\nexit 3\n")
    broken.chmod(0o755)
    runs = [peers.run("datatrove", tmp_path, tmp_path / "out", options)]
    assert peers.summary("datatrove", runs, 10, 1.0) == {"tool": "datatrove", "not_run": "no such module"}


def test_cost_is_measured_per_stage_and_carried_on_as_an_extrapolation(eval_dir, tmp_path):
    run = scale.measure(eval_dir, tmp_path, 0.4, 1, add=True)
    assert run["added"]["stages"]["pii"]["parts_worked"] == 1
    assert set(run["stages"]) == set(scale.STAGES) and run["disk_mb"]["release"] > 0
    twice = json.loads(json.dumps(run)) | {"mb": 0.8, "documents": run["documents"] * 2}
    for stage in twice["stages"].values():
        stage["cpu_seconds"] = stage["cpu_seconds"] * 4 + 0.04
        stage["peak_mib"] += 1
    curve = scale.curves([run, twice])["pii"]
    assert curve["exponent"] == pytest.approx(2.0, abs=0.2)
    figures = {"workers": 1, "runs": [run, twice], "curves": scale.curves([run, twice])}
    report = scale.render(figures | {"wall": scale.wall([run, twice])})
    assert "extrapolated" in report and "The first wall" in report and "A source of 1 % added" in report


def test_what_a_change_costs_is_measured_and_ends_in_the_bytes_of_a_run_from_nothing(eval_dir, tmp_path):
    figures = incremental(eval_dir, tmp_path, 0.4, 1)
    assert figures["same_bytes"]
    ran = {case["case"]: set(case["stages"]) for case in figures["cases"]}
    assert ran["nothing changed"] == {"inventory"}
    measuring = {"ingest", "quality", "dedup", "pii", "screen"}
    assert not measuring & ran["one threshold of the policy changed"]
    assert measuring & ran["one detector changed"] == {"pii"}
    removed = next(c for c in figures["cases"] if c["case"].startswith("one document removed"))
    assert removed["stages"]["publish"]["parts_worked"] == 1


def test_one_large_file_is_read_whole_in_each_packing(tmp_path, monkeypatch, capsys):
    from benchmarks import one_file

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    rows = one_file.main(0.05)
    assert set(rows) == set(one_file.FORMS)
    assert {(r["documents"], round(r["gb"], 3)) for r in rows.values()} == {
        (next(iter(rows.values()))["documents"], round(next(iter(rows.values()))["gb"], 3))
    }
    assert all(r["peak"] >= r["idle"] > 0 and r["documents"] > 10_000 for r in rows.values())
    assert capsys.readouterr().out.count("jsonl") == 3
