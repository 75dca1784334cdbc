"""What a killed DVC noted about itself goes; what a living one noted stays; DVC reads what is left."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

from dvc.rwlock import SCHEMA

from pipelines.dvc_locks import forget_dead


def noted(root: Path) -> Path:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive = {"pid": ended.pid, "cmd": "dvc repro"}, {"pid": os.getpid(), "cmd": "dvc repro"}
    path = root / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True)
    notes = {"write": {"a": dead, "b": alive}, "read": {"c": [dead], "d": [dead, alive]}}
    path.write_text(json.dumps(notes))
    return path


def test_notes_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    path = noted(tmp_path)
    assert forget_dead(tmp_path) == 3
    left = SCHEMA(json.loads(path.read_text()))
    assert sorted(left["write"]) == ["b"] and sorted(left["read"]) == ["d"]
    assert [n["pid"] for n in left["read"]["d"]] == [os.getpid()]
    assert forget_dead(tmp_path) == 0


def test_notes_that_dvc_is_writing_are_left_alone(tmp_path: Path) -> None:
    path = noted(tmp_path)
    before = path.read_bytes()
    with path.with_name("rwlock.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        assert forget_dead(tmp_path) == 0
    path_cut = path.read_bytes()[:20]
    assert path.read_bytes() == before
    path.write_bytes(path_cut)
    assert forget_dead(tmp_path) == 0 and path.read_bytes() == path_cut


def test_a_project_without_dvc_has_none(tmp_path: Path) -> None:
    assert forget_dead(tmp_path) == 0
