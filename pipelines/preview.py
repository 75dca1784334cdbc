"""`hallmark preview`: the whole pipeline on a seeded slice, in a folder of its own inside the restricted zone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import HallmarkError
from pipelines.project import STAGES, Project, close_restricted_zone
from pipelines.questions import books_report
from pipelines.run import run_stage
from stages.sample import bottom

COPIED = ("policies", "reviews", "ledger", "history", "datasheet.yaml", "trust.json", "params.yaml")
SLICE_MIB = 2.0
FIELDS = ("text", "id", "url", "title", "author", "date", "license", "messages")


def run_preview(project: Project, docs: int, *, keep: bool) -> list[str]:
    """Return the preview's books and release figures; the project's own data and release stay as they are."""
    close_restricted_zone(project.root)
    folder = project.data / "preview"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    try:
        skipped = _make(project, folder, docs)
        trial = Project(folder)
        for name in STAGES:
            metrics = run_stage(name, trial)
        lines = [
            books_report(trial, as_json=False),
            "",
            f"records of the slice that could not be read: {skipped}",
        ]
        lines += [f"{metrics['shards']} shards, grade its gates allow: {metrics['grade_allowed']}"]
        lines += [f"  {gate}: {status}" for gate, status in metrics["gates"].items()]
        return lines + ([f"kept in {folder}"] if keep else [])
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _make(project: Project, folder: Path, docs: int) -> int:
    """Write a project whose sources are seeded draws from the real ones; return how many records were unreadable."""
    for name in COPIED:
        path = project.root / name
        if path.is_dir():
            shutil.copytree(path, folder / name)
        elif path.is_file():
            shutil.copy(path, folder / name)
    if not project.sources:
        raise HallmarkError("the project has no sources", cure="add one with `hallmark source add`")
    share = max(1, docs // len(project.sources))
    entries, skipped = [], 0
    (folder / "slice").mkdir()
    for source in project.sources.values():
        rows, bad = _draw(project, source, share)
        skipped += bad
        if rows.is_empty():
            continue
        (folder / "slice" / f"{source.id}.jsonl").write_text(_json_lines(rows), encoding="utf-8")
        entries.append(_entry(project, source))
    (folder / "sources.yaml").write_text(
        json.dumps({"sources": entries}, ensure_ascii=False), encoding="utf-8"
    )
    return skipped


def _draw(project: Project, source: Any, n: int) -> tuple[pl.DataFrame, int]:
    """Return up to `n` documents of a source from a few parts in seeded order, and its unreadable records there."""
    from stages.ingest import list_files, plan_parts, read_part

    settings = project.params.ingest.model_copy(update={"part_mib": SLICE_MIB})
    seed = project.params.sample.seed
    plan = plan_parts(source, list_files(source, project.root), settings)
    names = pl.DataFrame({"doc_id": [p.part.encode().ljust(8) for p in plan], "place": range(len(plan))})
    table, bad = pl.DataFrame(), 0
    for place in _shuffled(names, seed):
        part = pl.DataFrame(pl.from_arrow(read_part(source, plan[place], project.root, settings)))
        good = part.filter(pl.col("status") == "ok")
        bad += part.height - good.height
        table = pl.concat([table, good]) if table.height else good
        if table.height >= 2 * n:
            break
    table = table.with_columns(part=pl.lit("")) if table.height else table
    if table.is_empty():
        return table, bad
    chosen = bottom(table, "preview", source.id, n, seed)["doc_id"]
    return table.filter(pl.col("doc_id").is_in(chosen.implode())), bad


def _shuffled(names: pl.DataFrame, seed: int) -> list[int]:
    from stages.sample import keyed

    return (
        names.with_columns(key=pl.Series(keyed(names["doc_id"], seed, "preview-parts")))
        .sort("key", "place")["place"]
        .to_list()
    )


def _json_lines(rows: pl.DataFrame) -> str:
    lines = []
    for row in rows.iter_rows(named=True):
        entry = {"id": row["native_id"], "url": row["url"], "title": row["title"], "author": row["author"]}
        entry |= {"date": row["date"], "license": row["licence"]}
        entry |= {"messages": row["turns"]} if row["turns"] else {"text": row["text"]}
        lines.append(json.dumps({k: v for k, v in entry.items() if v is not None}, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def _entry(project: Project, source: Any) -> dict[str, Any]:
    entry = source.model_dump(mode="json", by_alias=True)
    entry |= {"paths": [f"slice/{source.id}.jsonl"], "format": "jsonl", "fields": {}}
    entry["evidence"] = [e | {"path": str((project.root / e["path"]).resolve())} for e in entry["evidence"]]
    return entry
