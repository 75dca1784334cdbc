"""Run the stages over and over in one process while sources and settings change, and watch the memory.

    python -m benchmarks.soak [--minutes 20] [--seed N] [--json FILE] [--write docs/soak.md]

The bundled sample is cloned. Each round draws one edit (a document added, changed or taken away; a threshold of the
policy, of pii or of dedup; the seed of the draws) and runs all nine stages in this process, so that the driver and its
pool of workers live as long as the soak: what leaks adds up. After each round the resident memory of driver and workers
is read. The slope is a straight line, by least squares, through the rounds after the first quarter. At the end
the project runs once more from nothing, and every byte is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.crash_kit import digests, forget_outputs
from benchmarks.incremental import change_threshold
from benchmarks.report import add_outputs, deliver, machine_line
from pipelines.project import STAGES, Project
from pipelines.run import run_stage

ROOT = Path(__file__).parent.parent
SETTINGS = {
    "threshold": ("0.75", "0.8", "0.85"),
    "seed": ("20261101", "7", "8"),
    "probe": ("400", "300"),
}


def main() -> None:
    """Soak, compare, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=20260101)
    add_outputs(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HALLMARK_KEYS"] = str(Path(scratch, "keys"))
        project = Path(scratch, "project")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(project)], check=True)
        subprocess.run(["hallmark", "keys", "init"], cwd=project, check=True, stdout=subprocess.DEVNULL)
        figures = soak(project, options.minutes * 60, options.seed)
    deliver(options, figures, render(figures))
    if figures["differ"]:
        raise SystemExit("the soaked project differs from one that ran from nothing")


def soak(project: Path, seconds: float, seed: int) -> dict[str, Any]:
    """Run rounds for so many seconds (two at least); return memory per round, slopes, and files that differ."""
    dice, rounds, start = random.Random(seed), [], time.perf_counter()
    while len(rounds) < 2 or time.perf_counter() - start < seconds:
        edit = _edit(project, dice) if rounds else "from nothing"
        began = time.perf_counter()
        _all_stages(project)
        rounds.append({"edit": edit, "seconds": round(time.perf_counter() - began, 2)} | _memory())
    soaked = digests(project)
    forget_outputs(project)
    _all_stages(project)
    fresh = digests(project)
    return {
        "seed": seed,
        "minutes": round((time.perf_counter() - start) / 60, 1),
        "rounds": rounds,
        "slopes": {name: slope(rounds, name) for name in ("driver", "workers")},
        "differ": sorted(k for k in soaked.keys() | fresh.keys() if soaked.get(k) != fresh.get(k)),
    }


def slope(rounds: list[dict[str, Any]], name: str) -> float:
    """Return the growth in MiB per round, after the first quarter of the rounds."""
    kept = [r[name] for r in rounds[len(rounds) // 4 :]]
    return round(float(np.polyfit(range(len(kept)), kept, 1)[0]), 4) if len(kept) > 1 else 0.0


def _all_stages(project: Path) -> None:
    before = Path.cwd()
    os.chdir(project)
    try:
        for stage in STAGES:
            (project / "data").mkdir(exist_ok=True)
            (project / "metrics").mkdir(exist_ok=True)
            run_stage(stage, Project(project))
    finally:
        os.chdir(before)


def _memory() -> dict[str, float]:
    """Return resident MiB of this process, and of the largest of its workers."""
    own = psutil.Process()
    sizes = []
    for process in own.children(recursive=True):
        try:
            sizes.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return {
        "driver": round(own.memory_info().rss / 2**20, 1),
        "workers": round(max(sizes, default=0) / 2**20, 1),
    }


def _edit(project: Path, dice: random.Random) -> str:
    """Make one drawn change; return its name."""
    kind = dice.choice(("document", "document", "document", "policy", "pii", *SETTINGS))
    if kind == "document":
        return _edit_document(project, dice)
    if kind == "policy":
        change_threshold(project)
        return "a threshold of the policy"
    path = project / "params.yaml"
    text = path.read_text(encoding="utf-8")
    if kind == "pii":
        value = f"  thresholds: {{EMAIL_ADDRESS: 0.{dice.randrange(40, 60)}}}\n"
        text = re.sub(r"  thresholds: .*\n", "", text).replace("\npii:\n", "\npii:\n" + value)
    else:
        text = re.sub(rf"(?m)^  {kind}: \S+", f"  {kind}: {dice.choice(SETTINGS[kind])}", text)
    path.write_text(text, encoding="utf-8")
    return f"setting {kind}"


def _edit_document(project: Path, dice: random.Random) -> str:
    path = project / "sample" / "corpora" / "zh-notes" / "notes.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    place, kind = dice.randrange(len(lines)), dice.choice(("added", "changed", "taken away"))
    try:
        row = json.loads(lines[place])
    except ValueError:  # one of the sample's broken records
        row = {}
    row = {k: f"{v}\n{dice.randrange(10**6)}" if k == "text" else v for k, v in row.items()}
    if kind == "taken away" and len(lines) > 20:
        del lines[place]
    elif kind == "changed":
        lines[place] = json.dumps(row, ensure_ascii=False)
    else:
        lines.append(json.dumps(row | {"id": f"soak-{len(lines)}"}, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (project / "sources.lock").unlink(missing_ok=True)  # as one does who accepts new files
    return f"a document {kind}"


def render(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    rounds = figures["rounds"]
    quarter = rounds[len(rounds) // 4]
    lines = [
        machine_line("polars", "pyarrow"),
        "",
        f"{len(rounds)} rounds of nine stages in {figures['minutes']} minutes, seed {figures['seed']}. At the end "
        f"{len(figures['differ'])} files differ from a run from nothing.",
        "",
        "| resident MiB | first round | after a quarter | last | most | slope, MiB per round |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in ("driver", "workers"):
        cells = (rounds[0][name], quarter[name], rounds[-1][name], max(r[name] for r in rounds))
        label = "driver" if name == "driver" else "largest worker"
        lines.append(f"| {label} | {' | '.join(map(str, cells))} | {figures['slopes'][name]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
