"""runs/: what ran, when, by whom, on what; outside the release, bound to it by digest when it is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineage.digests import sha256_file
from pipelines.project import STAGES, read_json


def run_digests(folder: Path) -> list[dict[str, Any]]:
    """Return {stage, record, sha256} of the newest finished run of each stage, in the order of the stages."""
    found = []
    for stage in STAGES:
        done = [p for p in sorted((folder / stage).glob("*.json")) if read_json(p)["outcome"] == "done"]
        if done:
            found.append(
                {"stage": stage, "record": f"{stage}/{done[-1].name}", "sha256": sha256_file(done[-1])}
            )
    return found
