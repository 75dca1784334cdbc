"""`hallmark init`: a working project in a new folder."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lineage.errors import HallmarkError, SettingsError
from pipelines.params_file import params_text
from pipelines.project import write_bytes
from pipelines.settings import Params
from stages.ingest.source import schema_text

TEMPLATE = Path(__file__).parent / "template"
SOURCES = """\
# yaml-language-server: $schema=sources.schema.json
# One entry per source: what it is, where it lies, by what right it is used. `hallmark source add` writes entries.
sources: []
"""


def make_project(folder: Path, name: str = "", *, ci: str = "", today: dt.date | None = None) -> list[str]:
    """Make the project and return what to say about it: files, git, DVC, keys, next steps."""
    folder = folder.resolve()
    if (folder / "params.yaml").exists() or (folder / "dvc.yaml").exists():
        raise HallmarkError(
            "there is a project here already", where=str(folder), cure="choose another folder"
        )
    name = name or _name_of(folder.name)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise SettingsError(f"{name!r} is not a name", cure="use lower-case letters, digits and hyphens")
    folder.mkdir(parents=True, exist_ok=True)
    # what can fail comes before the files that make a project, so that the same command can be given again
    lines = [f"made the project {name} in {folder}", *_version_control(folder, name), *_keys(folder)]
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "gitignore").rename(folder / ".gitignore")
    (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    (folder / "sources.schema.json").write_text(schema_text(), encoding="utf-8")
    write_bytes(folder / "params.yaml", params_text(_params(name, today)).encode())
    lines += _job(folder, ci) if ci else []
    return [
        *lines,
        "next: git add . && git commit -m 'Begin'",
        "      hallmark source add PATH --id ID --licence SPDX --class CLASS --evidence FILE",
        "      hallmark source check",
        "      dvc repro",
        "      hallmark verify release",
    ]


def _name_of(folder: str) -> str:
    """Return the project's name; what ASCII cannot write is told apart by a digest, because ids must differ."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return name or f"corpus-{hashlib.sha256(folder.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def _params(name: str, today: dt.date | None) -> Params:
    title = {"zh": name, "en": name}
    as_of = today or dt.date.today()  # an input of the project from now on, written into params.yaml
    release = {"id": name, "title": title, "as_of": as_of}
    return Params.model_validate({"release": release, "pii": {"as_of": as_of}})


def _version_control(folder: Path, name: str) -> list[str]:
    lines = []
    if not _run(["git", "-C", str(folder), "rev-parse", "--git-dir"]):
        _must(["git", "init", "--quiet", str(folder)], "git")
        lines.append("git init done")
    dvc = [sys.executable, "-m", "dvc", "--cd", str(folder)]
    if not (folder / ".dvc").is_dir():
        _must([*dvc, "init", "--quiet", *_subdir(folder)], "dvc")
    _must([*dvc, "config", "core.analytics", "false"], "dvc")
    _must([*dvc, "config", "core.check_update", "false"], "dvc")
    # a folder beside the project, made at the first push; DVC's configuration holds ASCII only, as `name` does
    _must([*dvc, "config", "remote.restricted.url", f"../{name}-restricted"], "dvc")
    lines.append("dvc init done, analytics off")
    lines.append(f"unpublished data goes to the DVC remote `restricted` (../{name}-restricted) and no other")
    return lines


def _subdir(folder: Path) -> list[str]:
    return [] if (folder / ".git").exists() else ["--subdir"]


def _job(folder: Path, kind: str) -> list[str]:
    from pipelines.sealing import ci_job

    path, text = ci_job(kind)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")
    return [f"wrote {path}: a job that stops a release whose change is material"]


def _keys(folder: Path) -> list[str]:
    from pipelines.sealing import keyring

    info, _ = keyring.init(folder / "trust.json")
    return [f"{'made' if info.created else 'using'} keys in {info.folder}; public key named in trust.json"]


def _run(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _must(command: list[str], tool: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise HallmarkError(f"{tool} is not installed", cure=f"install {tool} and run this again") from None
    if done.returncode:
        raise HallmarkError(f"{tool} failed: {done.stderr.strip()[-300:]}", where=" ".join(command[:4]))
