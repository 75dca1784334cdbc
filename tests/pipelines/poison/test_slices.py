"""Where parts are fewer than workers can share, their slices give the files that whole parts give."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from poison_stages import CRASH
from test_poison import COLUMNS, REF, stage_over

from pipelines import parts, slices
from pipelines.part_work import PartTask
from pipelines.project import PartRef, Project, write_json
from pipelines.stage_run import StageRun
from pipelines.tasks import pii, quality, screen

#: The limits of `stage_over` are for functions that hang; real detectors take longer to load.
UNHURRIED = "release: {title: {zh: t, en: t}, as_of: 2026-01-01}\nexecutor: {workers: 2}\n"
TEXTS = [
    "The ferry leaves at nine, and the museum opens an hour later. " * 8,
    "请致电 13800138000 或写信到 box@example.org 联系我们。" * 4,
    "机密★5年\n关于做好有关工作的通知",
    "short",
    "Buy now!!! http://example.com " * 20,
]


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "LEAST", 100)


def files(run: StageRun, *folders: str) -> dict[str, bytes]:
    """Return every file of these folders, hidden ones too."""
    found = (p for f in folders for p in sorted((run.project.data / f).rglob("*")) if p.is_file())
    return {p.relative_to(run.project.data).as_posix(): p.read_bytes() for p in found}


def both_ways(folder: Path, monkeypatch: pytest.MonkeyPatch, stage: str, fn: str, *outputs: str) -> tuple:
    """Run a stage's real function over one part, whole and in slices; return what stands there after each."""
    texts = [text + (" " * (i // 5)) for i, text in enumerate(TEXTS * 6)]
    found = []
    for least in (slices.LEAST, 100):
        monkeypatch.setattr(slices, "LEAST", least)
        stage_over(folder, texts)
        (folder / "params.yaml").write_text(UNHURRIED)
        run = StageRun(stage, Project(folder))
        write_json(run.project.data / "inventory" / f"{stage}.json", {"code": {}})
        calls = []
        execute = run._execute
        run._execute = lambda *a, calls=calls, execute=execute, **k: (
            calls.append(len(a[1])) or execute(*a, **k)
        )
        columns = {"quality": quality, "pii": pii, "screen": screen}[stage].COLUMNS
        run.map_parts(
            fn, {"ingest": columns}, outputs, extra=b"k" * 32, aligned=outputs[:1], by_document=True
        )
        found.append((calls, files(run, *outputs)))
        for path in run.project.data.rglob("*.parquet"):
            path.unlink()
    return tuple(found)


@pytest.mark.parametrize(
    ("stage", "outputs"),
    [("quality", ("quality",)), ("pii", ("pii", "pii_spans")), ("screen", ("screen_found",))],
)
def test_slices_of_a_part_give_the_bytes_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, outputs: tuple[str, ...]
) -> None:
    whole, sliced = both_ways(tmp_path, monkeypatch, stage, f"pipelines.tasks.{stage}:part", *outputs)
    assert whole[0] == [1]
    assert sliced[0] == [4]
    assert sliced[1] == whole[1]
    assert len(whole[1]) == len(outputs)


def test_a_poisonous_record_in_a_slice_is_found_in_the_part(tmp_path: Path, small_slices: None) -> None:
    run = stage_over(tmp_path, [CRASH if i == 33 else "text" for i in range(40)])
    run.map_parts("poison_stages:fragile", {"ingest": COLUMNS}, ("quality",), by_document=True)
    assert parts.poisoned(run.project.table("quality", REF)) == [(33, "died")]
    table = parts.read_part(run.project.table("quality", REF))
    assert table["lang"].to_list() == ["ok"] * 33 + ["unreadable"] + ["ok"] * 6
    assert list(files(run, "quality")) == ["quality/s/p-0000.parquet"]


def test_a_run_that_fails_leaves_no_slice_behind(tmp_path: Path, small_slices: None) -> None:
    run = stage_over(tmp_path, ["text"] * 40)
    with pytest.raises(Exception, match="no_such_function"):
        run.map_parts("poison_stages:no_such_function", {"ingest": COLUMNS}, ("quality",), by_document=True)
    assert files(run, "quality") == {}


@given(
    weights=st.lists(st.integers(0, 1 << 28), min_size=1, max_size=8),
    rows=st.integers(0, 50),
    workers=st.integers(1, 16),
)
def test_slices_cover_each_part_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, weights: list[int], rows: int, workers: int
) -> None:
    path = tmp_path_factory.getbasetemp() / f"rows-{rows}.parquet"
    if not path.is_file():
        pl.DataFrame({"row": range(rows)}, schema={"row": pl.UInt32}).write_parquet(path)
    task = PartTask(
        "m:f", REF, (("ingest", str(path), None),), (("out", "d/x.parquet"),), None, None, "k", ()
    )
    tasks = [replace(task, ref=PartRef("s", f"{i}", weight)) for i, weight in enumerate(weights)]
    found = slices.cut(tasks, workers)
    share = max(slices.LEAST, sum(weights) // (slices.SHARES * workers))
    for whole, group in zip(tasks, found, strict=True):
        if workers == 1 or whole.weight <= share or rows < 2:
            assert group == [whole]
            continue
        edges = [piece.rows for piece in group]
        assert [edges[0][0], edges[-1][1]] == [0, rows]
        assert all(a[1] == b[0] for a, b in itertools.pairwise(edges))
        assert all(a < b for a, b, _ in edges)
        names = [path for piece in group for _, path in piece.outputs]
        assert len(set(names)) == len(names)
