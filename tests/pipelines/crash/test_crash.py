"""Whatever dies, whenever it dies: the next `dvc repro` ends with the bytes of a run that nothing disturbed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash_kit import bare_copy, digests, disturb, forget_outputs, moments
from support import call

#: Seeded moments to strike at; 100 for the long form.
CRASHES = int(os.environ.get("HALLMARK_CRASHES", "4"))
SEED = int(os.environ.get("HALLMARK_CRASH_SEED", "20260101"))


def leftovers(project: Path) -> list[str]:
    """Return temporary files, half-made folders and scratch that a finished run may not leave."""
    names = (".tmp", ".new")
    return [
        p.relative_to(project).as_posix()
        for folder in ("data", "release", "metrics", "runs")
        for p in (project / folder).rglob("*")
        if p.name.endswith(names) or p.name in ("scratch", "staging", "old")
    ]


@pytest.mark.slow
def test_a_run_that_was_killed_again_and_again_ends_with_the_same_bytes(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    project = bare_copy(sample, tmp_path / "project")
    struck = 0
    for target, delay in moments(SEED, CRASHES, 12.0):
        hit = disturb(project, keys_folder, target, delay)
        struck += hit
        if not hit:  # it was done before: begin anew
            assert digests(project) == digests(sample)
            forget_outputs(project)
    assert struck > 0
    call(["dvc", "repro"], project, keys_folder)
    assert digests(project) == digests(sample)
    assert leftovers(project) == []
    assert subprocess.run(["dvc", "status", "-q", "quality"], cwd=project, check=False).returncode == 0


@pytest.mark.slow
def test_a_full_disk_is_an_error_with_a_cause_and_costs_nothing(
    sample: Path, keys_folder: Path, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as resize:
        project = tmp_path / "disk" / "project"
        shutil.copytree(sample, project, symlinks=True, ignore=shutil.ignore_patterns(".git", "cache"))
        shutil.rmtree(project / "data" / "screen")
        resize(shutil.disk_usage(project).used + 8192)
        full = call([*small_files(), "hallmark", "stage", "run", "screen"], project, keys_folder, code=None)
        assert full.returncode != 0
        assert "No space left on device" in full.stderr or "File too large" in full.stderr
        resize(2 << 30)
        call(["hallmark", "stage", "run", "screen"], project, keys_folder)
        wanted = {k: v for k, v in digests(sample).items() if k.startswith(("data/screen", "release"))}
        assert {k: v for k, v in digests(project).items() if k in wanted} == wanted
        assert leftovers(project) == []


def small_files() -> list[str]:
    """Return a prefix that lets a command write no file of a part's size, for those who cannot mount a disk."""
    return [] if os.geteuid() == 0 else ["prlimit", "--fsize=1000"]


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[int], None]]:
    """Give `folder` a disk of its own that can be resized, where this user may mount one."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield lambda size: None
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", str(folder)], check=True)
    try:
        yield (
            lambda size: (
                subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True) and None
            )
        )
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
