"""Cutting a source into parts: slices of one large file, or runs of small files.

A run ends where the hash of a path says so, with a chance that grows with the file's size: a new file moves
the borders of its own run only. A file's slices depend on its own size only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Any

from stages.ingest.files import InputFile
from stages.ingest.formats import kind_of
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source

#: Bytes of text that one stored byte becomes, about: decides the number of parts, not their content.
_GROWTH = {"gz": 3.0, "zst": 4.0, "bz2": 4.0, "xz": 5.0, "parquet": 2.0, "warc": 0.25, "zip": 3.0}
_SHORT = 8  # hex digits of a part's name
_PER_FILE = 4096  # opening a file costs about as much as reading this many bytes


@dataclass(frozen=True)
class Part:
    """The unit of work: slices [file, start, end) of stored bytes; a whole file is [file, 0, size]."""

    source: str
    part: str
    slices: tuple[tuple[str, int, int], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the part as plain JSON values."""
        return asdict(self) | {"slices": [list(item) for item in self.slices]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Part:
        """Return the part that `to_json` wrote."""
        slices = tuple((str(file), int(start), int(end)) for file, start, end in value["slices"])
        return cls(str(value["source"]), str(value["part"]), slices)


def plan_parts(source: Source, files: Sequence[InputFile], settings: IngestSettings) -> list[Part]:
    """Cut the files into parts of about `part_mib` of text, in path order."""
    target = int(settings.part_mib * (1 << 20))
    parts: list[Part] = []
    run: list[InputFile] = []
    weight = 0

    def close() -> None:
        nonlocal run, weight
        if run:
            whole = tuple((file.path, 0, file.size) for file in run)
            parts.append(Part(source.id, part_name(run[0].path, 0), whole))
        run, weight = [], 0

    for file in sorted(files):
        text = text_bytes(source, file)
        count = -(-text // target)
        if count > 1 and kind_of(file.path, source.format).sliceable:
            close()
            parts += _slices(source, file, count)
            continue
        if weight + text > 2 * target:
            close()
        run.append(file)
        weight += text + _PER_FILE
        if ends_run(file.path, text + _PER_FILE, target):
            close()
    close()
    return _apart(parts)


def text_bytes(source: Source, file: InputFile) -> int:
    """Estimate the bytes of text in a file from its size and format."""
    kind = kind_of(file.path, source.format)
    growth = (_GROWTH.get(name, 1.0) for name in (kind.compression, kind.archive, kind.format))
    return int(file.size * prod(growth))


def ends_run(path: str, weight: int, target: int) -> bool:
    """Tell whether a run of small files ends after this file: true for weight/target of all paths."""
    draw = int.from_bytes(
        hashlib.sha256(b"border\x00" + path.encode("utf-8", "surrogateescape")).digest()[:8]
    )
    return draw * target < weight << 64


def part_name(path: str, index: int) -> str:
    """Return the part's name: 8 hex digits of the first file's path, and the slice; `_apart` lengthens it."""
    return f"{_digest(path)[:_SHORT]}-{index:04d}"


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()


def _apart(parts: list[Part]) -> list[Part]:
    """Give parts whose short names meet by chance the longer name of their first file's path."""
    firsts: dict[str, set[str]] = {}
    for part in parts:
        firsts.setdefault(part.part[:_SHORT], set()).add(part.slices[0][0])
    return [
        replace(part, part=_digest(part.slices[0][0]) + part.part[_SHORT:])
        if len(firsts[part.part[:_SHORT]]) > 1
        else part
        for part in parts
    ]


def _slices(source: Source, file: InputFile, count: int) -> list[Part]:
    cuts = [file.size * index // count for index in range(count + 1)]
    return [
        Part(source.id, part_name(file.path, index), ((file.path, cuts[index], cuts[index + 1]),))
        for index in range(count)
    ]
