"""Which files a source has, here or in a remote store. Light to import: inventory starts with it on every run."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lineage.errors import InputError
from stages.ingest.places import is_remote, list_remote, local_pattern

if TYPE_CHECKING:
    from stages.ingest.source import Source

#: Side files of a Hugging Face data set on disk and of version control: no documents in them.
_NOT_DATA = ("dataset_info.json", "state.json", "dataset_dict.json")


class InputFile(NamedTuple):
    """One input file: path relative to the project ("/"-separated), bytes, modification time in ns.

    A remote file's path is its address; `mark` is what its server says changes with its content.
    """

    path: str
    size: int
    mtime_ns: int
    mark: str = ""


def list_files(source: Source, project: Path) -> list[InputFile]:
    """Return the source's files in path order; InputError for a path without file or an unreadable folder."""
    found: dict[str, InputFile] = {}
    for pattern in source.paths:
        if is_remote(pattern):
            remote = list_remote(pattern, source.id, project)
            if not remote:
                raise _missing(pattern, source.id)
            found |= {file.path: InputFile(file.path, file.size, 0, file.mark) for file in remote}
            continue
        pattern = local_pattern(pattern)
        before = len(found)
        for path in _match(pattern, source.id, project):
            for file in _walk(path, project, source.id):
                found[file.path] = file
        if len(found) == before and not any(True for _ in _match(pattern, source.id, project)):
            raise _missing(pattern, source.id)
    if not found:
        raise InputError(
            "no file to read",
            where=f"source {source.id}, paths",
            cure="correct the paths, or remove the source",
        )
    return [found[path] for path in sorted(found)]


def _match(pattern: str, source: str, project: Path) -> list[Path]:
    if not glob.has_magic(pattern) or (project / pattern).exists():
        path = project / pattern
        if not os.path.lexists(path):
            raise _missing(pattern, source)
        return [path]
    return [Path(hit) for hit in sorted(glob.glob(str(project / pattern), recursive=True))]  # noqa: PTH207


def _walk(path: Path, project: Path, source: str) -> list[InputFile]:
    def stop(error: OSError) -> None:
        raise InputError(
            f"the folder cannot be read: {error.strerror}",
            where=f"source {source}: {_relative(Path(error.filename), project)}",
            cure="give this user read permission, or exclude the folder",
        ) from None

    if not path.is_dir():
        return [_stat(path, project, source)]
    files = []
    for folder, below, names in os.walk(path, onerror=stop):
        below[:] = sorted(name for name in below if not name.startswith("."))
        files += [
            _stat(Path(folder) / name, project, source)
            for name in names
            if not name.startswith(".") and name not in _NOT_DATA
        ]
    return files


def _stat(path: Path, project: Path, source: str) -> InputFile:
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}",
            where=f"source {source}: {_relative(path, project)}",
            cure="restore the file or its link target, or correct the path",
        ) from None
    return InputFile(_relative(path, project), facts.st_size, facts.st_mtime_ns)


def _relative(path: Path, project: Path) -> str:
    return Path(os.path.relpath(path, project)).as_posix()


def _missing(pattern: str, source: str) -> InputError:
    return InputError(
        f"{pattern} matches no file",
        where=f"source {source}, paths",
        cure="correct the path (it is relative to the project folder), or fetch the data first",
    )
