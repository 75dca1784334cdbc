"""A record that no detector survives costs itself alone: the others are measured, it waits in quarantine."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from poison_stages import CRASH, FLOOD, LOOP

from lineage.errors import HallmarkError
from lineage.reasons import BY_SLUG
from lineage.records import DOCUMENTS
from pipelines import parts
from pipelines.project import PartRef, Project, write_json
from pipelines.stage_run import StageRun
from pipelines.tasks.sample import POISONOUS, hold_poisoned
from stages.decide.settle import settle

REF = PartRef("s", "p-0000", 1000)
COLUMNS = ("row", "doc_id", "status", "text")
PARAMS = """\
release: {title: {zh: t, en: t}, as_of: 2026-01-01}
executor: {workers: 2, document_seconds: 1, bytes_per_second: 1000, worker_mib: 700}
"""


def stage_over(folder: Path, texts: list[str]) -> StageRun:
    """Return a stage `quality` of a project with one part that holds these texts."""
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "sources.yaml").write_text("sources: []\n")
    rows = pl.DataFrame(
        {
            "row": range(len(texts)),
            "doc_id": [i.to_bytes(32, "big") for i in range(len(texts))],
            "source": "s",
            "status": "ok",
            "text": texts,
        }
    )
    empty = pl.DataFrame(DOCUMENTS.empty_table())
    project = Project(folder)
    parts.write_part(
        project.table("ingest", REF), pl.concat([empty, rows], how="diagonal_relaxed"), DOCUMENTS, "k"
    )
    line = {"source": REF.source, "part": REF.part, "bytes": REF.bytes, "inputs": []}
    write_json(project.data / "ingest" / "plan.json", {"parts": [line]})
    write_json(project.data / "inventory" / "quality.json", {"code": {}})
    return StageRun("quality", project)


def measure(run: StageRun, fn: str) -> pl.DataFrame:
    run.map_parts(f"poison_stages:{fn}", {"ingest": COLUMNS}, ("quality",))
    return parts.read_part(run.project.table("quality", REF))


@pytest.mark.parametrize(("mark", "why"), [(CRASH, "died"), (LOOP, "time"), (FLOOD, "memory")])
def test_a_poisonous_record_is_found_and_the_others_are_measured(
    tmp_path: Path, capfd, mark: str, why: str
) -> None:
    texts = ["x" * i for i in range(1, 41)]
    texts[17] = mark
    run = stage_over(tmp_path, texts)
    table = measure(run, "fragile")
    assert parts.poisoned(run.project.table("quality", REF)) == [(17, why)]
    assert table["lang"].to_list() == ["ok"] * 17 + ["unreadable"] + ["ok"] * 22
    assert table["quality_score"].to_list() == [len(t) if i != 17 else None for i, t in enumerate(texts)]
    said = capfd.readouterr().err
    assert "s/p-0000 row 17: poisonous record, quarantined" in said
    assert mark not in said


def test_several_poisonous_records_of_a_part_are_all_found(tmp_path: Path) -> None:
    texts = [CRASH if i in (0, 1, 39, 55) else "text" for i in range(56)]
    run = stage_over(tmp_path, texts)
    measure(run, "fragile")
    assert [row for row, _ in parts.poisoned(run.project.table("quality", REF))] == [0, 1, 39, 55]


def test_a_second_run_does_not_try_again(tmp_path: Path) -> None:
    run = stage_over(tmp_path, ["a", CRASH, "b"])
    measure(run, "fragile")
    path = run.project.table("quality", REF)
    before = path.stat().st_mtime_ns, path.read_bytes()
    again = StageRun("quality", run.project)
    measure(again, "fragile")
    assert again.log == []
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_what_comes_after_depends_on_what_was_not_measured(tmp_path: Path) -> None:
    run = stage_over(tmp_path, ["a", "b"])
    path = run.project.table("quality", REF)
    rows = pl.DataFrame({"row": [0, 1]})
    parts.write_part(path, rows, None, "k")
    whole = run.input_key("quality", REF)
    parts.write_part(path, rows, None, "k", [(1, "time")])
    assert run.input_key("quality", REF) != whole


def test_a_stage_that_dies_on_every_record_is_an_error_and_blames_none(tmp_path: Path) -> None:
    run = stage_over(tmp_path, ["text"] * 300)
    with pytest.raises(HallmarkError, match="too many documents"):
        measure(run, "hopeless")
    assert not run.project.table("quality", REF).exists()


def test_a_crash_that_no_single_record_causes_is_an_error_and_blames_none(tmp_path: Path) -> None:
    run = stage_over(tmp_path, ["text"] * 40)
    with pytest.raises(HallmarkError, match="the worker died"):
        measure(run, "only_large")
    assert not run.project.table("quality", REF).exists()


def test_what_could_not_be_measured_waits_in_quarantine_whatever_the_rules_said() -> None:
    names = ["disposition", "reason", "stage", "rule", "detector", "score", "threshold"]
    rows = [
        ["kept", None, None, None, None, None, None],
        ["redacted", "pii-redacted", "pii", None, None, None, None],
        ["quarantined", "low-quality", "quality", "r", "d", 0.5, 0.4],
        ["removed", "prohibited-content", "screen", "r", "d", 0.9, 0.5],
        ["kept", None, None, None, None, None, None],
    ]
    schema = dict.fromkeys(names, pl.String) | {"score": pl.Float64, "threshold": pl.Float64}
    table = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("row")
    poisoned = pl.DataFrame(
        [
            (r, t, "died")
            for r, t in ((0, "screen"), (1, "dedup_signatures"), (1, "pii"), (2, "screen"), (3, "pii"))
        ],
        schema={"row": pl.UInt32, "table": pl.String, "why": pl.String},
        orient="row",
    )
    held = hold_poisoned(table, poisoned)
    assert held["disposition"].to_list() == ["quarantined", "quarantined", "quarantined", "removed", "kept"]
    assert held["reason"].to_list() == [POISONOUS, POISONOUS, POISONOUS, "prohibited-content", None]
    assert held["stage"].to_list() == ["screen", "dedup", "screen", "screen", None]
    assert held["rule"].to_list() == [None, None, None, "r", None]
    assert POISONOUS in BY_SLUG


def test_no_reviewer_can_release_what_was_not_measured() -> None:
    names = ["doc_id", "text_sha256"]
    table = pl.DataFrame({n: [b"1", b"2"] for n in names}).with_columns(
        disposition=pl.lit("quarantined"),
        reason=pl.Series([POISONOUS, "cbrn-context"]),
        **{n: pl.lit(None, pl.String) for n in ("stage", "rule", "detector", "source")},
        **{n: pl.lit(None, pl.Float64) for n in ("score", "threshold")},
    )
    reviews = table.select(names).with_columns(verdict=pl.lit("pass"), reviewer=pl.lit("r1"))
    settled = settle(table, refused=(), requested=pl.Series([], dtype=pl.Binary), reviews=reviews)
    assert settled["disposition"].to_list() == ["quarantined", "kept"]
