"""What the soak and the count of DVC's files do, in the smallest form; no time is asserted."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from benchmarks import dvc_files, soak

ROOT = Path(__file__).parent.parent.parent


def test_a_leak_shows_as_a_slope_and_the_start_does_not() -> None:
    leak = [{"driver": 100.0 + 3 * i} for i in range(12)]
    warm = [{"driver": 50.0}, {"driver": 80.0}, *({"driver": 100.0} for _ in range(10))]
    assert soak.slope(leak, "driver") == 3.0
    assert soak.slope(warm, "driver") == 0.0


def test_edits_are_drawn_by_the_seed_and_change_sources_and_settings(tmp_path: Path) -> None:
    names = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        for name in ("params.yaml", "sources.yaml", "sample/corpora/zh-notes/notes.jsonl"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        shutil.copytree(ROOT / "policies", folder / "policies")
        dice = random.Random(1)
        names.append([soak._edit(folder, dice) for _ in range(30)])
    assert names[0] == names[1]
    assert {"a document added", "a document changed", "a document taken away", "setting pii"} <= set(names[0])
    for name in ("params.yaml", "sample/corpora/zh-notes/notes.jsonl"):
        made = [(tmp_path / x / name).read_bytes() for x in "ab"]
        assert made[0] == made[1] != (ROOT / name).read_bytes()


def test_the_steps_of_dvc_are_timed_over_files(tmp_path: Path) -> None:
    run = dvc_files.measure(tmp_path, 3)
    assert set(run["seconds"]) == set(dvc_files.STEPS) and min(run["seconds"].values()) > 0
    assert len([p for p in (tmp_path / "store").rglob("*") if p.is_file()]) == 3 + 1, (
        "files and their listing"
    )
    assert dvc_files.render([run]).count("\n") == 4
