"""Whatever dies, whenever it dies: the next `dvc repro` ends with the bytes of a run that nothing disturbed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support import call

from benchmarks.crash_kit import (
    KINDS,
    LARGE,
    bare_copy,
    build_shim,
    digests,
    leftovers,
    small_disk,
)
from benchmarks.crashes import strike

#: Seeded moments to strike at; 100 for the long form.
CRASHES = int(os.environ.get("HALLMARK_CRASHES", str(len(KINDS))))
SEED = int(os.environ.get("HALLMARK_CRASH_SEED", "20260101"))


@pytest.mark.slow
def test_a_run_that_was_disturbed_again_and_again_ends_with_the_same_bytes(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    found = strike(sample, keys_folder, tmp_path, CRASHES, SEED, longest=8.0)
    assert found["strikes"] > 0 and found["files"] > 100
    assert (found["differ"], found["left"], found["locks"]) == ([], [], [])


@pytest.mark.slow
def test_a_full_disk_is_an_error_with_a_cause_and_costs_nothing(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as resize:
        project = tmp_path / "disk" / "project"
        shutil.copytree(sample, project, symlinks=True, ignore=shutil.ignore_patterns(".git", "cache"))
        shutil.rmtree(project / "data" / "screen")
        if resize:
            resize(shutil.disk_usage(project).used + 8192)
        full = call([*small_files(), "hallmark", "stage", "run", "screen"], project, keys_folder, code=None)
        assert full.returncode != 0
        assert "No space left on device" in full.stderr or "File too large" in full.stderr
        if resize:
            resize(LARGE)
        call(["hallmark", "stage", "run", "screen"], project, keys_folder)
        wanted = {k: v for k, v in digests(sample).items() if k.startswith(("data/screen", "release"))}
        assert {k: v for k, v in digests(project).items() if k in wanted} == wanted
        assert leftovers(project) == []


def small_files() -> list[str]:
    """Return a prefix that lets a command write no file of a part's size, for those who cannot mount a disk."""
    return [] if os.geteuid() == 0 else ["prlimit", "--fsize=1000"]


def test_a_read_error_in_the_middle_of_a_source_stops_the_stage_and_books_nothing(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    project = bare_copy(sample, tmp_path / "project")
    call(["hallmark", "stage", "run", "inventory"], project, keys_folder)
    (project / ".fault").touch()
    faults = {"FAULT_TRIGGER": str(project / ".fault"), "FAULT_UNDER": f"{project}/sample/"}
    command = ["env", f"LD_PRELOAD={build_shim(tmp_path)}", *(f"{k}={v}" for k, v in faults.items())]
    failed = call([*command, "hallmark", "stage", "run", "ingest"], project, keys_folder, code=None)
    assert not (project / ".fault").exists(), "no read failed"
    assert failed.returncode != 0 and "Input/output error" in failed.stderr
    call(["hallmark", "stage", "run", "ingest"], project, keys_folder)
    wanted = {k: v for k, v in digests(sample).items() if k.startswith("data/ingest")}
    assert {k: v for k, v in digests(project).items() if k in wanted} == wanted
