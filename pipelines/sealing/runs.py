"""runs/: what ran, when, by whom, on what; outside the release, bound to it by digest when it is sealed."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from lineage.digests import sha256_bytes, sha256_file, sha256_files
from lineage.journal import default_actor
from pipelines.project import STAGES, read_json, write_bytes, write_json

MEMO = Path("data") / ".digests.json"
PACKAGES = "installed packages"  # the memo's entry that is no file
#: What a run itself writes into files that git tracks: no sign that somebody changed the project.
WRITTEN = (":!dvc.lock", ":!metrics", ":!journal")


def run_digests(folder: Path) -> list[dict[str, Any]]:
    """Return {stage, record, sha256} of the newest finished run of each stage, in the order of the stages."""
    found = []
    for stage in STAGES:
        done = [p for p in sorted((folder / stage).glob("*.json")) if read_json(p)["outcome"] == "done"]
        if done:
            row = {"stage": stage, "record": f"{stage}/{done[-1].name}", "sha256": sha256_file(done[-1])}
            found.append(row)
    return found


def altered(folder: Path, bound: list[dict[str, Any]]) -> list[str]:
    """Return the run records that a seal binds and that are here with other bytes."""
    here = [row for row in bound if (folder / row["record"]).is_file()]
    return [row["record"] for row in here if sha256_file(folder / row["record"]) != row["sha256"]]


def run_facts(root: Path, stage: str, *, finished: bool) -> dict[str, Any]:
    """Return what a run record says beyond times: command, actor, commit, dirty, environment, inputs, outputs.

    Inputs and outputs are the deps and outs of the stage in dvc.yaml: {path, files, bytes, sha256}, the digest over
    sorted lines `path, 0x00, sha256, newline`. Outputs of a run that did not finish are null. Writes the list of
    installed packages to runs/environments/ once per environment.
    """
    inputs, outputs = _named(root, stage)
    memo = _read_memo(root)
    facts = {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "actor": default_actor(),
        **_commit(root),
        "environment": _environment(root, memo),
        "inputs": [row for path in inputs if (row := _digest(root, path, memo))],
        "outputs": [row for path in outputs if (row := _digest(root, path, memo))] if finished else None,
    }
    write_json(
        root / MEMO, {name: memo[name] for name in memo if name == PACKAGES or (root / name).is_file()}
    )
    return facts


def _named(root: Path, stage: str) -> tuple[list[str], list[str]]:
    """Return the deps and outs of a stage in dvc.yaml; nothing where the project has none."""
    path = root / "dvc.yaml"
    if not path.is_file():
        return [], []
    from lineage.yamlfile import YamlFile

    entry = (YamlFile(path).plain().get("stages") or {}).get(stage) or {}
    return tuple(
        [next(iter(e)) if isinstance(e, dict) else e for e in entry.get(k, ())] for k in ("deps", "outs")
    )


def _commit(root: Path) -> dict[str, Any]:
    head = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *WRITTEN)
    return {"commit": head or None, "dirty": None if changed is None else bool(changed)}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git on this machine: the record says null
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _environment(root: Path, memo: dict[str, Any]) -> dict[str, str]:
    """Return digest, Python and architecture of the environment, and the file that lists its packages."""
    found = _packages(memo)
    head = [f"python=={platform.python_version()}", f"machine=={platform.machine()}"]
    text = "\n".join([*head, *found]) + "\n"
    digest = sha256_bytes(text.encode())
    listing = root / "runs" / "environments" / f"{digest[:16]}.txt"
    if not listing.is_file():
        write_bytes(listing, text.encode())
    return {"sha256": digest, "packages": f"environments/{listing.name}"}


def _packages(memo: dict[str, Any]) -> list[str]:
    """Return `name==version` of every installed package, read again when a folder they lie in has changed."""
    folders = [[p, Path(p).stat().st_mtime_ns] for p in sys.path if Path(p).is_dir()]
    kept = memo.get(PACKAGES)
    if not kept or kept[0] != folders:
        found = {f"{d.metadata['Name']}=={d.version}" for d in distributions() if d.metadata["Name"]}
        kept = memo[PACKAGES] = [folders, sorted(found, key=str.lower)]
    return kept[1]


def _read_memo(root: Path) -> dict[str, Any]:
    try:
        return read_json(root / MEMO)
    except (OSError, ValueError):  # absent, or torn by a crash: everything is hashed anew
        return {}


def _digest(root: Path, path: str, memo: dict[str, Any]) -> dict[str, Any] | None:
    """Return the digest of a file or folder; a file whose size, time and inode are known is not read again."""
    place = root / path
    if not place.exists():
        return None
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    names = [p.relative_to(root).as_posix() for p in files]
    marks = [_mark(p) for p in files]
    fresh = [i for i, name in enumerate(names) if memo.get(name, [None])[0] != marks[i]]
    for i, digest in zip(fresh, sha256_files([files[i] for i in fresh]), strict=True):
        memo[names[i]] = [marks[i], digest]
    lines = sorted(f"{name}\0{memo[name][1]}\n" for name in names)
    size = sum(mark[0] for mark in marks)
    return {"path": path, "files": len(files), "bytes": size, "sha256": sha256_bytes("".join(lines).encode())}


def _mark(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]
