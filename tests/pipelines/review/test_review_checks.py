"""Check sets at the desk: blind, harmless to the quarantine, and counted with honest intervals."""

from __future__ import annotations

import json
from pathlib import Path

import desk_project as made
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from lineage.errors import HallmarkError
from pipelines.project import Project
from pipelines.review_desk import checks
from pipelines.review_desk.desk import Desk
from pipelines.review_desk.draws import draw_table, load_items
from pipelines.review_desk.texts import Texts
from stages.decide.reviews import load_reviews


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    return made.copied(tmp_path_factory.getbasetemp(), tmp_path / "project")


def stratum(docs: int, read: int, right: int) -> dict[str, int]:
    return {"docs": docs, "drawn": read, "read": read, "right": right, "open": 0}


def test_a_check_is_read_blind_and_measures_without_releasing_anything(project: Project) -> None:
    items = load_items(project, "detector")
    secret = made.find(project, "detector", "机密★5年")
    reading = Texts(project, "detector").read(next(i for i in items if i.id == secret))
    assert reading.hits == () and reading.verdict == {}
    assert Texts(project, "probe").read(next(i for i in items if i.id == secret)).hits
    assert len({i.id for i in items}) == len(items)
    desk = Desk(project, "detector", "r1", "annotator")
    for item in items:
        assert desk.state()["item"] == item.id
        desk.judge(item.id, *(("remove", "secrecy-state") if item.id == secret else ("pass", None)), 9.0)
    desk.close()
    assert load_reviews(project.root / "reviews")["verdict"].to_list() == ["remove"]
    found = checks.check_facts(project)
    own = next(
        e for e in found["detectors"] if (e["detector"], e["language"]) == ("secrecy-markings@1", "zh")
    )
    assert (
        own["strata"]["flagged"] | {"drawn": 1, "docs": 1, "read": 1, "right": 1} == own["strata"]["flagged"]
    )
    assert own["precision"] == [1.0, 0.025, 1.0]
    assert own["recall"] == [1.0, 1.0, 1.0]  # 24 texts in Chinese, read whole
    other = next(e for e in found["detectors"] if e["detector"] == "lexicon-insult@1")
    assert (other["precision"], other["recall"]) == (None, None)
    printed = checks.check_lines(found)
    assert "secrecy-markings@1 zh" in printed
    assert any(line.startswith("  precision 100.00% (95 % 2.50% to 100.00%)") for line in printed)
    assert json.loads(checks.document(found)) == found
    strata = draw_table(project, "detector")["stratum"].str.split(" ").list.last()
    assert set(strata) <= {"flagged", "near", "unflagged"}


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 60), st.integers(0, 60))
def test_the_recall_lies_in_its_interval_and_bounds_are_exact(n: int, k: int, m: int, j: int) -> None:
    k, j = min(k, n), min(j, m)
    strata = {"flagged": stratum(500, n, k), "unflagged": stratum(90_000, m, j)}
    found = checks.recall(strata)
    if not k and not j:
        assert found is None
        return
    share, low, high = found
    assert 0 <= low <= share <= high <= 1
    alpha = 0.025 / 3
    least = 500 * (beta.ppf(alpha, k, n - k + 1) if k else 0.0)
    most = 90_000 * (beta.ppf(1 - alpha, j + 1, m - j) if j < m else 1.0)
    assert low == pytest.approx(least / (least + most), abs=2e-4)


def test_a_stratum_read_whole_has_no_sampling_error_and_an_unread_one_leaves_recall_open() -> None:
    whole = {"flagged": stratum(10, 10, 8), "near": stratum(4, 4, 1), "unflagged": stratum(30, 30, 1)}
    assert checks.recall(whole) == [0.8, 0.8, 0.8]
    assert checks.recall(whole | {"unflagged": stratum(30, 0, 0)}) is None
    assert checks.recall({"unflagged": stratum(30, 30, 0)}) is None


def test_a_corpus_without_check_sets_says_what_to_run(project: Project) -> None:
    (project.data / "sample" / "checks.json").unlink()
    with pytest.raises(HallmarkError, match="no check sets"):
        checks.check_facts(project)
