"""A small project whose sources, policy and journal a test writes itself, run in this process."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
from pathlib import Path
from typing import Any

import polars as pl

from lineage import canonical
from pipelines.project import Project
from pipelines.run import run_stage
from pipelines.scaffold import make_project

STAGES = ("inventory", "ingest", "quality", "dedup", "pii", "screen", "sample", "decide", "publish")
AS_OF = dt.date(2026, 11, 1)
ENTRY = {
    "format": "jsonl", "class": "open-licence", "licence": "CC-BY-4.0",
    "evidence": [{"kind": "licence-text", "path": "licence.txt"}], "jurisdiction": "CN", "storage_region": "CN",
    "cross_border": False, "collected": {"from": "2026-01-01", "to": "2026-01-31"},
    "personal_data": {"lawful_basis": "public-disclosure"}, "retain_until": "2036-01-01", "purpose": ["pretraining"],
}  # fmt: skip
NOUNS = (
    "lantern",
    "harbour",
    "basket",
    "orchard",
    "ladder",
    "violin",
    "pebble",
    "kettle",
    "meadow",
    "ribbon",
)
VERBS = ("moved", "carried", "painted", "counted", "mended", "opened", "watched", "sold", "lifted", "washed")


def prose(seed: int, sentences: int = 8) -> str:
    """Return plain sentences that no other seed gives."""
    dice = random.Random(seed)
    return " ".join(
        f"The {dice.choice(NOUNS)} of number {dice.randrange(10**6)} was {dice.choice(VERBS)} by the man who had "
        f"{dice.choice(VERBS)} the {dice.choice(NOUNS)} and {dice.choice(VERBS)} a {dice.choice(NOUNS)} before."
        for _ in range(sentences)
    )


def new(folder: Path) -> Path:
    """Make an empty project with the shipped policies."""
    make_project(folder, "house", today=AS_OF)
    (folder / "licence.txt").write_text("CC-BY-4.0, granted by the authors")
    return folder


def fill(folder: Path, sources: dict[str, list[str]], **changes: Any) -> None:
    """Write sources.yaml and one file per source; document `n` of source `a` has the id `a-n`."""
    (folder / "sources.lock").unlink(missing_ok=True)
    (folder / "in").mkdir(exist_ok=True)
    rows = []
    for name, texts in sources.items():
        lines = [
            json.dumps({"id": f"{name}-{i}", "text": t}, ensure_ascii=False) for i, t in enumerate(texts)
        ]
        (folder / "in" / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        rows.append(
            ENTRY | {"id": name, "title": {"zh": name, "en": name}, "paths": [f"in/{name}.jsonl"]}
            | changes.get(name, {})
        )  # fmt: skip
    (folder / "sources.yaml").write_text(json.dumps({"sources": rows}, ensure_ascii=False), encoding="utf-8")


def edit_policy(folder: Path, *pairs: tuple[str, str]) -> None:
    """Replace texts in the policy in force; each must stand in it."""
    path = Project(folder).policy_path
    text = path.read_text(encoding="utf-8")
    for old, new_text in pairs:
        assert old in text, old
        text = text.replace(old, new_text)
    path.write_text(text, encoding="utf-8")


def run(folder: Path, *names: str) -> Project:
    """Run stages in this process, all of them by default."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        for name in names or STAGES:
            run_stage(name, Project(folder))
    finally:
        os.chdir(here)
    return Project(folder)


def fates(project: Project) -> dict[str, tuple[str, str | None, str | None]]:
    """Return (disposition, reason, rule) by native id."""
    ids = table(project, "ingest", ["doc_id", "native_id"])
    rows = table(project, "decide").join(ids, on="doc_id")
    return {r["native_id"]: (r["disposition"], r["reason"], r["rule"]) for r in rows.iter_rows(named=True)}


def table(project: Project, stage: str, columns: list[str] | None = None) -> pl.DataFrame:
    found = sorted((project.data / stage).rglob("*.parquet"))
    return pl.concat([pl.read_parquet(p, columns=columns, glob=False) for p in found])


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a release or of a withheld one."""
    return canonical.loads((folder / "meta" / "manifest.json").read_bytes())
