"""The files below a release: listed without following links, read within limits, hashed in parallel."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lineage.certificate import safe
from lineage.digests import map_files, sha256_bytes, sha256_file
from lineage.errors import HallmarkError
from lineage.verify.report import FAILED, INCOMPLETE, Report

MIB = 1 << 20
SHARD_MANIFEST_LIMIT, SHARD_CERTIFICATE_LIMIT = 16 * MIB, 16 * MIB
MANIFEST_LIMIT, CERTIFICATE_LIMIT = 256 * MIB, 512 * MIB
#: Files up to this size are read in one piece: a stream's buffer costs more than their digest.
SMALL = 1 << 18
_HEX = re.compile(r"[0-9a-f]{64}")


class Expected(NamedTuple):
    """What a signed statement says about one file."""

    sha256: str
    bytes: int
    role: str


class Folder:
    """The plain files below a release by "/"-separated path, with their sizes."""

    def __init__(self, root: Path, report: Report) -> None:
        self.root, self.report = root, report
        self.sizes: dict[str, int] = {}
        self._read: dict[str, str] = {}  # digests of what was read here already: no file is hashed twice
        self._list(str(root), "")

    def __contains__(self, path: str) -> bool:
        return path in self.sizes

    def read(self, path: str, limit: int, expected: Expected | None = None) -> bytes | None:
        """Return a file's bytes once they are what was certified; else report why not and return None."""
        if path not in self.sizes:
            self.report.refuse(INCOMPLETE, path, "the file is not here")
            return None
        if self.sizes[path] > limit:
            self.report.refuse(FAILED, path, f"{self.sizes[path]} bytes, over the limit of {limit}")
            return None
        try:
            handle = os.open(self.root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            self.report.refuse(FAILED, path, f"cannot be read: {error.strerror}")
            return None
        if expected:
            self._read[path] = sha256_bytes(data)
            if len(data) > limit or self._read[path] != expected.sha256:
                self.report.refuse(FAILED, path, "not the bytes that were certified")
                return None
        return data

    def compare(self, expected: Mapping[str, Expected], threads: int | None) -> set[str]:
        """Hash every expected file that is here, report those that differ, and return the good ones."""
        here = sorted(path for path in expected if path in self.sizes)
        right_size = [path for path in here if self.sizes[path] == expected[path].bytes]
        for path in sorted(set(here) - set(right_size)):
            what = f"{self.sizes[path]} bytes where {expected[path].bytes} were certified"
            self.report.refuse(FAILED, path, what)
        digests = map_files(self._digest, right_size, threads)
        good = set()
        for path, digest in zip(right_size, digests, strict=True):
            if digest == expected[path].sha256:
                good.add(path)
            else:
                self.report.refuse(FAILED, path, "not the bytes that were certified")
        self.report.files += len(good)
        self.report.bytes += sum(self.sizes[path] for path in good)
        return good

    def _digest(self, path: str) -> str:
        if path in self._read:
            return self._read[path]
        try:
            if self.sizes[path] > SMALL:
                return sha256_file(self.root / path)
            handle = os.open(f"{self.root}/{path}", os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with io.FileIO(handle) as stream:
                return sha256_bytes(stream.read())
        except (HallmarkError, OSError):
            return "unreadable"

    def _list(self, folder: str, below: str) -> None:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                path = below + entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    self._list(entry.path, path + "/")
                elif stat.S_ISREG(status.st_mode):
                    self.sizes[path] = status.st_size
                else:
                    self.report.refuse(FAILED, path, "a link or special file, where only plain files may be")


def expectations(
    resources: Iterable[Mapping[str, Any]], known: Mapping[str, Expected] | None = None
) -> dict[str, Expected]:
    """Return what in-toto resource descriptors say, by path; ValueError for an unsafe or malformed entry.

    `known`: entries that were checked already, as of the release; what repeats one is taken from there.
    """
    found: dict[str, Expected] = {}
    for resource in resources:
        path, digest, notes = resource["name"], resource["digest"]["sha256"], resource["annotations"]
        same = known.get(path) if known else None
        if same is not None and same == (digest, notes["bytes"], notes["role"]):
            if found.setdefault(path, same) != same:
                raise ValueError(f"two statements about {path}")
            continue
        if not safe(path):
            raise ValueError(f"an unsafe path: {path!r}"[:200])
        if not (isinstance(digest, str) and _HEX.fullmatch(digest)) or type(notes["bytes"]) is not int:
            raise ValueError(f"a malformed digest or size for {path}")
        entry = Expected(digest, notes["bytes"], notes["role"])
        if found.setdefault(path, entry) != entry:
            raise ValueError(f"two statements about {path}")
    return found
