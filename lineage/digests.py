"""SHA-256 of files: streamed, and many at a time (hashlib lets go of the interpreter lock)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lineage.errors import InputError


def sha256_bytes(data: bytes) -> str:
    """Return the lower-case hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """Return the lower-case hex SHA-256 of a file, read in a stream; an unreadable one is an InputError."""
    try:
        with Path(path).open("rb", buffering=0) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None


def sha256_files(paths: Iterable[Path | str], threads: int | None = None) -> list[str]:
    """Return the digests of files in the order given; `threads` defaults to the number of cores."""
    return map_files(sha256_file, list(paths), threads)


def map_files(work: Callable[[Any], str], paths: Sequence[Any], threads: int | None = None) -> list[str]:
    """Return `work` of each path in order, on threads; many small files go to a thread in one bundle."""
    workers = threads or os.cpu_count() or 1
    size = max(1, min(64, len(paths) // (workers * 16)))
    bundles = [paths[i : i + size] for i in range(0, len(paths), size)]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        done = pool.map(lambda bundle: [work(path) for path in bundle], bundles)
        return [digest for bundle in done for digest in bundle]
