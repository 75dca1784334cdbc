"""Where things are: one project folder and the names inside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineage.atomic import write_bytes
from lineage.errors import HallmarkError, SettingsError

if TYPE_CHECKING:
    from pipelines.settings import Params
    from stages.ingest.source import Source

STAGES = ("inventory", "ingest", "quality", "dedup", "pii", "screen", "sample", "decide", "publish")


@dataclass(frozen=True, order=True)
class PartRef:
    """One part of one source, as listed in data/ingest/plan.json."""

    source: str
    part: str
    bytes: int = 0

    def file(self, suffix: str = ".parquet") -> str:
        return f"{self.source}/{self.part}{suffix}"


@dataclass(frozen=True)
class Project:
    """A folder with params.yaml, sources.yaml and dvc.yaml."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project that `start` (default: the current folder) lies in."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "params.yaml").is_file() and (folder / "sources.yaml").is_file():
                return cls(folder)
        if shipped := release_near(here):
            raise SettingsError(
                "this is a release, not the project it was made in: the drawn texts stay in the project's data/",
                where=str(shipped),
                cure=f"here you can check it (`hallmark verify {shipped}`), read it (`hallmark sheet open`) and "
                f"sign it (`hallmark certify {shipped} --key KEY`), and read a draw from it "
                f"(`hallmark review serve {shipped}`)",
            )
        raise SettingsError(
            "no project here: neither this folder nor a parent holds params.yaml and sources.yaml",
            where=str(here),
            cure="run `hallmark init DIR` and change into DIR",
        )

    @cached_property
    def params(self) -> Params:
        from pipelines.settings import load_params

        return load_params(self.root)

    @cached_property
    def sources(self) -> dict[str, Source]:
        from stages.ingest.source import load_sources

        return {s.id: s for s in load_sources(self.root / "sources.yaml")}

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def release(self) -> Path:
        return self.root / "release"

    @property
    def policy_path(self) -> Path:
        """Return the file of the policy that params.yaml names; a name without a file is an error that says which."""
        name, folder = self.params.decide.policy, self.root / "policies"
        path = folder / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
            raise SettingsError(
                f"no policy is called {name!r}",
                where=f"{self.root / 'params.yaml'}: decide.policy",
                cure=f"use one of: {known}" if known else "put a policy into policies/",
            )
        return path

    def table(self, folder: str, ref: PartRef) -> Path:
        """Return data/<folder>/<source>/<part>.parquet."""
        return self.data / folder / ref.file()

    def parts(self) -> list[PartRef]:
        """Return the parts in plan order; an error if ingest has not run."""
        plan = self.data / "ingest" / "plan.json"
        if not plan.is_file():
            raise HallmarkError("nothing ingested yet", where=str(plan), cure="run `dvc repro`")
        return [PartRef(p["source"], p["part"], p["bytes"]) for p in read_json(plan)["parts"]]

    def inventory(self, stage: str) -> dict[str, Any]:
        """Return what inventory recorded for `stage`: code digest, library versions, inputs."""
        path = self.data / "inventory" / f"{stage}.json"
        if not path.is_file():
            raise HallmarkError("inventory has not run", where=str(path), cure="run `dvc repro`")
        return read_json(path)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write sorted, indented JSON with a final newline through a temporary file and rename."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_bytes(path, text.encode("utf-8"))


def close_restricted_zone(root: Path) -> None:
    """Make data/ and quarantine/ folders for their owner alone (law 4)."""
    for name in ("data", "quarantine"):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(0o700)


def release_near(folder: Path) -> Path | None:
    """Return the release in `folder` or directly below it (`release/`), None where there is none."""
    found = (p for p in (folder, folder / "release") if (p / "meta" / "manifest.json").is_file())
    return next(found, None)
