"""The dedup stage on real files: resume after a kill, incremental work, any number of workers, what is left behind."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import yaml
from support import copy_checkout

from lineage.errors import SettingsError
from lineage.records import DOCUMENTS
from pipelines import executor, parts, stage_run
from pipelines.project import Project
from pipelines.run import run_stage
from pipelines.stage_run import StageRun
from pipelines.tasks import dedup as task
from stages import dedup

SETTINGS = {"threshold": 0.8, "partitions": 3, "batch_shingles": 1000}


def work(root: Path, **settings) -> tuple[StageRun, dict]:
    """Run the stage in `root` with these settings."""
    path = root / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["dedup"] = settings or params["dedup"]
    path.write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    run = StageRun("dedup", Project(root))
    return run, task.run(run)


def written(root: Path) -> dict[str, bytes]:
    folders = (root / "data" / name for name in ("dedup", "dedup_signatures", "dedup_edges"))
    return {
        str(p.relative_to(root)): p.read_bytes() for f in folders for p in sorted(f.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="module")
def ingested(tmp_path_factory) -> Path:
    """Return the sample project, read in: the dedup stage needs no more."""
    root = copy_checkout(tmp_path_factory.mktemp("ingested"))
    for name in ("inventory", "ingest"):
        run_stage(name, Project(root))
    return root


@pytest.fixture
def project(ingested: Path, tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("params.yaml", "sources.yaml"):
        shutil.copy2(ingested / name, root / name)
    shutil.copytree(ingested / "data", root / "data")
    return root


def test_one_and_two_workers_write_the_same_bytes(project: Path, monkeypatch) -> None:
    results = []
    for workers in (1, 2):
        shutil.rmtree(project / "data" / "dedup_edges", ignore_errors=True)
        shutil.rmtree(project / "data" / "dedup_signatures", ignore_errors=True)
        pooled = partial(executor.run_tasks, spread=0)  # small tasks go to workers too
        monkeypatch.setattr(
            stage_run, "run_tasks", lambda *a, w=workers, p=pooled, **k: p(*a, **k | {"workers": w})
        )
        _, figures = work(project, **SETTINGS)
        results.append((written(project), figures))
    assert results[0] == results[1]
    assert results[0][1]["near_pairs"] > 5


def test_a_killed_search_goes_on_where_it_was_and_leaves_nothing_behind(project: Path, monkeypatch) -> None:
    _, whole = work(project, **SETTINGS)
    expected = written(project)
    shutil.rmtree(project / "data" / "dedup_edges")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dedup, "verify", killed)
        with pytest.raises(KeyboardInterrupt):
            work(project, **SETTINGS)
    scratch = project / "data" / "dedup_edges" / "scratch"
    assert len(list(scratch.glob("candidates-*.parquet"))) == 3
    with monkeypatch.context() as patch:
        for name in ("sign", "exact", "candidates"):
            patch.setattr(dedup, name, killed)
        _, again = work(project, **SETTINGS)
    assert again == whole
    assert written(project) == expected
    assert not scratch.exists()


def test_a_step_of_other_settings_is_not_taken_for_one_of_these(project: Path, monkeypatch) -> None:
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dedup, "verify", killed)
        with pytest.raises(KeyboardInterrupt):
            work(project, **SETTINGS | {"threshold": 0.99})
    work(project, **SETTINGS)
    resumed = written(project)
    shutil.rmtree(project / "data" / "dedup_edges")
    work(project, **SETTINGS)
    assert written(project) == resumed


def test_only_the_changed_part_is_signed_again(project: Path) -> None:
    first, _ = work(project, **SETTINGS)
    assert len(first.log) > len(first.parts)
    second, _ = work(project, **SETTINGS)
    assert second.log == []
    signed = {ref: first.project.table("dedup_signatures", ref).stat().st_mtime_ns for ref in first.parts}
    ref = first.parts[0]
    path = first.project.table("ingest", ref)
    parts.write_part(path, parts.read_part(path), DOCUMENTS, "0" * 64)
    work(project, **SETTINGS)
    touched = [
        r for r in first.parts if first.project.table("dedup_signatures", r).stat().st_mtime_ns != signed[r]
    ]
    assert touched == [ref]


def test_a_damaged_signature_file_is_made_again(project: Path) -> None:
    run, figures = work(project, **SETTINGS)
    expected = written(project)
    path = run.project.table("dedup_signatures", run.parts[1])
    path.write_bytes(path.read_bytes()[:-200])
    assert work(project, **SETTINGS)[1] == figures
    assert written(project) == expected


def test_the_report_lies_beside_the_edges_and_adds_up(project: Path) -> None:
    run, figures = work(project, **SETTINGS)
    report = json.loads((project / "data" / "dedup_edges" / "report.json").read_text(encoding="utf-8"))
    assert report == {k: v for k, v in figures.items() if k != "method"}
    edges = parts.read_part(project / "data" / "dedup_edges" / "edges.parquet")
    assert report["exact_pairs"] + report["near_pairs"] == edges.height
    assert sum(p["exact"] + p["near"] for p in report["source_pairs"]) == edges.height
    assert sum(b["pairs"] for b in report["histogram"]) == report["near_pairs"]
    rows = sum(parts.read_part(run.project.table("dedup", r), ["row"]).height for r in run.parts)
    assert report["documents"] == rows == sum(s["documents"] for s in report["sources"])


def test_repeated_lines_and_test_sets_become_columns_only_where_asked(project: Path) -> None:
    run, _ = work(project, **SETTINGS)
    plain = [parts.read_part(run.project.table("dedup", r)) for r in run.parts]
    assert all(set(t.columns) == {"row", "doc_id", "exact", "shingles", "cluster", "degree"} for t in plain)
    ref = max(run.parts, key=lambda r: r.bytes)
    texts = parts.read_part(run.project.table("ingest", ref), ["row", "text"]).drop_nulls("text")
    quoted = texts.sort(pl.col("text").str.len_chars(), descending=True).row(0, named=True)
    (project / "exams").mkdir()
    (project / "exams" / "quiz.jsonl").write_text(
        json.dumps({"question": quoted["text"]}) + "\n", encoding="utf-8"
    )
    work(project, **SETTINGS | {"repeat_documents": 2, "repeat_chars": 4, "test_sets": "exams"})
    found = {r: parts.read_part(run.project.table("dedup", r)) for r in run.parts}
    hit = found[ref].filter(pl.col("row") == quoted["row"]).row(0, named=True)
    assert hit["test_sets"] == ["quiz"] and hit["test_ngrams"] > 0
    every = pl.concat(found.values())
    assert every["repeated_lines"].null_count() == 0 < every["repeated_lines"].max() <= 1.0
    assert (every["test_ngrams"] > 0).equals(every["test_sets"].list.len() > 0)
    assert not (project / "data" / "dedup_edges" / "repeats").exists()


def test_a_folder_without_test_sets_is_an_error_that_names_the_setting(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"dedup\.test_sets"):
        work(project, **SETTINGS | {"test_sets": "nowhere"})


def _counted(monkeypatch) -> list[int]:
    """Return a list that grows by the pairs of each batch that is compared from now on."""
    compared, verify = [], dedup.verify

    def counting(batch, texts, settings):
        compared.append(batch.height)
        return verify(batch, texts, settings)

    monkeypatch.setattr(dedup, "verify", counting)
    return compared


def _plan(root: Path, keep) -> list[dict]:
    """Leave only the parts for which keep(index, part) holds in the plan; return the plan before."""
    path = root / "data" / "ingest" / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    before = plan["parts"]
    plan["parts"] = [p for i, p in enumerate(before) if keep(i, p)]
    path.write_text(json.dumps(plan), encoding="utf-8")
    return before


def _from_nothing(root: Path) -> dict[str, bytes]:
    for name in ("dedup", "dedup_signatures", "dedup_edges"):
        shutil.rmtree(root / "data" / name)
    work(root, **SETTINGS)
    return written(root)


def test_added_changed_and_removed_parts_give_the_bytes_of_a_run_from_nothing(
    project: Path, monkeypatch
) -> None:
    compared = _counted(monkeypatch)
    whole = _plan(project, lambda i, _: i % 3 != 0)
    work(project, **SETTINGS)
    first = sum(compared)
    _plan(project, lambda *_: True)
    path = project / "data" / "ingest" / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(plan | {"parts": whole}), encoding="utf-8")
    for change in ("added", "changed", "removed"):
        if change == "changed":
            ref = StageRun("dedup", Project(project)).parts[1]
            table = project / "data" / "ingest" / ref.file()
            docs, first_row = parts.read_part(table), pl.col("row") == 0
            new = {"text": pl.lit("changed"), "text_sha256": pl.lit(b"0" * 32)}
            docs = docs.with_columns(pl.when(first_row).then(v).otherwise(n).alias(n) for n, v in new.items())
            parts.write_part(table, docs, DOCUMENTS, "1" * 64)
        if change == "removed":
            _plan(project, lambda i, _: i != 2)
        compared.clear()
        work(project, **SETTINGS)
        again, incremental = sum(compared), written(project)
        compared.clear()
        assert _from_nothing(project) == incremental, change
        assert again < sum(compared), change
        assert change != "removed" or again == 0
    assert first > 0


def test_another_threshold_compares_no_pair_again_and_other_shingles_all(project: Path, monkeypatch) -> None:
    fixed = SETTINGS | {"bands": 17, "rows": 7}
    compared = _counted(monkeypatch)
    work(project, **fixed)
    whole = sum(compared)
    compared.clear()
    work(project, **fixed | {"threshold": 0.85})
    assert sum(compared) == 0 < whole
    expected = written(project)
    shutil.rmtree(project / "data" / "dedup_edges")
    work(project, **fixed | {"threshold": 0.85})
    assert written(project) == expected
    compared.clear()
    work(project, **fixed | {"word_ngram": 4})
    assert sum(compared) > 0


def test_a_threshold_signs_nothing_again_and_what_a_signature_depends_on_signs_everything(
    project: Path, monkeypatch
) -> None:
    run, _ = work(project, **SETTINGS)
    tables = [run.project.table("dedup_signatures", ref) for ref in run.parts]
    before = [t.stat().st_mtime_ns for t in tables]
    others = {"threshold": 0.7, "hot_band_size": 9, "batch_shingles": 2000, "source_loss_warn": 0.1}
    work(project, **SETTINGS | others)
    assert [t.stat().st_mtime_ns for t in tables] == before
    for changed in ({"num_perm": 64}, {"seed": 2}, {"word_ngram": 3}, {"char_ngram": 3}):
        then = [t.stat().st_mtime_ns for t in tables]
        work(project, **SETTINGS | changed)
        assert all(t.stat().st_mtime_ns != at for t, at in zip(tables, then, strict=True)), changed


def test_a_lower_threshold_finds_what_the_earlier_one_had_turned_away(project: Path) -> None:
    _, strict = work(project, **SETTINGS | {"threshold": 0.95})
    _, loose = work(project, **SETTINGS | {"threshold": 0.6})
    carried_over = written(project)
    for name in ("dedup", "dedup_signatures", "dedup_edges"):
        shutil.rmtree(project / "data" / name)
    _, fresh = work(project, **SETTINGS | {"threshold": 0.6})
    assert written(project) == carried_over
    assert loose == fresh and loose["near_pairs"] > strict["near_pairs"]
