"""Measures detectors on labelled sets and writes their evidence files; nothing else writes such files.

A folder of labelled sets is laid out by sub-folder (prohibited, cbrn, pii, lid, dedup); files are told apart by the
form of their rows, never by name. Only figures leave this package, never a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lineage import canonical, evidence
from lineage.errors import SettingsError

GROUPS = ("screen", "pii", "quality", "dedup")


def running(params: Any) -> list[dict[str, Any]]:
    """Return every detector that runs under `params` (blocks screen, pii, quality, dedup), each with its `stage`."""
    from pipelines.evaluate import duplicates
    from stages import pii, quality, screen

    found = [{**d, "stage": "screen"} for d in screen.detectors(params.screen) if d["detector"]]
    found += [{**d, "stage": "pii"} for d in pii.detectors(params.pii)]
    found += [{**d, "stage": "quality"} for d in quality.detectors(params.quality)]
    return [*found, duplicates.detector(params.dedup)]


def evaluate(names: Iterable[str], eval_dir: Path, params: Any) -> dict[str, bytes]:
    """Return {detector: evidence file} of the detectors named (all where none is), measured on `eval_dir`.

    Names are name@version or the name alone. A detector for which the folder holds no labelled set has no file.
    """
    from pipelines.evaluate import duplicates, languages, personal, screening

    wanted = chosen(list(names), running(params))
    measures = {
        "screen": lambda found: screening.measure(found, eval_dir, params.screen),
        "pii": lambda found: personal.measure(found, eval_dir, params.pii),
        "quality": lambda found: languages.measure(found, eval_dir, params.quality),
        "dedup": lambda found: duplicates.measure(found, eval_dir, params.dedup),
    }
    files: dict[str, bytes] = {}
    for stage in GROUPS:
        found = [d for d in wanted if d["stage"] == stage]
        if found:
            for name, (sets, figures) in measures[stage](found).items():
                entry = next(d for d in found if d["detector"] == name)
                files[name] = document(entry, sets, figures)
    return dict(sorted(files.items()))


def chosen(names: list[str], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the detectors of these names; SettingsError lists those there are."""
    for name in names:
        if not any(_named(d, name) for d in found):
            known = ", ".join(sorted(d["detector"] for d in found))
            raise SettingsError(f"no detector {name!r} runs here", cure=f"choose from: {known}")
    return [d for d in found if not names or any(_named(d, name) for name in names)]


def document(entry: dict[str, Any], sets: list[dict[str, Any]], figures: list[dict[str, Any]]) -> bytes:
    """Return the evidence file of one detector in its one byte form."""
    rows = sorted(
        figures, key=lambda r: (r["code"], r["language"], r["set"], r.get("subset", ""), r["level"])
    )
    body = {
        "schema": evidence.SCHEMA,
        "detector": entry["detector"],
        "detector_sha256": entry["sha256"],
        "code_sha256": code_sha256(),
        "stage": entry["stage"],
        "sets": sorted(sets, key=lambda s: s["name"]),
        "figures": rows,
        "status": evidence.overall(rows),
    }
    data = canonical.dumps(body)
    evidence.read(data, where=entry["detector"])
    return data


def code_sha256() -> str:
    """Return the SHA-256 of this package: what did the measuring."""
    here, total = Path(__file__).parent, hashlib.sha256()
    for path in sorted(p for p in here.iterdir() if p.suffix in (".py", ".yaml")):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def shipped_folders() -> list[Path]:
    """Return the folders of the evidence that comes with the package, one per stage."""
    root = Path(__file__).parent.parent.parent / "stages"
    return [root / stage / "evidence" for stage in GROUPS]


def _named(detector: dict[str, Any], name: str) -> bool:
    return name in (detector["detector"], detector["detector"].rpartition("@")[0])
