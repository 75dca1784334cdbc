"""Near-duplicate removal: recall and precision against exact truth, and speed beside other tools.

    python -m benchmarks.dedup --eval-dir DIR [--documents N ...] [--rounds 3] [--peer-python PYTHON]
                               [--tools NAME ...] [--reuse FILE] [--json FILE] [--write docs/dedup.md]

`--tools` runs only these; `--reuse` takes the other tools' figures for the same number of documents from the --json
of an earlier run (some take half an hour), and the report says so.

Needs in DIR: `dedup/` with tables of documents (id, text) and of labelled pairs (a, b and a column named
jaccard...), and `corpora/` with any text. PYTHON is an interpreter that can import datatrove, text-dedup
and rensa, which pin other versions; tools that cannot be imported are named as not run. datasketch runs in our own
environment.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import dedup_corpus, evalset
from benchmarks.dedup_truth import labelled, planted
from stages.dedup import DedupSettings, method

MARKS = ("<!-- benchmark -->", "<!-- /benchmark -->")
JOBS = Path(__file__).with_name("dedup_jobs.py")
PEERS = ("datasketch", "datasketch-xxh32", "rensa", "text-dedup", "datatrove-split", "datatrove")
PATIENCE = 120  # seconds after which a tool is not run once more


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--documents", type=int, nargs="+", default=[20_000])
    parser.add_argument("--peer-documents", type=int, default=20_000, help="larger corpora run ours alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tools", nargs="+", choices=("hallmark", *PEERS), default=["hallmark", *PEERS])
    parser.add_argument("--reuse", type=Path, help="JSON of an earlier run, for the tools that are not run")
    parser.add_argument(
        "--peer-python", dest="peers", default=sys.executable, help="interpreter that can import the peers"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--write", type=Path, help="put the tables between the markers of this Markdown file")
    options = parser.parse_args()
    figures = measure(options)
    report = render(figures)
    print(report)
    if options.json:
        evalset.write_figures(options.json, figures)
    if options.write:
        between_marks(options.write, report)


def measure(options: argparse.Namespace) -> dict:
    """Return all figures as plain numbers; what is there so far goes to the JSON file after each tool."""
    figures: dict = {"method": method(DedupSettings()), "machine": _machine(), "jobs": [], "planted": []}
    figures["labelled"] = labelled(options.eval_dir, DedupSettings())
    before = json.loads(options.reuse.read_text(encoding="utf-8")) if options.reuse else None
    with tempfile.TemporaryDirectory() as folder:
        for number in options.documents:
            corpus = dedup_corpus.make(options.eval_dir, number)
            file = Path(folder) / f"{number}.parquet"
            corpus.write_parquet(file)
            megabytes = corpus["text"].str.len_bytes().sum() / 1e6
            tools = [t for t in ("hallmark", *PEERS) if number <= options.peer_documents or t == "hallmark"]
            for tool, runs in _rounds([t for t in tools if t in options.tools], file, Path(folder), options):
                figures["jobs"].append(_job(tool, number, megabytes, runs))
                if kept := runs[-1].get("kept"):
                    figures["planted"].append({"tool": tool, "documents": number} | planted(corpus, kept))
                if options.json:
                    evalset.write_figures(options.json, figures)
            if before:
                _reuse(figures, before, number, [t for t in tools if t not in options.tools])
    return figures


def _reuse(figures: dict, before: dict, number: int, tools: list[str]) -> None:
    """Add the figures of an earlier run for tools that this one left out."""
    for kind in ("jobs", "planted"):
        taken = [r for r in before[kind] if r["documents"] == number and r["tool"] in tools]
        figures[kind] += taken
    figures["reused"] = sorted({*figures.get("reused", []), *tools})
    figures["reused_machine"] = before["machine"]


def _rounds(
    tools: list[str], file: Path, folder: Path, options: argparse.Namespace
) -> Iterator[tuple[str, list[dict]]]:
    """Yield each tool with its runs: several rounds one after the other, so that a slow minute falls on all."""
    runs: dict[str, list[dict]] = {tool: [] for tool in tools}
    for turn in range(options.rounds):
        for tool in tools:
            failed = bool(runs[tool]) and "error" in runs[tool][-1]
            if not failed and sum(run["seconds"] for run in runs[tool]) < PATIENCE:
                runs[tool].append(_run(tool, file, folder / f"{tool}-{file.stem}-{turn}", options.peers))
            if turn == options.rounds - 1:
                yield tool, runs[tool]


def _run(tool: str, file: Path, folder: Path, peers: str) -> dict:
    python = sys.executable if tool == "hallmark" or tool.startswith("datasketch") else peers
    command = [python, str(JOBS), tool, str(file), str(folder)]
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=root, env=_environment(root), check=False
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message"}
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures | {"kept": json.loads((folder / "kept.json").read_text())}


def _environment(root: Path) -> dict[str, str]:
    return dict(os.environ) | {"PYTHONPATH": str(root)}


def _job(tool: str, number: int, megabytes: float, runs: list[dict]) -> dict:
    base = {"tool": tool, "documents": number, "megabytes": round(megabytes, 1)}
    if "error" in runs[-1]:
        return base | {"not_run": runs[-1]["error"]}
    seconds = statistics.median(run["seconds"] for run in runs)
    spread = max(run["seconds"] for run in runs) - min(run["seconds"] for run in runs)
    phases = {name: statistics.median(run["phases"][name] for run in runs) for name in runs[0]["phases"]}
    return base | {
        "seconds": round(seconds, 3),
        "spread": round(spread / seconds, 3),
        "start": statistics.median(run["start"] for run in runs),
        "phases": phases,
        "docs_per_second": round(number / seconds),
        "mb_per_second": round(megabytes / seconds, 2),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "kept": len(runs[-1]["kept"]),
        "rounds": len(runs),
    }


def render(figures: dict) -> str:
    """Return the figures as Markdown tables."""
    how, labelled_sets, jobs = figures["method"], figures["labelled"], figures["jobs"]
    sections = [
        f"Measured {figures['machine']}. Threshold {how['threshold']}, {how['num_perm']} permutations, "
        f"{how['bands']} bands of {how['rows']} rows.",
        *_reused(figures),
        "Labelled sets: recall of true pairs by their exact Jaccard (pairs found / pairs there), and precision.",
        _table(
            ["set", "documents", "edges", "precision", *labelled_sets[0]["recall"], "labels over 0.9"],
            [
                [r["set"], r["documents"], r["edges"], r["precision"], *r["recall"].values(), r["labels"]]
                for r in labelled_sets
            ],
        ),
        "Whole jobs on one core, processor seconds without imports, median of the rounds:",
        _table(
            [
                "tool",
                "documents",
                "MB",
                "seconds",
                "spread",
                "docs/s",
                "MB/s",
                "times slower",
                "peak MB",
                "rounds",
            ],
            [_speed(job, jobs) for job in jobs],
        ),
        "Copies removed (or their original instead), by share of words or characters edited:",
        _planted(figures["planted"]),
        *(f"Not run: {job['tool']}: {job['not_run']}" for job in jobs if "not_run" in job),
    ]
    return "\n\n".join(sections)


def _reused(figures: dict) -> list[str]:
    if not figures.get("reused"):
        return []
    return [f"Taken from a run of its own ({figures['reused_machine']}): {', '.join(figures['reused'])}."]


def _planted(results: list[dict]) -> str:
    rows = [
        [p["tool"], p["documents"], *p["removed"].values(), p["others_removed"], p["survivors"]]
        for p in results
    ]
    head = ["tool", "documents", *results[0]["removed"], "without copy, removed", "survivors per cluster"]
    return _table(head, rows)


def _speed(job: dict, jobs: list[dict]) -> list:
    if "not_run" in job:
        return [job["tool"], job["documents"], job["megabytes"], "not run", *[""] * 6]
    ours = next(j for j in jobs if j["tool"] == "hallmark" and j["documents"] == job["documents"])
    slower = round(job["seconds"] / ours["seconds"], 1)
    named = ("tool", "documents", "megabytes", "seconds", "spread", "docs_per_second", "mb_per_second")
    return [*(job[name] for name in named), slower, job["peak_mb"], job["rounds"]]


def _table(head: list[str], rows: list[list]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    texts = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in cells]
    return "\n".join("| " + " | ".join(row) + " |" for row in texts)


def _machine() -> str:
    model = platform.machine()
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpu.read_text().splitlines() if "model name" in line
        ]
        model = f"{len(names)} x {names[0]}" if names else model
    return f"{datetime.date.today().isoformat()} on {model}, Python {platform.python_version()}"


def between_marks(path: Path, report: str) -> None:
    """Put the report between the marks of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0], 1)
    after = rest.split(MARKS[1], 1)[1]
    path.write_text(f"{before}{MARKS[0]}\n\n{report}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
