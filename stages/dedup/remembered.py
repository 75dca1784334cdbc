"""A folder beside the code, or in the user's cache, for what is slow to make and quick to read again."""

from __future__ import annotations

import hashlib
import os
import unicodedata
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np


@lru_cache(maxsize=1)
def cache_folder() -> str:
    """Return the first folder that can be written, beside the package or in the user's cache, else "".

    Its name holds a digest of every source that is compiled or makes a table: numba itself looks at the file of the
    outermost function alone, and would run old machine code after a change in a function that it calls.
    """
    here = Path(__file__).parent
    texts = [path.read_bytes() for path in sorted(here.glob("*.py"))]
    marks = (b"dedup.compiled", b"KIND_SHIFT =", b"def inlined")
    digest = hashlib.sha256(b"\0".join(text for text in texts if any(mark in text for mark in marks)))
    name = f"numba-{digest.hexdigest()[:16]}"
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for folder in (here / "__pycache__" / name, Path(user) / "hallmark" / name):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""


def remembered(name: str, make: Callable[[], tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Return the arrays that `make` returns, from a file written before by this code and Unicode version."""
    if not cache_folder():
        return make()
    path = Path(cache_folder()) / f"{name}-{unicodedata.unidata_version}.npz"
    try:
        with np.load(path) as kept:
            return tuple(kept[key] for key in kept.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):  # not there yet, or cut short: made again
        arrays = make()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, *arrays)
    os.replace(temporary, path)
    return arrays
