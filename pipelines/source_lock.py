"""sources.lock: the input digests accepted for each source's revision, kept in git.

A file that changed, appeared or vanished upstream is an error until the source's `revision` changes: a release
never holds other bytes than those that somebody accepted. Files that come or go because somebody changed `paths`
were asked for; a known path with other bytes is an error all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lineage.errors import InputError
from pipelines.project import read_json, write_json

NAME = "sources.lock"
SHOWN = 3


def hold(root: Path, listing: Sequence[Mapping[str, Any]], sources: Mapping[str, Any]) -> None:
    """Compare the listed files ({id, files[{file, sha256}]} per source) with sources.lock, and accept what is new.

    A source without an entry, or with another revision than its entry's, is accepted as it stands; entries of
    sources that are gone leave. InputError names every file that differs under an unchanged revision.
    """
    path = root / NAME
    known = read_json(path) if path.is_file() else {}
    problems: list[str] = []
    fresh: dict[str, Any] = {}
    for source in listing:
        name = source["id"]
        files = {row["file"]: row["sha256"] for row in source["files"]}
        fresh[name] = _entry(sources[name], source["files"])
        entry = known.get(name)
        if entry is not None and entry["revision"] == fresh[name]["revision"]:
            same = entry["paths"] == fresh[name]["paths"]
            problems += _differences(
                name, entry["files"], files, ("changed", "new", "missing") if same else ("changed",)
            )
    if problems:
        raise InputError(
            f"input files differ from those accepted in {NAME}: {'; '.join(problems)}",
            where=str(root / "sources.yaml"),
            cure="change `revision` of the source to accept them, or bring the accepted files back",
        )
    if fresh != known:
        write_json(path, fresh)


def accept(root: Path, source: Any, files: Sequence[Mapping[str, Any]]) -> None:
    """Write one source's digests into sources.lock; the other entries stay."""
    path = root / NAME
    known = read_json(path) if path.is_file() else {}
    write_json(path, known | {source.id: _entry(source, files)})


def _entry(source: Any, files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "revision": source.revision,
        "paths": list(source.paths),
        "files": {row["file"]: row["sha256"] for row in files},
    }


def _differences(
    name: str, accepted: Mapping[str, Any], found: Mapping[str, Any], wanted: tuple[str, ...]
) -> list[str]:
    """Say what differs, one phrase per kind of change, with the first few files named."""
    kinds = {
        "changed": [f for f in accepted if f in found and accepted[f] != found[f]],
        "new": [f for f in found if f not in accepted],
        "missing": [f for f in accepted if f not in found],
    }
    out = []
    for kind, files in kinds.items():
        if files and kind in wanted:
            more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            out.append(f"source {name}: {kind}: {', '.join(sorted(files)[:SHOWN])}{more}")
    return out
