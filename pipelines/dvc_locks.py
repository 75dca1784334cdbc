"""DVC notes who reads and writes an output; a killed DVC leaves its notes, which block once its number is reused."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from lineage.atomic import write_bytes


def forget_dead(root: Path) -> int:
    """Delete the notes of processes that are gone from .dvc/tmp/rwlock, under DVC's own lock; return how many went.

    Where DVC holds that lock just now, nothing is done: the next stage looks again.
    """
    path = root / ".dvc" / "tmp" / "rwlock"
    if not path.is_file():
        return 0
    with path.with_name("rwlock.lock").open("a") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            notes = json.loads(path.read_bytes())
        except (OSError, ValueError):  # of a file that is not whole, DVC itself says what to do
            return 0
        kept = {
            "write": {k: v for k, v in notes.get("write", {}).items() if _lives(v)},
            "read": {k: alive for k, v in notes.get("read", {}).items() if (alive := [*filter(_lives, v)])},
        }
        gone = _count(notes) - _count(kept)
        if gone:
            write_bytes(path, json.dumps(kept).encode())
        return gone


def _count(notes: dict[str, Any]) -> int:
    return len(notes.get("write", {})) + sum(map(len, notes.get("read", {}).values()))


def _lives(note: dict[str, Any]) -> bool:
    try:
        os.kill(int(note["pid"]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, KeyError, ValueError):
        return True
    return True
