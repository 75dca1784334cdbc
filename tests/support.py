"""Running the project as a user would: a clone, its keys, its commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tracked_files() -> list[str]:
    """Return the files of this checkout that git tracks or would track."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file() and name != "dvc.lock"]


def copy_checkout(target: Path) -> Path:
    """Copy this checkout into `target` as a fresh clone would hold it, with a git repository of its own."""
    for name in tracked_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    return target


def environment(keys: Path) -> dict[str, str]:
    """Return the environment of a user: this interpreter's tools first, keys of the test, nothing phoning home."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HALLMARK_KEYS": str(keys),
        "DVC_NO_ANALYTICS": "1",
        "COLUMNS": "200",
    }


def call(command: list[str], cwd: Path, keys: Path, *, code: int | None = 0, cut: bool = False):
    """Run a command as a user would; `cut`: in a namespace without any network. Returns the finished process."""
    prefix = ["unshare", "--map-root-user", "--net"] if cut else []
    done = subprocess.run(
        [*prefix, *command], cwd=cwd, env=environment(keys), capture_output=True, text=True, check=False
    )
    if code is not None:
        assert done.returncode == code, (
            f"{command}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
    return done
