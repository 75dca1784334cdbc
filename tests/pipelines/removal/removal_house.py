"""A small project of its own for the tests of removal: two sources, one near-duplicate pair, one person."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import shutil
from functools import cache
from pathlib import Path

from pipelines.project import Project
from pipelines.run import run_stage
from pipelines.scaffold import make_project

STAGES = ("inventory", "ingest", "quality", "dedup", "pii", "screen", "sample", "decide", "publish")
AS_OF = dt.date(2026, 11, 1)
MAIL = "post.desk@example.org"

ARTICLES = Path(__file__).parents[3] / "sample" / "corpora" / "en-articles" / "articles.jsonl.gz"


@cache
def articles() -> list[str]:
    """Return the longer articles of the bundled sample."""
    with gzip.open(ARTICLES, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    plain = [
        r["text"] for r in rows if str(r.get("id", "")).startswith("ea-en-")
    ]  # nothing is planted in these
    return [t for t in plain if len(t) > 400]


def text(number: int) -> str:
    """Return a text that no other number gives, long enough for a signature to be sure of it."""
    return "\n".join(articles()[3 * number : 3 * number + 3])


def near(number: int, word: str = "quietly") -> str:
    """Return a near-duplicate of `text(number)`: one word more in the middle."""
    words = text(number).split(" ")
    return " ".join([*words[:90], word, *words[90:]])


def web(numbers) -> list[dict]:
    rows = [{"id": f"w{n}", "url": f"https://www.example.org/page/{n}", "text": text(n)} for n in numbers]
    return [
        r | {"text": f"{r['text']} Write to {MAIL} for the list."} if r["id"] == "w3" else r for r in rows
    ]


def put(folder: Path, name: str, rows: list[dict]) -> None:
    """Write a source file; what was accepted of the sources before is forgotten, as after new revisions of all."""
    (folder / "sources.lock").unlink(missing_ok=True)
    path = folder / "in" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def sources(folder: Path, *names: str, retain: str = "2036-01-01") -> None:
    """Write sources.yaml with one entry per name."""
    entry = {
        "format": "jsonl", "class": "open-licence", "licence": "CC-BY-4.0",
        "evidence": [{"kind": "licence-text", "path": "licence.txt"}], "jurisdiction": "CN", "storage_region": "CN",
        "cross_border": False, "collected": {"from": "2026-01-01", "to": "2026-01-31"},
        "personal_data": {"lawful_basis": "public-disclosure"}, "retain_until": retain, "purpose": ["pretraining"],
        "publish_fields": ["url"],
    }  # fmt: skip
    rows = [
        entry | {"id": n, "title": {"zh": n, "en": n}, "paths": [f"in/{n}.jsonl"], "priority": -i}
        for i, n in enumerate(names)
    ]
    (folder / "sources.yaml").write_text(json.dumps({"sources": rows}, indent=1), encoding="utf-8")


def build(folder: Path) -> Project:
    """Make the project and run it once: web (w0 to w5), copies (a near-duplicate of w1, and c7)."""
    make_project(folder, "house", today=AS_OF)
    (folder / "licence.txt").write_text("CC-BY-4.0, granted by the authors")
    put(folder, "web", web(range(6)))
    put(folder, "copies", [{"id": "c1", "text": near(1)}, {"id": "c7", "text": text(7)}])
    sources(folder, "web", "copies")
    return run(folder)


def run(folder: Path, *names: str) -> Project:
    """Run stages in this process, all of them by default; return the project as they left it."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        for name in names or STAGES:
            run_stage(name, Project(folder))
    finally:
        os.chdir(here)
    return Project(folder)


def copy(project: Project, target: Path) -> Project:
    """Return a copy of a project to work on."""
    shutil.copytree(project.root, target, symlinks=True)
    return Project(target)
