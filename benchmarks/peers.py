"""Whole chains side by side, on the same files in one run: this project, datatrove, Data-Juicer, a naive build.

    python -m benchmarks.peers --eval-dir DIR [--documents 20000] [--rounds 3] [--workers 2]
                               [--peer-python PYTHON] [--juicer-python PYTHON] [--json FILE]
                               [--write docs/peers.md]

The corpus is real text of `corpora/` with planted near and exact duplicates and personal values, and the labelled
documents of `quality/`. PYTHON is an interpreter that can import datatrove with its processing and multilingual
extras, or Data-Juicer; datatrove's Gopher limits are eased, so that it keeps this text and does the later work. A tool
that fails is named with its error. Ours does more (screening, lineage, sheets, certificates), and its time includes
DVC.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks import peers_corpus
from benchmarks.dedup_truth import planted
from benchmarks.report import add_outputs, deliver, machine_line
from stages.quality.model import model_path

JOBS = Path(__file__).with_name("peers_jobs.py")
TOOLS = ("hallmark", "datatrove", "data-juicer", "naive")


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tools", nargs="+", default=TOOLS, choices=TOOLS)
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter for datatrove")
    parser.add_argument("--juicer-python", default=sys.executable, help="interpreter for Data-Juicer")
    add_outputs(parser)
    options = parser.parse_args()
    figures = measure(options)
    deliver(options, figures, render(figures))


def measure(options: argparse.Namespace) -> dict:
    """Return all figures as plain numbers."""
    corpus = peers_corpus.make(options.eval_dir, options.documents)
    megabytes = corpus.rows["text"].str.len_bytes().sum() / 1e6
    runs: dict[str, list[dict]] = {tool: [] for tool in options.tools}
    with tempfile.TemporaryDirectory() as scratch:
        given = Path(scratch) / "in"
        peers_corpus.write(corpus, given)
        for turn in range(options.rounds):
            for tool in options.tools:
                if not (runs[tool] and "error" in runs[tool][-1]):
                    out = Path(scratch) / f"{tool}-{turn}"
                    runs[tool].append(run(tool, given, out, options) | quality(out, corpus))
                    shutil.rmtree(out, ignore_errors=True)
    jobs = [summary(tool, runs[tool], corpus.rows.height, megabytes) for tool in options.tools]
    size = {"documents": corpus.rows.height, "megabytes": round(megabytes, 1)}
    return size | {"workers": options.workers, "rounds": options.rounds, "jobs": jobs}


def run(tool: str, given: Path, out: Path, options: argparse.Namespace) -> dict:
    """Run one tool once; return its seconds on the clock, and the peak of the memory of its processes together."""
    others = {"datatrove": options.peer_python, "data-juicer": options.juicer_python}
    python = others.get(tool, sys.executable)
    model = model_path("packaged")
    root = Path(__file__).parent.parent
    env = os.environ | {"PYTHONPATH": str(root), "HF_HUB_OFFLINE": "1", "DVC_NO_ANALYTICS": "1"}
    command = [python, str(JOBS), tool, str(given), str(out), str(options.workers), str(model)]
    start, peak = time.perf_counter(), 0
    with (out.with_suffix(".log")).open("w+") as log:
        process = subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=log)
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.2)
        wall = time.perf_counter() - start
        log.seek(0)
        message = log.read().strip()
    if process.returncode:
        return {"error": message.splitlines()[-1] if message else f"exit {process.returncode}"}
    return {"wall": wall, "peak_mb": peak / 1e6}


def _resident(pid: int) -> int:
    """Return the resident bytes of a process and all below it; pages that several share count once for each."""
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def quality(out: Path, corpus: peers_corpus.Corpus) -> dict:
    """Return what of the planted and labelled truths a tool got right, from what it would publish."""
    if not (out / "kept.jsonl").is_file():
        return {}
    rows = [json.loads(line) for line in (out / "kept.jsonl").open(encoding="utf-8")]
    kept, published = [int(row["id"]) for row in rows], "\n".join(row["text"] for row in rows)
    left = set(kept)
    shares = {
        kind: sum(v not in published for v in found) / max(1, len(found))
        for kind, found in corpus.values.items()
    }
    by_label = {True: [0, 0], False: [0, 0]}
    for key, keep in corpus.labels.items():
        by_label[keep][0] += key in left
        by_label[keep][1] += 1
    labelled = set(corpus.labels)
    plain = corpus.rows.filter(~corpus.rows["id"].is_in(list(labelled)))
    return {
        "duplicates": planted(plain, [k for k in kept if k not in labelled]),
        "pii_gone": {kind: round(share, 4) for kind, share in shares.items()},
        "good_kept": round(by_label[True][0] / max(1, by_label[True][1]), 4),
        "junk_gone": round(1 - by_label[False][0] / max(1, by_label[False][1]), 4),
        "kept": len(kept),
    }


def summary(tool: str, runs: list[dict], documents: int, megabytes: float) -> dict:
    """Return the medians of a tool's rounds."""
    if "error" in runs[-1]:
        return {"tool": tool, "not_run": runs[-1]["error"]}
    wall = statistics.median(run["wall"] for run in runs)
    return {
        "tool": tool,
        "wall": round(wall, 1),
        "spread": round((max(r["wall"] for r in runs) - min(r["wall"] for r in runs)) / wall, 2),
        "docs_per_second": round(documents / wall),
        "mb_per_second": round(megabytes / wall, 2),
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
    } | {k: runs[-1][k] for k in ("duplicates", "pii_gone", "good_kept", "junk_gone", "kept")}


def render(figures: dict) -> str:
    """Return the figures as Markdown tables."""
    done = [job for job in figures["jobs"] if "wall" in job]
    ours = next((job for job in done if job["tool"] == "hallmark"), None)
    lines = [
        machine_line("dvc", "polars", "datasketch", "presidio-analyzer"),
        "",
        f"{figures['documents']} documents, {figures['megabytes']} MB of text, {figures['workers']} workers, "
        f"medians of {figures['rounds']}, tools interleaved.",
        "",
        "| chain | seconds | spread | documents/s | MB/s | MB/s per core | peak MB | times ours |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for job in figures["jobs"]:
        if "wall" not in job:
            lines.append(f"| {job['tool']} | not run: {job['not_run']} | | | | | | |")
            continue
        ratio = f"{job['wall'] / ours['wall']:.1f}x" if ours and job is not ours else ""
        core = round(job["mb_per_second"] / figures["workers"], 2)
        rates = (job["docs_per_second"], job["mb_per_second"], core)
        cells = (job["wall"], job["spread"], *rates, job["peak_mb"], ratio)
        lines.append(f"| {job['tool']} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, "", *_truths(done)])


def _truths(done: list[dict]) -> list[str]:
    rates = list(done[0]["duplicates"]["removed"]) if done else []
    kinds = list(done[0]["pii_gone"]) if done else []
    lines = [
        "Truths: share of planted copies gone by share of words edited; originals without a copy that were lost "
        "(for any reason); planted values gone from what is published; labelled prose kept and junk dropped.",
        "",
        "| chain | "
        + " | ".join(f"copies {r}" for r in rates)
        + " | originals lost | "
        + " | ".join(kinds)
        + " | prose kept | junk dropped |",
        "|---|" + "---:|" * (len(rates) + len(kinds) + 3),
    ]
    for job in done:
        gone, lost = job["duplicates"]["removed"].values(), job["duplicates"]["others_removed"]
        cells = [
            *(g.split(" ")[0] for g in gone),
            lost.split(" ")[0],
            *job["pii_gone"].values(),
            job["good_kept"],
            job["junk_gone"],
        ]
        lines.append(f"| {job['tool']} | " + " | ".join(map(str, cells)) + " |")
    return lines


if __name__ == "__main__":
    main()
