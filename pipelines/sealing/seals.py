"""history/<version>.json: one record per sealed release, in one chain.

A record is made once and never changed. Its `seq` counts the seals; `history` is the Merkle tree head over the
certificate ids of all releases up to it, so that a record that is changed or taken out breaks the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lineage import canonical
from lineage.errors import HallmarkError, TrustError
from lineage.latest import history_tree

SCHEMA = "urn:hallmark:seal:1"
LATEST, CHECKPOINT = "latest.dsse.json", "checkpoint"
LIMIT = 256 << 20  # a line per part of a large release
_CURE = "restore history/ from git: a sealed version never changes"


def records(history: Path) -> list[dict[str, Any]]:
    """Return the seal records of a history folder, oldest first; a chain that does not hold is a TrustError."""
    files = sorted(p for p in Path(history).glob("*.json") if p.name != LATEST)
    found = sorted((_record(path) for path in files), key=lambda r: r["seq"])
    for number, record in enumerate(found, 1):
        where = str(Path(history) / f"{record['version']}.json")
        before = found[number - 2] if number > 1 else None
        for what in _objections(record, number, before, [r["certificate"]["id"] for r in found[:number]]):
            raise TrustError(what, where=where, cure=_CURE)
    return found


def previous(history: Path, version: str) -> dict[str, str] | None:
    """Return what the manifest of `version` says of the release sealed before it: {version, digest, certificate}.

    `digest`: SHA-256 of the earlier release manifest; `certificate`: id of the earlier release certificate. None for
    the first release. The answer for a version that is sealed itself does not change with later seals.
    """
    found = records(history)
    own = next((r["seq"] for r in found if r["version"] == version), len(found) + 1)
    earlier = [r for r in found if r["seq"] < own]
    return _named(earlier[-1]) if earlier else None


def refuse_changed(history: Path, version: str, certificate_id: str) -> None:
    """Raise a TrustError if `version` is sealed and its release certificate was another one."""
    sealed = next((r for r in records(history) if r["version"] == version), None)
    if sealed and sealed["certificate"]["id"] != certificate_id:
        raise TrustError(
            f"version {version} is sealed, and this release has other bytes",
            where=str(Path(history) / f"{version}.json"),
            cure="raise release.version in params.yaml; a sealed version never changes",
        )


def semver(version: str) -> tuple[int, ...]:
    """Return the numbers of a version for comparison."""
    return tuple(int(n) for n in version.split("."))


def _named(record: Mapping[str, Any]) -> dict[str, str]:
    return {
        "version": record["version"],
        "digest": record["manifest"]["sha256"],
        "certificate": record["certificate"]["id"],
    }


def _record(path: Path) -> dict[str, Any]:
    try:
        record = canonical.loads(path.read_bytes(), where=str(path), limit=LIMIT)
        sound = record["schema"] == SCHEMA and type(record["seq"]) is int
        named = [record["manifest"]["sha256"], record["certificate"]["id"], record["history"]["root"]]
        if (
            sound
            and path.name == f"{record['version']}.json"
            and all(len(bytes.fromhex(n)) == 32 for n in named)
        ):
            return record
    except (HallmarkError, KeyError, TypeError, ValueError):
        pass
    raise TrustError("not a seal record of this version", where=str(path), cure=_CURE)


def _objections(
    record: Mapping[str, Any], number: int, before: Mapping[str, Any] | None, ids: list[str]
) -> list[str]:
    found = []
    if record["seq"] != number:
        found.append(
            f"seal {record['seq']} stands where seal {number} belongs: a record is missing or there twice"
        )
    if record["previous"] != (_named(before) if before else None):
        found.append("it does not follow from the seal before it")
    tree = history_tree(ids)
    if (record["history"]["size"], record["history"]["root"]) != (tree.size, tree.root.hex()):
        found.append("its tree head is not that of the releases up to it")
    return found
