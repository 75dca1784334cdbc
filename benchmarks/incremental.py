"""What a change costs: seconds, stages and parts worked after each of five changes, beside the run from nothing.

    python -m benchmarks.incremental --eval-dir DIR [--mb 2000] [--workers N] [--each] [--write docs/incremental.md]

The corpora of `DIR/corpora` are enlarged to `--mb` megabytes. The changes add up: nothing; a source of 1 % more;
a threshold of the policy; a setting of one detector (as a new version of it would); one document removed on
request. At the end, with `--each` after each of them, the same project runs once more from nothing, and every file of
the two releases is compared.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.enlarged import write_corpora
from benchmarks.report import add_outputs, deliver, machine_line
from benchmarks.scaffolded import scaffold, write_entries
from pipelines.project import STAGES, Project, read_json

EXTRA = 0.01  # size of the added source, as a share of the whole


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--mb", type=float, default=2000.0, help="megabytes of text to work on")
    parser.add_argument("--workers", type=int, default=0, help="worker processes; 0 = all cores")
    parser.add_argument(
        "--each", action="store_true", help="compare with a run from nothing after each change"
    )
    add_outputs(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(
            options.eval_dir.resolve(), Path(scratch), options.mb, options.workers, each=options.each
        )
    deliver(options, figures, render(figures))
    if not figures["same_bytes"]:
        raise SystemExit("the release differs from that of a run from nothing")


def measure(
    eval_dir: Path, scratch: Path, megabytes: float, workers: int, *, each: bool = False
) -> dict[str, Any]:
    """Return per case the seconds, the stages that ran and the parts they worked on; and whether bytes agree."""
    os.environ["HALLMARK_KEYS"] = str(scratch / "keys")
    project = make_case(eval_dir, scratch, megabytes, workers)
    changes: list[tuple[str, Callable[[Path], None]]] = [
        ("from nothing", lambda p: write_sources(p, extra=False)),
        ("nothing changed", lambda p: None),
        ("one source of 1 % added", lambda p: write_sources(p, extra=True)),
        ("one threshold of the policy changed", change_threshold),
        ("one detector changed", change_detector),
        ("one document removed on request", remove_document),
    ]
    cases = []
    for name, change in changes:
        change(project)
        cases.append({"case": name} | timed(project))
        if each:
            cases[-1]["same_bytes"] = again_from_nothing(project)[1]
    seconds, same = again_from_nothing(project)
    return {
        "mb": megabytes,
        "workers": workers or len(os.sched_getaffinity(0)),
        "documents": read_json(project / "metrics" / "ingest.json")["documents"],
        "parts": read_json(project / "metrics" / "ingest.json")["parts"],
        "cases": cases,
        "again_seconds": seconds,
        "same_bytes": same and all(case.get("same_bytes", True) for case in cases),
    }


def again_from_nothing(project: Path) -> tuple[float, bool]:
    """Run a copy of the project without its outputs; return its seconds and whether its release has the same bytes."""
    fresh = project.with_name("fresh")
    shutil.copytree(project, fresh, symlinks=True, ignore=_outputs(project))
    try:
        seconds = timed(fresh)["seconds"]
        return seconds, digests(fresh / "release") == digests(project / "release")
    finally:
        shutil.rmtree(fresh)


def _outputs(project: Path) -> Callable[[str, list[str]], set[str]]:
    gone = {
        project / name
        for name in ("data", "release", "metrics", "runs", "dvc.lock", ".dvc/cache", ".dvc/tmp")
    }
    return lambda folder, names: {name for name in names if Path(folder, name) in gone}


def make_case(eval_dir: Path, scratch: Path, megabytes: float, workers: int) -> Path:
    """Make the project and its enlarged corpora; the last file is the source that comes later."""
    project = scratch / "project"
    scaffold(project, "incremental", workers)
    paths = write_corpora(eval_dir, project / "raw", megabytes)
    lines = paths[-1].read_bytes().splitlines(keepends=True)
    size, cut = 0, len(lines)
    while cut > 1 and size < EXTRA * megabytes * 1e6:
        cut -= 1
        size += len(lines[cut])
    paths[-1].write_bytes(b"".join(lines[:cut]))
    (project / "raw" / "extra.jsonl").write_bytes(b"".join(lines[cut:]))
    return project


def write_sources(project: Path, *, extra: bool) -> None:
    """Write sources.yaml: one source per file of corpora, with the added one where asked."""
    files = sorted(p.name for p in (project / "raw").glob("*.jsonl") if extra or p.stem != "extra")
    write_entries(project, {name.split(".")[0]: f"raw/{name}" for name in files})


def change_threshold(project: Path) -> None:
    """Raise the first numeric limit of the policy's rules by one hundredth of itself."""
    path = Project(project).policy_path
    text = path.read_text(encoding="utf-8")
    found = re.search(r"(?:value|score): (\d+(?:\.\d+)?)", text)
    if not found:
        raise SystemExit("the policy has no rule with a limit")
    changed = f"{float(found[1]) * 1.01:.6g}"
    path.write_text(text[: found.start(1)] + changed + text[found.end(1) :], encoding="utf-8")


def change_detector(project: Path) -> None:
    """Change one setting of the personal-information detectors, which has the effect of another version."""
    path = project / "params.yaml"
    text = path.read_text(encoding="utf-8")
    if "thresholds:" in text:
        text = re.sub(r"thresholds: \{\}", "thresholds: {EMAIL_ADDRESS: 0.55}", text)
    else:
        text = re.sub(r"(?m)^pii:.*$", "pii:\n  thresholds: {EMAIL_ADDRESS: 0.55}", text)
    path.write_text(text, encoding="utf-8")
    if "EMAIL_ADDRESS" not in Project(project).params.pii.thresholds:
        raise SystemExit("the setting of the detector did not take")


def remove_document(project: Path) -> None:
    """Ask for the removal of the first published document that has no near-duplicate."""
    here = Project(project)
    for ref in here.parts():
        decided = pl.read_parquet(here.table("decide", ref))
        alone = pl.read_parquet(here.table("dedup", ref)).filter(pl.col("degree") == 0)["doc_id"]
        kept = decided.filter(
            pl.col("disposition").is_in(["kept", "redacted"]) & pl.col("doc_id").is_in(alone.implode())
        )
        if kept.height:
            command = ["remove", "request", "--basis", "pipl-47", "--doc-id", kept["doc_id"][0].hex()]
            return run_command(["hallmark", *command], project)
    raise SystemExit("no published document without near-duplicates was found")


def timed(project: Path) -> dict[str, Any]:
    """Run `dvc repro`; return its seconds and, per stage that ran, how many parts it worked on and how long."""
    start = time.perf_counter()
    out = run_command(["dvc", "repro"], project)
    seconds = time.perf_counter() - start
    ran = re.findall(r"Running stage '(\w+)'", out)
    times = read_json(project / "runs" / "times.json")
    stages = {s: {k: times[s][k] for k in ("seconds", "parts_worked")} for s in STAGES if s in ran}
    return {"seconds": round(seconds, 2), "stages": stages}


def digests(folder: Path) -> dict[str, str]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def run_command(command: list[str], project: Path) -> str:
    """Run a command of this environment in the project; return what it printed; its failure ends the benchmark."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    program = str(Path(sys.executable).parent / command[0])
    done = subprocess.run(
        [program, *command[1:]], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(
            f"{command} failed with code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def render(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    full = figures["cases"][0]["seconds"]
    lines = [
        machine_line("dvc", "polars"),
        "",
        f"{figures['mb']:g} MB of text, {figures['documents']} documents in {figures['parts']} parts, "
        f"{figures['workers']} workers. Release after all changes beside a run from nothing "
        f"({figures['again_seconds']} s): {'the same bytes' if figures['same_bytes'] else 'DIFFERENT BYTES'}."
        + (
            " So was the release after each single change."
            if figures["same_bytes"] and "same_bytes" in figures["cases"][0]
            else ""
        ),
        "",
        "| change | seconds | of the full run | stages that ran (seconds; units of work done anew) |",
        "|---|---:|---:|---|",
    ]
    for case in figures["cases"]:
        ran = ", ".join(f"{s} ({v['seconds']:.1f}; {v['parts_worked']})" for s, v in case["stages"].items())
        lines.append(f"| {case['case']} | {case['seconds']} | {case['seconds'] / full:.1%} | {ran} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
