"""The decisions file of one person: appended line by line, flushed to disk before anybody is told."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import HallmarkError, InputError
from stages.decide.reviews import SCHEMA, parse_entry, parse_lines


class Journal:
    """All decisions under one folder, and the one file this person appends to."""

    def __init__(self, folder: Path, person: str) -> None:
        self.folder, self.path = folder, folder / f"{person}.jsonl"
        self._known: dict[str, tuple[bytes, pl.DataFrame]] = {}

    def lines(self) -> pl.DataFrame:
        """Return every decision of everybody; of a file that only grew, the new lines alone are read."""
        paths = sorted(self.folder.glob("*.jsonl"))
        self._known = {path.name: self._file(path) for path in paths}
        return pl.concat([pl.DataFrame(schema=SCHEMA), *(table for _, table in self._known.values())])

    def _file(self, path: Path) -> tuple[bytes, pl.DataFrame]:
        content, empty = path.read_bytes(), (b"", pl.DataFrame(schema=SCHEMA))
        before, table = self._known.get(path.name, empty)
        if content == before:
            return before, table
        if not content.startswith(before) or before[-1:] not in (b"", b"\n"):
            before, table = empty
        rows = parse_lines(content[len(before) :], path, before.count(b"\n") + 1)
        return content, pl.concat([table, pl.DataFrame(rows, schema=SCHEMA, orient="row")])

    def append(self, *entries: dict[str, Any]) -> None:
        """Append decisions, all or none, and return when they are on disk; a HallmarkError if the disk refuses."""
        for entry in entries:
            parse_entry(entry, str(self.path))
        texts = (json.dumps(e, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for e in entries)
        line = "".join(f"{text}\n" for text in texts)
        try:
            with _locked(self.path) as f:
                if _ends_open(f):
                    line = "\n" + line
                _write_whole(f, line.encode("utf-8"))
        except OSError as error:
            raise HallmarkError(
                f"the decision could not be written: {error.strerror}",
                where=str(self.path),
                cure="free space or mend the folder, then give the verdict again; nothing was lost before it",
            ) from None

    def mend(self) -> int:
        """Take out an unfinished last line that a crash left, and return its bytes (0: none).

        Such a line was never confirmed to the reader. A last line that is whole but for its newline stays.
        """
        if not self.path.is_file():
            return 0
        with _locked(self.path) as f:
            content = self.path.read_bytes()
            keep = content.rfind(b"\n") + 1
            tail = content[keep:]
            if not tail or _is_whole(tail):
                return 0
            f.truncate(keep)
            os.fsync(f.fileno())
            return len(tail)


@contextmanager
def _locked(path: Path) -> Iterator[Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield f


def _write_whole(f: Any, data: bytes) -> None:
    """Write and sync all bytes or none: a short write is taken back."""
    start = os.fstat(f.fileno()).st_size
    try:
        if f.write(data) != len(data):
            raise OSError(28, "the disk is full")
        os.fsync(f.fileno())
    except OSError:
        f.truncate(start)
        raise


def _ends_open(f: Any) -> bool:
    size = os.fstat(f.fileno()).st_size
    if size == 0:
        return False
    with Path(f.name).open("rb") as r:
        r.seek(size - 1)
        return r.read(1) != b"\n"


def _is_whole(tail: bytes) -> bool:
    try:
        parse_entry(json.loads(tail), "")
    except (ValueError, InputError):
        return False
    return True
