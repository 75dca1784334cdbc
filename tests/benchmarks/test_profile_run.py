"""Looks of a sampling profiler become shares: who works counts, who waits does not."""

from __future__ import annotations

import pytest

from benchmarks.profile_run import innermost, render, stacks, summary

WORKS = "<module> (hallmark:6);run_stage (/x/pipelines/run.py:26);build (/x/pipelines/publish_part.py:62)"
SHEET = f"{WORKS};render_all (/x/lineage/sheets/__init__.py:47);render (/y/jinja2/environment.py:1275)"
WAITS = "main (/py/multiprocessing/forkserver.py:200);select (/py/selectors.py:469)"
IMPORTS = "<module> (/y/spacy/__init__.py:1)"


def test_processes_that_wait_are_not_counted() -> None:
    assert list(stacks([f"{WORKS} 3", f"{WAITS} 900"])) == [(WORKS, 3)]


def test_a_look_counts_for_the_innermost_function_of_the_project() -> None:
    assert innermost(SHEET) == "lineage/sheets/__init__.py: render_all"
    assert innermost(WORKS) == "pipelines/publish_part.py: build"
    assert innermost(IMPORTS) == "interpreter and imports of libraries"


def test_shares_add_up_and_evidence_is_told_apart() -> None:
    looks = {"pii": [(IMPORTS, 60)], "publish": [(WORKS, 30), (SHEET, 10)]}
    found = summary(looks)
    assert [row["share"] for row in found["stages"]] == [0.6, 0.4]
    assert found["stages"][1]["functions"][0] == ["pipelines/publish_part.py: build", 0.75]
    assert found["groups"]["sheets"] == found["evidence"] == pytest.approx(0.1)
    text = render({"mb": 1, "rate": 50} | found)
    assert "Evidence in all 10.0% of the run" in text and "| publish | 40.0% |" in text
