"""Whether files that settings name are still the ones a process has loaded."""

from __future__ import annotations

from pathlib import Path


def state(*paths: str | Path) -> tuple[tuple[str, int, int], ...]:
    """Return (absolute path, bytes, mtime in ns) of files and of all files in folders, sorted; empty names are none.

    It is part of the key under which a loaded list or model is kept: the same relative name means other files in
    another project, and an operator may change a file while a process lives.
    """
    out = []
    for root in (Path(path).absolute() for path in paths if path):
        for path in [root] if root.is_file() else root.rglob("*"):
            if path.is_file():
                stat = path.stat()
                out.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(out))
