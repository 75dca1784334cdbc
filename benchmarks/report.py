"""What every benchmark prints around its figures: the machine, the date, and where the table goes."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.evalset import write_figures

OPEN, CLOSE = "<!-- figures -->", "<!-- /figures -->"


def machine_line(*packages: str) -> str:
    """Return one line: date, processor, cores in use, memory, Python, and versions of `packages`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = "".join(f", {p} {version(p)}" for p in packages)
    return (
        f"Measured {dt.date.today().isoformat()} on {_processor()}, {len(os.sched_getaffinity(0))} cores, "
        f"{memory:.0f} GiB, Python {platform.python_version()}{versions}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def between_markers(path: Path, report: str) -> None:
    """Replace what stands between the markers of a Markdown file; a file without them is made."""
    if not path.is_file():
        path.write_text(f"{OPEN}\n{CLOSE}\n", encoding="utf-8")
    before, _, rest = path.read_text(encoding="utf-8").partition(OPEN)
    after = rest.partition(CLOSE)[2]
    path.write_text(f"{before}{OPEN}\n{report}\n{CLOSE}{after}", encoding="utf-8")


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Add `--json FILE` and `--write FILE`, which `deliver` obeys."""
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--write", type=Path, help="put the tables between the markers of this Markdown file")


def deliver(options: argparse.Namespace, figures: Any, report: str) -> None:
    """Print the report, and write figures and report where the options of `add_outputs` ask."""
    print(report)
    if options.json:
        write_figures(options.json, figures)
    if options.write:
        between_markers(options.write, report)
