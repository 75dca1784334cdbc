"""Strike the pipeline at seeded random moments, run it again, and compare every byte with an undisturbed run.

    python -m benchmarks.crashes [--strikes 100] [--minutes 60] [--seed N] [--write docs/crash.md]

The bundled sample is cloned and `dvc repro` started as a user does. Each strike takes the next kind, in seeded order:
kill -9 of a worker, of the driver or of DVC; Ctrl-C twice; a worker that gets no more memory (RLIMIT_AS); a full disk;
a read error (EIO) in the middle of a file, from a preloaded shim. What a strike leaves is what the next run starts
with. A run that ends before its strike is compared, and the project begins anew from nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.crash_kit import (
    Strike,
    bare_copy,
    build_shim,
    digests,
    disturb,
    forget_outputs,
    held_locks,
    leftovers,
    moments,
    repro,
    small_disk,
)
from benchmarks.report import add_outputs, deliver, machine_line
from pipelines.project import STAGES

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Strike, compare, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strikes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--longest", type=float, default=25.0, help="seconds from start to strike, at most")
    parser.add_argument(
        "--limit", type=float, default=300.0, help="seconds after which a struck run has hung"
    )
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no further strike after so many")
    add_outputs(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        keys, calm = Path(scratch, "keys"), Path(scratch, "calm")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(calm)], check=True)
        subprocess.run(["hallmark", "keys", "init"], cwd=calm, env=os.environ | {"HALLMARK_KEYS": str(keys)})
        repro(calm, keys)
        figures = strike(
            calm,
            keys,
            Path(scratch),
            options.strikes,
            options.seed,
            options.longest,
            limit=options.limit,
            minutes=options.minutes,
        )
    deliver(options, figures, render(figures))
    if figures["differ"] or figures["left"] or figures["locks"] or figures["hung"]:
        raise SystemExit("a disturbed run did not end as an undisturbed one")


def strike(
    calm: Path,
    keys: Path,
    scratch: Path,
    count: int,
    seed: int,
    longest: float = 12.0,
    *,
    limit: float = 300.0,
    minutes: float = float("inf"),
) -> dict[str, Any]:
    """Strike a copy of the finished project `calm` `count` times; return what was hit and what differed at the ends.

    A run that finished before its strike counts as an end, as the last run does; nothing disturbs the last run.
    """
    wanted, start = digests(calm), time.perf_counter()
    hits: list[Strike] = []
    differ: list[str] = []
    left: list[str] = []
    locks: list[str] = []
    ends = 0
    shim = build_shim(scratch)
    with small_disk(scratch / "disk") as resize:
        project = bare_copy(calm, scratch / "disk" / "project")
        plan = moments(seed, count, longest)
        tried = 0
        while plan or ends == 0 or digests(project) != wanted:
            if time.perf_counter() - start > 60 * minutes:
                plan = []
            hit = None
            if plan:
                tried += 1
                hit = disturb(project, keys, *plan.pop(0), shim=shim, resize=resize, limit=limit)
            if hit:
                print(f"{hit.kind} in {hit.stage}: code {hit.code}", file=sys.stderr, flush=True)
                hits.append(hit)
                continue
            if not plan:
                repro(project, keys)
            ends += 1
            found = digests(project)
            differ += sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
            left += leftovers(project)
            locks += held_locks(project)
            if not plan:
                break
            forget_outputs(project)
    return {
        "planned": count,
        "tried": tried,
        "strikes": len(hits),
        "hung": [f"{h.kind} in {h.stage}" for h in hits if h.code is None],
        "by_kind": dict(sorted(Counter(h.kind for h in hits).items())),
        "by_stage": {s: n for s in (*STAGES, "between stages") if (n := sum(h.stage == s for h in hits))},
        "runs_ended": dict(sorted(Counter(f"{h.kind}: {h.code}" for h in hits).items())),
        "ends": ends,
        "files": len(wanted),
        "differ": differ,
        "left": left,
        "locks": locks,
        "seconds": round(time.perf_counter() - start),
        "seed": seed,
    }


def render(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""

    def line(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {n}" for name, n in counts.items())

    return "\n".join(
        [
            machine_line("dvc"),
            "",
            f"{figures['strikes']} strikes, seed {figures['seed']}, {figures['seconds']} s in all. Of "
            f"{figures['planned']} moments {figures['tried']} were tried; "
            "where a run was over before, there was nothing to strike.",
            "",
            f"* By kind: {line(figures['by_kind'])}.",
            f"* By the stage that ran: {line(figures['by_stage'])}.",
            f"* {figures['ends']} finished runs, {figures['files']} files each, compared byte by byte with the "
            f"undisturbed run: {len(figures['differ'])} differ. Temporary files or folders left: "
            f"{len(figures['left'])}. Locks still held: {len(figures['locks'])}. "
            f"Struck runs that did not end: {len(figures['hung'])}.",
        ]
    )


if __name__ == "__main__":
    main()
