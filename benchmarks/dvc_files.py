"""How many files DVC bears in one output: seconds and memory of `dvc commit`, `status`, `push` and a small change.

    python -m benchmarks.dvc_files [--files 1000 10000 50000] [--json FILE] [--write docs/dvc.md]

A project of one stage with one output of so many files of 1 KiB, as `release` is one of shards, lineage and
certificates; the remote is a folder on the same disk. Bytes cost what a copy costs and are not measured here.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import add_outputs, deliver, machine_line

STEPS = ("commit", "status, nothing changed", "commit, one file changed", "push", "push, nothing new")


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000, 50_000])
    add_outputs(parser)
    options = parser.parse_args()
    runs = []
    for count in options.files:
        with tempfile.TemporaryDirectory() as scratch:
            runs.append(measure(Path(scratch), count))
    deliver(options, {"runs": runs}, render(runs))


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Return the seconds of each step over `count` files, and the peak memory (MiB) of DVC so far."""
    project = folder / "project"
    for i in range(count):
        path = project / "out" / f"{i // 1000:04d}" / f"{i:08d}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{i:08d}".encode() * 128)
    (project / "dvc.yaml").write_text("stages: {make: {cmd: 'true', outs: [out: {persist: true}]}}\n")
    _dvc(project, "init", "--no-scm", "--quiet")
    _dvc(project, "remote", "add", "--default", "--quiet", "store", str(folder / "store"))
    seconds = {STEPS[0]: _dvc(project, "commit", "--force", "--quiet")}
    seconds[STEPS[1]] = _dvc(project, "status", "--quiet")
    (project / "out" / "0000" / "00000000").write_bytes(b"changed")
    seconds[STEPS[2]] = _dvc(project, "commit", "--force", "--quiet")
    seconds[STEPS[3]] = _dvc(project, "push", "--quiet")
    seconds[STEPS[4]] = _dvc(project, "push", "--quiet")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"files": count, "seconds": seconds, "peak_mib": round(peak)}


def _dvc(project: Path, *words: str) -> float:
    start = time.perf_counter()
    env = os.environ | {"DVC_NO_ANALYTICS": "1"}
    command = [str(Path(sys.executable).parent / "dvc"), *words]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"dvc {' '.join(words)} failed with code {done.returncode}\n{done.stderr[-2000:]}")
    return round(time.perf_counter() - start, 2)


def render(runs: list[dict[str, Any]]) -> str:
    """Return the figures as Markdown; every run of DVC also costs its start of one to two seconds."""
    lines = [
        machine_line("dvc"),
        "",
        f"| files | {' | '.join(STEPS)} | peak MiB |",
        "|---:|" + "---:|" * (len(STEPS) + 1),
    ]
    for run in runs:
        cells = " | ".join(f"{run['seconds'][step]}" for step in STEPS)
        lines.append(f"| {run['files']} | {cells} | {run['peak_mib']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
