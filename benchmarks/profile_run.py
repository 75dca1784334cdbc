"""Where a whole run spends its time: per stage and function, and what provenance and papers cost together.

    python -m benchmarks.profile_run --eval-dir DIR [--mb 100] [--workers N] [--write docs/performance.md]

Needs py-spy (`pip install py-spy`), which looks at every process of a stage 50 times a second. A look counts for the
stage, for the innermost function of Hallmark on its stack, and for the first group of GROUPS that has a frame there.
Looks at processes that wait for others are not counted. DVC's own time is not in it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.enlarged import write_corpora
from benchmarks.report import add_outputs, deliver, machine_line
from benchmarks.scaffolded import scaffold, write_entries
from pipelines.project import STAGES

RATE = 50  # looks per second
OURS = re.compile(r"\S+ \((?:\S*/)?((?:stages|lineage|pipelines)/\S+\.py)(?::\d+)?\)")
#: What a pipeline without evidence would not do, by the frames that show it.
GROUPS = {
    "sheets": r"lineage/sheets/|lineage/card\.py",
    "exports": r"lineage/exports/",
    "certificates": r"lineage/(certificate|keys|dsse|canonical)\.py",
    "provenance": r"pipelines/sealing/|lineage/(merkle|digests)\.py|publish/public\.py|_write_lineage|_record \(",
    "manifests": r"stages/publish/(manifest|facts|gates|personal|technical|diversity|tokens)\.py",
    "ledger": r"lineage/(ledger|removals)|pipelines/removal/",
}


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--mb", type=float, default=100.0, help="megabytes of text to work on")
    parser.add_argument("--workers", type=int, default=0, help="worker processes; 0 = all cores")
    add_outputs(parser)
    options = parser.parse_args()
    if shutil.which("py-spy") is None:
        raise SystemExit("py-spy is not installed: pip install py-spy")
    with tempfile.TemporaryDirectory() as scratch:
        looks = measure(options.eval_dir.resolve(), Path(scratch), options.mb, options.workers)
    figures = {"mb": options.mb, "rate": RATE} | summary(looks)
    deliver(options, figures, render(figures))


def measure(
    eval_dir: Path, scratch: Path, megabytes: float, workers: int
) -> dict[str, list[tuple[str, int]]]:
    """Run the nine stages under py-spy; return per stage its stacks and how often each was seen."""
    project, keys = scratch / "project", scratch / "keys"
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    os.environ.update({"HALLMARK_KEYS": str(keys), "PATH": tools})
    scaffold(project, "profile", workers)
    write_corpora(eval_dir, project / "raw", megabytes)
    write_entries(project, {"corpora": "raw/*.jsonl"})  # one source: its files share parts of the usual size
    for name in ("data", "metrics"):
        (project / name).mkdir(exist_ok=True)
    found = {}
    for stage in STAGES:
        out = scratch / f"{stage}.txt"
        watch = ["py-spy", "record", "--subprocesses", "--nonblocking", "--full-filenames", "--format", "raw"]
        watch += ["--rate", str(RATE), "--output", str(out), "--", "hallmark", "stage", "run", stage]
        done = subprocess.run(watch, cwd=project, capture_output=True, text=True, check=False)
        if not out.is_file():
            raise SystemExit(f"stage {stage} was not recorded\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
        found[stage] = list(stacks(out.read_text(encoding="utf-8").splitlines()))
    return found


def stacks(lines: Iterable[str]) -> Iterable[tuple[str, int]]:
    """Yield (stack, times seen) of py-spy's raw format, without those of processes that only wait for others."""
    for line in lines:
        stack, _, times = line.rpartition(" ")
        if not re.search(
            r"selectors\.py|resource_tracker\.py|forkserver\.py:\d+\)$", stack.rpartition(";")[2]
        ):
            yield stack, int(times)


def summary(looks: dict[str, list[tuple[str, int]]]) -> dict[str, Any]:
    """Return shares of all looks: per stage with its three largest functions, and per group of GROUPS."""
    total = sum(n for found in looks.values() for _, n in found)
    stages, groups = [], Counter()
    for stage, found in looks.items():
        functions: Counter[str] = Counter()
        for stack, n in found:
            functions[innermost(stack)] += n
            if name := next((g for g, frames in GROUPS.items() if re.search(frames, stack)), None):
                groups[name] += n
        own = sum(functions.values())
        top = [[name, round(n / max(1, own), 4)] for name, n in functions.most_common(3)]
        stages.append(
            {"stage": stage, "looks": own, "share": round(own / max(1, total), 4), "functions": top}
        )
    shares = {name: round(groups[name] / max(1, total), 4) for name in GROUPS}
    return {"looks": total, "stages": stages, "groups": shares, "evidence": round(sum(shares.values()), 4)}


def innermost(stack: str) -> str:
    """Return `file: function` of the innermost frame of Hallmark, or what runs outside of it."""
    for frame in reversed(stack.split(";")):
        if found := OURS.fullmatch(frame):
            return f"{found[1]}: {frame.split(' ')[0]}"
    return "interpreter and imports of libraries"


def render(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        machine_line("polars"),
        "",
        f"{figures['mb']:g} MB of text; {figures['looks']} looks, {figures['rate']} a second at each process.",
        "",
        "| stage | of the run | its largest functions (of the stage) |",
        "|---|---:|---|",
    ]
    for row in figures["stages"]:
        top = ", ".join(f"`{name}` {share:.0%}" for name, share in row["functions"])
        lines.append(f"| {row['stage']} | {row['share']:.1%} | {top} |")
    parts = ", ".join(f"{name} {share:.1%}" for name, share in figures["groups"].items())
    return "\n".join([*lines, "", f"Evidence in all {figures['evidence']:.1%} of the run: {parts}."])


if __name__ == "__main__":
    main()
