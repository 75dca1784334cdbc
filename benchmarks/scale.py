"""How cost grows: the whole pipeline at several sizes, a curve per stage, and what 100 TB would cost.

    python -m benchmarks.scale --eval-dir DIR [--mb 250 500 1000 2000] [--workers N] [--add] [--json FILE]
                               [--write docs/scale.md]

The corpora of `DIR/corpora` are enlarged to each size and go through `dvc repro` in a new project. Per stage the
core-seconds are fitted to a * MB^b by least squares over logarithms. What is printed for 100 TB carries the largest
size on with that exponent, or with 1 where start-up costs pressed it below: an extrapolation, marked as such.
The first wall is the stage whose process grows fastest with the number of documents. With `--add` the last hundredth
of each corpus is a source that comes in a second run, and what that run took is printed too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.incremental import EXTRA, make_case, run_command, timed, write_sources
from benchmarks.report import add_outputs, deliver, machine_line
from pipelines.project import STAGES, read_json

TARGET_MB, CORES, DRIVER_GIB = 1e8, 1000, 256
FOLDERS = ("raw", "data", "release", ".dvc/cache")


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--mb", type=float, nargs="+", default=[250.0, 500.0, 1000.0, 2000.0])
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--add", action="store_true", help="then add a source of 1 %% and measure that run")
    add_outputs(parser)
    options = parser.parse_args()
    runs = []
    for megabytes in options.mb:
        with tempfile.TemporaryDirectory() as scratch:
            runs.append(
                measure(
                    options.eval_dir.resolve(), Path(scratch), megabytes, options.workers, add=options.add
                )
            )
    figures = {"workers": options.workers, "runs": runs, "curves": curves(runs), "wall": wall(runs)}
    deliver(options, figures, render(figures))


def measure(
    eval_dir: Path, scratch: Path, megabytes: float, workers: int, *, add: bool = False
) -> dict[str, Any]:
    """Run the pipeline from nothing at one size; return seconds, core-seconds and memory per stage, and disk."""
    os.environ["HALLMARK_KEYS"] = str(scratch / "keys")
    project = make_case(eval_dir, scratch, megabytes, workers)
    write_sources(project, extra=not add)
    start = time.perf_counter()
    run_command(["dvc", "repro"], project)
    seconds = time.perf_counter() - start
    ingested = read_json(project / "metrics" / "ingest.json")
    found = {
        "mb": megabytes * (1 - EXTRA) if add else megabytes,
        "documents": ingested["documents"],
        "parts": ingested["parts"],
        "seconds": round(seconds, 1),
        "stages": {stage: _last_record(project / "runs" / stage) for stage in STAGES},
        "disk_mb": {name: round(_size(project / name) / 1e6, 1) for name in FOLDERS},
    }
    if add:
        write_sources(project, extra=True)
        found["added"] = timed(project)
    return found


def _last_record(folder: Path) -> dict[str, Any]:
    record = read_json(max(folder.glob("*.json")))
    return {name: record[name] for name in ("seconds", "cpu_seconds", "peak_mib")}


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def curves(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return per stage the exponent b of a * MB^b, fitted over logarithms, and core-seconds carried on to 100 TB."""
    if len(runs) < 2:
        return {}
    sizes = np.log([run["mb"] for run in runs])
    found = {}
    for stage in STAGES:
        costs = np.log([max(run["stages"][stage]["cpu_seconds"], 0.01) for run in runs])
        slope = float(np.polyfit(sizes, costs, 1)[0])
        target = np.exp(costs[-1] + max(slope, 1.0) * (np.log(TARGET_MB) - sizes[-1]))
        found[stage] = {"exponent": round(slope, 3), "core_seconds_at_target": round(float(target))}
    return found


def wall(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the stage whose largest process grows most per document, and the documents that fill `DRIVER_GIB`."""
    if len(runs) < 2:
        return None
    first, last = runs[0], runs[-1]
    more = last["documents"] - first["documents"]
    growth = {
        s: (last["stages"][s]["peak_mib"] - first["stages"][s]["peak_mib"]) * 2**20 / more for s in STAGES
    }
    stage = max(growth, key=lambda s: growth[s])
    per_document = max(growth[stage], 1.0)
    room = DRIVER_GIB * 2**30 - last["stages"][stage]["peak_mib"] * 2**20
    documents = last["documents"] + room / per_document
    return {
        "stage": stage,
        "bytes_per_document": round(per_document),
        "documents": round(documents),
        "terabytes": round(documents * last["mb"] / last["documents"] / 1e6, 1),
        "parts_at_target": round(last["parts"] * TARGET_MB / last["mb"]),
    }


def _added(run: dict[str, Any]) -> str:
    """Return the sentence about the run after a source was added."""
    seconds, stages = run["added"]["seconds"], run["added"]["stages"].items()
    ran = ", ".join(f"{stage} {v['seconds']:.1f} ({v['parts_worked']})" for stage, v in stages)
    return (
        f"A source of 1 % added to {run['mb']:g} MB: {seconds} s, {seconds / run['seconds']:.1%} of the run from "
        f"nothing; seconds of the stages (units of work done anew): {ran}."
    )


def render(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    runs, last = figures["runs"], figures["runs"][-1]
    lines = [
        machine_line("dvc", "polars"),
        "",
        f"{figures['workers']} workers, whole pipeline through `dvc repro`.",
        "",
    ]
    lines += [
        "| MB of text | documents | parts | seconds | MB/s | largest process MiB | disk, bytes per byte of text |"
    ]
    lines += ["|---:|---:|---:|---:|---:|---:|---|"]
    for run in runs:
        peak = max(stage["peak_mib"] for stage in run["stages"].values())
        disk = ", ".join(f"{name} {size / run['mb']:.2f}" for name, size in run["disk_mb"].items())
        rate = run["mb"] / run["seconds"]
        cells = (
            f"{run['mb']:g}",
            run["documents"],
            run["parts"],
            run["seconds"],
            f"{rate:.2f}",
            f"{peak:.0f}",
            disk,
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += [line for run in runs if "added" in run for line in ("", _added(run))]
    lines += [
        "",
        "Core-seconds per GB of text, by stage and size; exponent of the fitted curve; extrapolated cost of 100 TB:",
        "",
    ]
    sizes = " | ".join(f"{run['mb']:g} MB" for run in runs)
    lines += [f"| stage | {sizes} | exponent | hours of 100 TB on 1,000 cores (extrapolated) |"]
    lines += ["|---|" + "---:|" * (len(runs) + 2)]
    for stage in STAGES:
        costs = " | ".join(f"{run['stages'][stage]['cpu_seconds'] / run['mb'] * 1000:.1f}" for run in runs)
        curve = figures["curves"].get(stage)
        tail = (
            f"{curve['exponent']} | {curve['core_seconds_at_target'] / CORES / 3600:.1f}"
            if curve
            else "- | -"
        )
        lines.append(f"| {stage} | {costs} | {tail} |")
    peaks = ", ".join(f"{stage} {last['stages'][stage]['peak_mib']:.0f}" for stage in STAGES)
    lines += ["", f"Peak memory of one process at {last['mb']:g} MB, in MiB: {peaks}."]
    if at := figures["wall"]:
        lines += [
            "",
            f"The first wall (extrapolated): `{at['stage']}` grows by {at['bytes_per_document']} bytes per document, "
            f"and fills {DRIVER_GIB} GiB at {at['documents']:.2e} documents, {at['terabytes']:g} TB of this text. "
            f"100 TB are {at['parts_at_target']:.1e} parts.",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
