"""Reading a document's bytes again from its source file, to show that they are those that were certified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lineage.errors import HallmarkError
from pipelines.project import Project


def reread_proof(project: Project, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return {matches, raw_sha256, expected, bytes, file, record, offset, length} for one document's origin.

    `origin`: source, file, record, offset, length and raw_sha256 (bytes or hex) as the ingest table holds them.
    The record is read from the file named, whatever stands there now; no byte of it is returned. InputError where
    it cannot be read; HallmarkError for a source that sources.yaml no longer has.
    """
    from stages.ingest.locator import reread

    source = project.sources.get(origin["source"])
    if source is None:
        raise HallmarkError(
            f"there is no source {origin['source']!r} any more",
            where=str(project.root / "sources.yaml"),
            cure="check out the commit whose release holds the document",
        )
    places = {name: origin.get(name) for name in ("file", "record", "offset", "length")}
    found = reread(source, project.root, places["file"], *(places[n] for n in ("record", "offset", "length")))
    expected = origin["raw_sha256"]
    expected = expected.hex() if isinstance(expected, bytes) else str(expected)
    digest = hashlib.sha256(found).hexdigest()
    return {
        "matches": digest == expected,
        "raw_sha256": digest,
        "expected": expected,
        "bytes": len(found),
    } | places
