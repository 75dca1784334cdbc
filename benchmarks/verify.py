"""How fast a release verifies beside plain SHA-256 of the same files, and how much memory ten thousand shards take.

    python -m benchmarks.verify [--release DIR --trust FILE] [--shards 10000] [--mib 2048] [--write] [--json FILE]

Without --release, two releases are made: one of few large shards (`--mib` MiB), one of `--shards` small ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.report import between_markers, machine_line
from benchmarks.verify_release import make

LIMIT = 1.2
DOCS = Path(__file__).parent.parent / "docs" / "verification.md"


def main(argv: list[str] | None = None) -> int:
    """Measure, print the table, and return 0."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        cases = _cases(options, Path(scratch))
        rows = [measure(name, release, trust, options.repeat) for name, release, trust in cases]
    report = table(rows)
    print(report)
    if options.write:
        between_markers(DOCS, report)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify", description=__doc__)
    parser.add_argument("--release", type=Path, help="measure this release instead of made ones")
    parser.add_argument("--trust", type=Path, default=Path("trust.json"), help="trust file for --release")
    parser.add_argument("--shards", type=int, default=10_000, help="shards of the release with small files")
    parser.add_argument("--mib", type=int, default=2048, help="size of the release with large files")
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many runs counts")
    parser.add_argument("--scratch", type=Path, help="folder for the made releases (default: the system's)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--write", action="store_true", help="put the table into docs/verification.md")
    return parser.parse_args(argv)


def _cases(options: argparse.Namespace, scratch: Path) -> list[tuple[str, Path, Path]]:
    if options.release:
        return [(options.release.name, options.release, options.trust)]
    large = make(scratch / "large", shards=16, bytes_each=(options.mib << 20) // 16)
    many = make(scratch / "many", shards=options.shards, bytes_each=16 << 10)
    return [("16 large shards", *large), (f"{options.shards:,} small shards", *many)]


def measure(name: str, release: Path, trust: Path, repeat: int = 3) -> dict[str, Any]:
    """Return processor seconds, GB/s and peak memory of verifying a release, and of plain SHA-256 of its files.

    Every run is a process of its own, one thread, on warm files; the best of `repeat` runs counts, of both sides alike.
    """
    files = sorted(p for p in release.rglob("*") if p.is_file())
    size = sum(p.stat().st_size for p in files)
    plain = min((_run(_PLAIN, str(release)) for _ in range(repeat)), key=lambda r: r["seconds"])
    checked = min(
        (_run(_VERIFY, str(release), str(trust)) for _ in range(repeat)), key=lambda r: r["seconds"]
    )
    if checked["code"] != 0:
        raise SystemExit(f"the release does not verify: code {checked['code']}")
    return {
        "release": name,
        "files": len(files),
        "bytes": size,
        "plain_cpu_seconds": plain["seconds"],
        "verify_cpu_seconds": checked["seconds"],
        "verify_seconds": checked["wall"],
        "plain_gb_s": round(size / plain["seconds"] / 1e9, 3),
        "verify_gb_s": round(size / checked["seconds"] / 1e9, 3),
        "ratio": round(checked["seconds"] / plain["seconds"], 2),
        "peak_mib": checked["peak_mib"],
        "bare_mib": plain["peak_mib"],
    }


_PLAIN = """
import hashlib, json, sys, time
from pathlib import Path
def peak():
    # not ru_maxrss: that begins with the peak of the process that started this one
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
start, wall = time.process_time(), time.perf_counter()
for path in sorted(p for p in Path(sys.argv[1]).rglob("*") if p.is_file()):
    with path.open("rb", buffering=0) as stream:
        hashlib.file_digest(stream, "sha256").hexdigest()
print(json.dumps({"seconds": time.process_time() - start, "wall": time.perf_counter() - wall, "code": 0,
                  "peak_mib": peak()}))
"""

_VERIFY = """
import json, sys, time
from datetime import date
from lineage.verify import verify_release
def peak():
    # not ru_maxrss: that begins with the peak of the process that started this one
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
start, wall = time.process_time(), time.perf_counter()
report = verify_release(sys.argv[1], trust=sys.argv[2], threads=1, today=date(2026, 4, 1))
print(json.dumps({"seconds": time.process_time() - start, "wall": time.perf_counter() - wall, "code": report.code,
                  "peak_mib": peak()}))
"""


def _run(program: str, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    found = json.loads(done.stdout)
    return (
        found | {n: round(found[n], 3) for n in ("seconds", "wall")} | {"peak_mib": round(found["peak_mib"])}
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as Markdown, with the machine and the goal."""
    lines = [
        machine_line("cryptography"),
        "",
        "| release | files | GB | plain SHA-256, GB/s | verify, GB/s | times as long | seconds | peak MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r['release']} | {r['files']:,} | {r['bytes'] / 1e9:.2f} | {r['plain_gb_s']} | {r['verify_gb_s']} "
            f"| {r['ratio']} | {r['verify_seconds']} | {r['peak_mib']} |"
        )
    note = (
        "GB per processor second on one thread, warm files, best of the runs (`seconds` passed on the clock); goal: at "
        f"most {LIMIT} times as long as plain SHA-256 of the same files. Small shards show the cost of the papers: "
        "each brings a signature, a manifest, a lineage table and four sheets. `python -m benchmarks.verify --write` "
        "makes this table."
    )
    return "\n".join([*lines, "", note])


if __name__ == "__main__":
    sys.exit(main())
