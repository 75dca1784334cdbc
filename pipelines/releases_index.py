"""Reads the manifests of finished releases for an index over several of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lineage.errors import HallmarkError
from lineage.sheets import Shelf


def shelf(release: Path, index: Path) -> Shelf:
    """Return title, version, shard manifests and sheets' address of a release folder, seen from the folder `index`.

    A folder without a release, or an unreadable manifest, is a HallmarkError that names the file.
    """
    path = release / "meta" / "manifest.json"
    if not path.is_file():
        raise HallmarkError(
            "no release here", where=str(path), cure="name folders that hold meta/manifest.json"
        )
    dataset = _read(path)["dataset"]
    manifests = [_read(p) for p in sorted((release / "meta" / "shards").rglob("*.json"))]
    address = os.path.relpath((release / "sheets").resolve(), index.resolve())
    return Shelf(dataset["title"], str(dataset["version"]), manifests, quote(address) + "/")


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except ValueError as e:
        raise HallmarkError("not a manifest", where=str(path), cure="copy the release again") from e
