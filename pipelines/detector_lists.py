"""The detectors of a stage as it names them, kept between runs: to name them a stage loads all its models and words."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

from lineage import canonical
from pipelines.evaluate.duplicates import detector as near_duplicates
from pipelines.project import Project, read_json, write_json


def detectors(project: Project, name: str) -> list[dict[str, Any]]:
    """Return what `stages.NAME.detectors` says under the project's settings.

    The answer is kept in data/.detectors/ under the digest of the stage's code, libraries, named files and settings.
    """
    settings = getattr(project.params, name)
    if name == "dedup":
        return [near_duplicates(settings)]
    listed = project.inventory(name)
    known = {"code": listed["code"], "files": listed["files"], "settings": settings.model_dump(mode="json")}
    key = hashlib.sha256(canonical.dumps(known)).hexdigest()
    path = project.data / ".detectors" / f"{name}.json"
    if path.is_file() and (kept := read_json(path))["key"] == key:
        return kept["detectors"]
    naming = getattr(import_module(f"stages.{name}"), "detectors", None)
    write_json(path, {"key": key, "detectors": naming(settings) if naming else []})
    return read_json(path)["detectors"]
