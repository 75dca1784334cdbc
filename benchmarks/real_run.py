"""The whole pipeline on real corpora: make a project, run it, verify and load the release, print the figures.

    python -m benchmarks.real_run --eval-dir DIR [--workers N] [--json FILE] [--write docs/real-run.md] [--keep DIR]

`DIR/corpora` holds the corpora: files of one format each, or a folder of text files; found by what they are,
never by name. Licence and provenance come from `DIR/MANIFEST.jsonl` where it has a line for them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import evalset
from benchmarks.report import add_outputs, deliver, machine_line
from lineage.verify import verify_release
from pipelines.project import STAGES, Project, read_json
from pipelines.questions import books_report, load_books
from pipelines.scaffold import make_project


def main() -> None:
    """Run, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--workers", type=int, default=0, help="worker processes; 0 = all cores")
    add_outputs(parser)
    parser.add_argument("--keep", type=Path, help="make the project here and keep it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "real"
        figures = measure(options.eval_dir.resolve(), folder, options.workers)
    deliver(options, figures, render(figures))


def measure(eval_dir: Path, folder: Path, workers: int) -> dict[str, Any]:
    """Return seconds, MB/s and memory per stage, funnel and books of one run over `eval_dir/corpora`."""
    make_project(folder, "real-run")
    write_sources(folder, eval_dir)
    params = folder / "params.yaml"
    params.write_text(re.sub(r"workers: \d+", f"workers: {workers}", params.read_text()))
    start = time.perf_counter()
    repro(folder)
    seconds = time.perf_counter() - start
    project = Project(folder)
    report = verify_release(folder / "release", trust=folder / "trust.json", deep=True)
    return {
        "seconds": round(seconds, 1),
        "workers": workers or len(os.sched_getaffinity(0)),
        "input_mb": round(read_json(folder / "metrics" / "inventory.json")["bytes"] / 1e6, 2),
        "text_mb": round(read_json(folder / "metrics" / "ingest.json")["text_bytes"] / 1e6, 2),
        "stages": read_json(folder / "runs" / "times.json"),
        "books": {"sources": load_books(project).by_source(), "total": load_books(project).total()},
        "reasons": load_books(project).reasons(),
        "books_text": books_report(project, as_json=False),
        "verify": {"code": report.code, "grade": report.grade},
        "loaded_rows": loaded_rows(folder / "release"),
        "publish": read_json(folder / "metrics" / "publish.json"),
    }


def write_sources(folder: Path, eval_dir: Path) -> None:
    """Write sources.yaml: one source per corpus, with the licence that MANIFEST.jsonl states."""
    known = {}
    if (eval_dir / "MANIFEST.jsonl").is_file():
        rows = [json.loads(x) for x in (eval_dir / "MANIFEST.jsonl").read_text().splitlines() if x.strip()]
        known = {Path(r["file"].split("/")[1]).name: r for r in rows if r.get("file")}
    (folder / "evidence").mkdir(exist_ok=True)
    note = folder / "evidence" / "README.txt"
    note.write_text("Licence and provenance of each corpus: see the README of the evaluation data.\n")
    found = [p for p in sorted((eval_dir / "corpora").iterdir()) if p.is_dir() or text_field(p)]
    corpora = [p for p in found if p.name in known or not known]
    entries = [_entry(p, known.get(p.name, {})) for p in corpora]
    text = json.dumps({"sources": entries}, ensure_ascii=False, indent=1)
    (folder / "sources.yaml").write_text(text, encoding="utf-8")


def _entry(path: Path, known: dict[str, Any]) -> dict[str, Any]:
    name = re.sub(r"[^a-z0-9]+", "-", path.name.split(".")[0].lower()).strip("-")
    licence = spdx(str(known.get("licence") or known.get("license") or ""))
    public = licence.startswith("LicenseRef")
    return {
        "id": name,
        "title": {"zh": name, "en": name},
        "paths": [str(path)],
        "fields": {} if path.is_dir() else {"text": text_field(path)},
        "class": "public-domain" if public else "open-licence",
        "licence": licence,
        "evidence": [
            {"kind": "public-domain-ground" if public else "licence-text", "path": "evidence/README.txt"}
        ],
        "jurisdiction": "CN" if name.startswith("zh") else "US",
        "storage_region": "CN",
        "cross_border": False,
        "collected": {"from": "2024-01-01", "to": "2026-11-01"},
        "personal_data": {"lawful_basis": "public-disclosure"},
        "retain_until": "2036-01-01",
        "purpose": ["pretraining"],
    }


def text_field(path: Path) -> str | None:
    """Return the column of a table that holds its texts, the longest on average; None where there is no prose."""
    if ".warc" in path.name:
        return "text"
    rows = evalset.read(path)
    if rows is None:
        return None if path.suffix == ".json" else "text"
    means = {n: rows[n].str.len_chars().mean() or 0 for n, kind in rows.schema.items() if kind == pl.String}
    best = max(means, key=lambda n: means[n], default=None)
    return best if best and means[best] >= 20 else None


def spdx(words: str) -> str:
    """Return the first SPDX-like id in a licence note; public-domain notes become a LicenseRef."""
    found = re.search(r"\b(CC0-1\.0|CC-BY-4\.0|CC-BY-SA-4\.0|MIT|Apache-2\.0)\b", words)
    if found:
        return found[1]
    return "LicenseRef-scancode-public-domain" if "public" in words.lower() else "NOASSERTION"


def repro(folder: Path) -> None:
    """Run `dvc repro` as a user would; a failure ends the benchmark with its output."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, "-m", "dvc", "repro"], cwd=folder, env=env, check=False)
    if done.returncode:
        raise SystemExit(f"dvc repro failed with code {done.returncode}")


def loaded_rows(release: Path) -> int:
    """Return the rows that `datasets.load_dataset` finds in the release."""
    import datasets

    with tempfile.TemporaryDirectory() as cache:
        loaded = datasets.load_dataset(str(release), cache_dir=cache)
        return sum(loaded[split].num_rows for split in loaded)


def render(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    total = figures["books"]["total"]
    lines = [
        machine_line(),
        "",
        f"{figures['input_mb']} MB of files, {figures['text_mb']} MB of text, {total['in']} documents, "
        f"{figures['workers']} workers: {figures['seconds']} s for `dvc repro` from nothing. "
        f"`hallmark verify --deep`: code {figures['verify']['code']}, grade {figures['verify']['grade']}. "
        f"`datasets.load_dataset`: {figures['loaded_rows']} rows "
        f"(kept + redacted = {total['kept'] + total['redacted']}).",
        "",
        "| stage | seconds | MB/s per core | peak MiB per worker |",
        "|---|---:|---:|---:|",
    ]
    for name in STAGES:
        row = figures["stages"].get(name, {})
        lines.append(
            f"| {name} | {row.get('seconds')} | {row.get('mb_per_core_second') or ''} | {row.get('peak_mib')} |"
        )
    lines += ["", "```", figures["books_text"], "```"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
