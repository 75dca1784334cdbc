"""Start the pipeline as a user does, and disturb it: kill a worker, the driver or DVC, or press Ctrl-C twice."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
from support import environment

TARGETS = ("worker", "driver", "dvc", "interrupt")
OUTPUTS = ("data", "release", "metrics", "runs", "dvc.lock", ".dvc/cache", ".dvc/tmp")
#: These say when and where, not what.
PRIVATE = (".memo.json", ".digests.json", ".lock")


def bare_copy(sample: Path, target: Path) -> Path:
    """Return a copy of the finished project as it was before its first run."""
    shutil.copytree(sample, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "cache"))
    subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    forget_outputs(target)
    return target


def forget_outputs(project: Path) -> None:
    for name in OUTPUTS:
        path = project / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def digests(project: Path) -> dict[str, str]:
    """Return the digest of every file that a run makes; times and locks of a run are left out."""
    found = {}
    for name in ("data", "release", "metrics"):
        for path in sorted((project / name).rglob("*")):
            if path.is_file() and not path.name.endswith(PRIVATE):
                found[path.relative_to(project).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def disturb(project: Path, keys: Path, target: str, delay: float, limit: float = 300.0) -> bool:
    """Start `dvc repro` and strike after `delay` seconds; tell whether there was still something to strike."""
    run = subprocess.Popen(
        ["dvc", "repro"],
        cwd=project,
        env=environment(keys),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + limit
    time.sleep(delay)
    struck = False
    while run.poll() is None and not struck and time.monotonic() < end:
        struck = _strike(run.pid, target)
        time.sleep(0.01)
    run.wait(timeout=limit)
    return struck


def _strike(pid: int, target: str) -> bool:
    if target == "interrupt":
        for _ in range(2):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGINT)
            time.sleep(0.2)
        return True
    for process in _choose(pid, target):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            return True
    return False


def _choose(pid: int, target: str) -> list[psutil.Process]:
    try:
        dvc = psutil.Process(pid)
        if target == "dvc":
            return [dvc]
        children = dvc.children(recursive=True)
        if target == "driver":
            return [p for p in children if "stage" in p.cmdline() and "run" in p.cmdline()]
        servers = {p.pid for p in children if "multiprocessing.forkserver" in " ".join(p.cmdline())}
        return [p for p in children if p.ppid() in servers]
    except psutil.NoSuchProcess:
        return []


def moments(seed: int, count: int, longest: float) -> list[tuple[str, float]]:
    """Return `count` (target, delay) pairs; every kind of target comes before one comes again."""
    dice = random.Random(seed)
    kinds = [k for _ in range(-(-count // len(TARGETS))) for k in dice.sample(TARGETS, len(TARGETS))]
    return [(kind, dice.uniform(1.0, longest)) for kind in kinds[:count]]
