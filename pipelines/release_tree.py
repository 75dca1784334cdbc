"""The release folder: built from part folders in a staging place, then swapped in whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.project import read_json, write_bytes

DONE = "done.json"
#: Files a part folder holds only so that its certificate can be made; the release has its own.
SHARED = ("meta/policy.yaml", "meta/evidence/")


def is_built(folder: Path, key: str) -> bool:
    """Tell whether a part folder is whole and was built under this key."""
    try:
        done = read_json(folder / DONE)
    except (OSError, ValueError):
        return False
    return done["key"] == key and all((folder / f).is_file() for f in done["files"])


def forget(folder: Path, keep: set[Path]) -> None:
    """Delete built folders of parts that no longer exist, and what a crash left behind."""
    built = folder / "parts"
    for source in sorted(built.iterdir()) if built.is_dir() else ():
        for part in sorted(source.iterdir()):
            if part not in keep:
                shutil.rmtree(part)
        if not any(source.iterdir()):
            source.rmdir()


def stage(staging: Path, folders: list[Path], policy: bytes) -> Path:
    """Return a fresh staging folder that holds every part's files (as links) and the policy."""
    if staging.exists():
        shutil.rmtree(staging)
    for folder in folders:
        for name in read_json(folder / DONE)["files"]:
            if not name.startswith(SHARED):
                _link(folder / name, staging / name)
        for path in sorted((folder / "meta" / "evidence").glob("*")):
            if not (staging / "meta" / "evidence" / path.name).exists():
                _link(path, staging / "meta" / "evidence" / path.name)
    put(staging, "meta/policy.yaml", policy)
    return staging


def put(staging: Path, name: str, content: bytes) -> None:
    write_bytes(staging / name, content)


def swap(staging: Path, target: Path) -> None:
    """Put `staging` in the place of `target`; a crash in between leaves one of the two whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = staging.with_name("old")
    if old.exists():
        shutil.rmtree(old)
    if target.exists():
        os.replace(target, old)
    os.replace(staging, target)
    if old.exists():
        shutil.rmtree(old)


def _link(source: Path, target: Path) -> None:
    """Give `target` the content of `source`: shards as hard links (they are never edited), the rest as copies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".parquet":
        try:
            os.link(source, target)
            return
        except OSError:  # another file system
            pass
    shutil.copyfile(source, target)
