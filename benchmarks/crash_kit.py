"""How a run is disturbed: what to strike, when, with which tool; and what a finished run may not leave."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

KINDS = ("worker", "driver", "dvc", "interrupt", "memory", "disk", "read")
OUTPUTS = ("data", "release", "metrics", "runs", "dvc.lock", ".dvc/cache", ".dvc/tmp")
#: These say when and where, not what.
PRIVATE = (".memo.json", ".digests.json", ".lock")
LARGE = 4 << 30
SHIM = r"""
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Once, for a file below $FAULT_UNDER and past its beginning, while the file $FAULT_TRIGGER exists: EIO. */
static int hit(int fd, off_t at) {
  const char *trigger = getenv("FAULT_TRIGGER"), *under = getenv("FAULT_UNDER");
  char link[64], path[4096];
  if (!trigger || !under || at <= 0 || access(trigger, F_OK)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return strncmp(path, under, strlen(under)) == 0 && unlink(trigger) == 0;
}

extern "C" ssize_t read(int fd, void *buffer, size_t size) {
  static ssize_t (*real)(int, void *, size_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "read");
  int before = errno;
  if (hit(fd, lseek(fd, 0, SEEK_CUR))) { errno = EIO; return -1; }
  errno = before;
  return real(fd, buffer, size);
}

extern "C" ssize_t pread64(int fd, void *buffer, size_t size, off_t at) {
  static ssize_t (*real)(int, void *, size_t, off_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pread64");
  if (hit(fd, at)) { errno = EIO; return -1; }
  return real(fd, buffer, size, at);
}

extern "C" ssize_t pread(int fd, void *buffer, size_t size, off_t at) { return pread64(fd, buffer, size, at); }
"""


@dataclass(frozen=True)
class Strike:
    """What was struck while which stage ran, and the code `dvc repro` ended with; None: it had to be killed."""

    kind: str
    stage: str
    code: int | None


def environment(keys: Path) -> dict[str, str]:
    """Return the environment of a user: this interpreter's tools first, nothing phoning home."""
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | {"PATH": tools, "HALLMARK_KEYS": str(keys), "DVC_NO_ANALYTICS": "1"}


def repro(project: Path, keys: Path) -> None:
    """Run `dvc repro` to its end; its failure ends the measurement."""
    done = subprocess.run(
        ["dvc", "repro"], cwd=project, env=environment(keys), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"dvc repro failed with code {done.returncode}\n{done.stderr[-3000:]}")


def bare_copy(finished: Path, target: Path) -> Path:
    """Return a copy of a finished project as it was before its first run."""
    shutil.copytree(finished, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "cache"))
    subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    forget_outputs(target)
    return target


def forget_outputs(project: Path) -> None:
    """Delete whatever a run makes."""
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


def leftovers(project: Path) -> list[str]:
    """Return temporary files, half-made folders and scratch that a finished run may not leave."""
    return [
        p.relative_to(project).as_posix()
        for folder in ("data", "release", "metrics", "runs")
        for p in (project / folder).rglob("*")
        if p.name.endswith((".tmp", ".new")) or p.name in ("scratch", "staging", "old")
    ]


def held_locks(project: Path) -> list[str]:
    """Return lock files of the project that some process still holds."""
    held = []
    for path in [*(project / "data").glob(".*.lock"), *(project / ".dvc" / "tmp").glob("*lock")]:
        with path.open("a") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                held.append(path.relative_to(project).as_posix())
    rwlock = project / ".dvc" / "tmp" / "rwlock"
    if rwlock.is_file() and rwlock.read_text().strip() not in ("", "{}"):
        held.append(".dvc/tmp/rwlock")
    return held


def moments(seed: int, count: int, longest: float) -> list[tuple[str, float]]:
    """Return `count` (kind, delay in seconds) pairs; every kind comes before one comes again."""
    dice = random.Random(seed)
    kinds = [k for _ in range(-(-count // len(KINDS))) for k in dice.sample(KINDS, len(KINDS))]
    return [(kind, dice.uniform(1.0, longest)) for kind in kinds[:count]]


def build_shim(folder: Path) -> Path:
    """Compile the shim that lets one read fail; return the library."""
    source, library = folder / "fault.cc", folder / "fault.so"
    source.write_text(SHIM)
    subprocess.run(["c++", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[int], None] | None]:
    """Give `folder` a disk of its own and yield what resizes it; None where this user may not mount one."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield None
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs", str(folder)], check=True)
    try:
        yield (
            lambda size: (
                subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True) and None
            )
        )
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def disturb(
    project: Path,
    keys: Path,
    kind: str,
    delay: float,
    *,
    shim: Path,
    resize: Callable[[int], None] | None,
    limit: float = 300.0,
) -> Strike | None:
    """Start `dvc repro` and strike after `delay` seconds; None if there was nothing left to strike.

    A run that has not ended `limit` seconds after the strike counts as hung, and is killed with all its processes.
    """
    trigger = project / ".fault"
    faults = {"LD_PRELOAD": str(shim), "FAULT_TRIGGER": str(trigger), "FAULT_UNDER": f"{project}/"}
    run = subprocess.Popen(
        ["dvc", "repro"],
        cwd=project,
        env=environment(keys) | (faults if kind == "read" else {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + limit
    time.sleep(delay)
    struck, stage = False, "between stages"
    while run.poll() is None and not struck and time.monotonic() < end:
        stage = _stage(run.pid)
        struck = _strike(run.pid, kind, project, resize)
        time.sleep(0.01)
    code = _ended(run, limit)
    if kind == "disk" and struck and resize:
        resize(LARGE)
    missed = kind == "read" and struck and trigger.exists()
    trigger.unlink(missing_ok=True)
    return Strike(kind, stage, code) if struck and not missed else None


def _ended(run: subprocess.Popen, limit: float) -> int | None:
    try:
        return run.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return None


def _strike(pid: int, kind: str, project: Path, resize: Callable[[int], None] | None) -> bool:
    if kind == "interrupt":
        for _ in range(2):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGINT)
            time.sleep(0.2)
        return True
    if kind == "read":
        (project / ".fault").touch()
        return True
    if kind == "disk" and resize:
        resize(shutil.disk_usage(project).used + 8192)
        return True
    done = False
    for process in _choose(pid, kind):
        with contextlib.suppress(psutil.Error):
            if kind == "memory":
                most = process.memory_info().vms + (1 << 20)
                process.rlimit(resource.RLIMIT_AS, (most, most))
            elif kind == "disk":
                process.rlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            else:
                process.kill()
            done = True
            if kind != "disk":
                break
    return done


def _choose(pid: int, kind: str) -> list[psutil.Process]:
    try:
        dvc = psutil.Process(pid)
        if kind == "dvc":
            return [dvc]
        children = dvc.children(recursive=True)
        if kind == "disk":
            return children
        if kind == "driver":
            return [p for p in children if _is_driver(p)]
        servers = {p.pid for p in children if "multiprocessing.forkserver" in " ".join(p.cmdline())}
        return [p for p in children if p.ppid() in servers]
    except psutil.Error:
        return []


def _is_driver(process: psutil.Process) -> bool:
    words = process.cmdline()
    return "stage" in words and "run" in words


def _stage(pid: int) -> str:
    """Return the stage whose driver runs below DVC."""
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            if _is_driver(process):
                return process.cmdline()[-1]
    return "between stages"
