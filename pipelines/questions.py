"""Answers about a run: the books, removed texts, and what another policy would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from lineage.books import OUT, Books
from lineage.errors import HallmarkError
from lineage.reasons import BY_SLUG
from lineage.sheets.safe import visible
from pipelines import parts
from pipelines.project import PartRef, Project
from pipelines.stage_run import StageRun


def decided(project: Project, ref: PartRef, columns: list[str] | None = None) -> pl.DataFrame:
    """Return the decisions of one part; an error if the pipeline has not come that far."""
    path = project.table("decide", ref)
    if not path.is_file():
        raise HallmarkError("nothing decided yet", where=str(path), cure="run `dvc repro`")
    return parts.read_part(path, columns)


def load_books(project: Project) -> Books:
    """Return the closed books of the last run."""
    books = Books()
    for ref in project.parts():
        books.add(ref.source, ref.part, decided(project, ref, ["disposition", "stage", "reason"]))
    books.close()
    return books


def books_report(project: Project, *, as_json: bool) -> str:
    """Return the conservation table per source, and reasons by stage."""
    books = load_books(project)
    if as_json:
        value = {"sources": books.by_source(), "total": books.total(), "reasons": books.reasons()}
        return json.dumps(value | {"by_source": {s: books.reasons(s) for s in books.by_source()}}, indent=1)
    heads = ["source", "in", *OUT]
    rows = [[s, *(str(f[n]) for n in heads[1:])] for s, f in books.by_source().items()]
    rows.append(["total", *(str(books.total()[n]) for n in heads[1:])])
    reasons = [[r["stage"], r["disposition"], r["reason"], str(r["docs"])] for r in books.reasons()]
    return "\n".join(
        [
            *_table(heads, rows),
            "in = kept + redacted + removed + quarantined + unreadable: the books close",
            "",
            *_table(["stage", "disposition", "reason", "docs"], reasons),
        ]
    )


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
    numeric = [all(r[i].lstrip("-").replace(".", "").isdigit() for r in rows) for i in range(len(heads))]
    return [
        "  ".join(
            c.rjust(w) if n else c.ljust(w) for c, w, n in zip(r, widths, numeric, strict=True)
        ).rstrip()
        for r in [heads, *rows]
    ]


def removed_report(project: Project, *, reason: str | None, source: str | None, sample: int) -> str:
    """Return a few removed or quarantined texts with rule and score; only for readers of data/."""
    if reason and reason not in BY_SLUG:
        raise HallmarkError(
            f"no reason is called {reason!r}", cure="see docs/reasons.md, or `hallmark books`"
        )
    if source and source not in project.sources:
        raise HallmarkError(
            f"no source is called {source!r}", cure=f"use one of: {', '.join(project.sources)}"
        )
    lines, left, total = [], sample, 0
    for ref in project.parts():
        if source and ref.source != source:
            continue
        table = decided(project, ref).filter(
            pl.col("disposition").is_in(["removed", "quarantined", "unreadable"])
        )
        if reason:
            table = table.filter(pl.col("reason") == reason)
        total += table.height
        chosen = table.sort("doc_id").head(left)
        if chosen.height:
            texts = parts.read_part(project.table("ingest", ref), ["row", "file", "record", "text"])
            for row in chosen.join(texts, on="row", how="left").iter_rows(named=True):
                lines += _removed_lines(ref, row)
        left -= chosen.height
    shown = sample - left
    return "\n".join([f"{total} documents, {shown} shown", *lines])


def _removed_lines(ref: PartRef, row: dict[str, Any]) -> list[str]:
    why = f"{row['disposition']} {row['reason']} (rule {row['rule'] or row['stage']}"
    why += f", score {row['score']}, threshold {row['threshold']})" if row["score"] is not None else ")"
    keeper = f"  keeper {row['keeper'].hex()[:16]} Jaccard {row['jaccard']}" if row["keeper"] else ""
    text = row["text"] or "(unreadable)"
    body = text if len(text) <= 600 else text[:600] + f" ... ({len(text)} characters)"
    place = f"{row['doc_id'].hex()}  {ref.source}  {visible(row['file'])}#{row['record']}"
    # removed text is where attacks stand: no control sequence of it may steer the reader's terminal
    return ["", place, why + keeper, *(visible(line) for line in body.expandtabs(4).split("\n"))]


def what_if_report(project: Project, policy_file: Path, *, as_json: bool) -> str:
    """Return the counts under another policy beside today's; uses stored evidence only."""
    today, other = load_books(project), judge_anew(project, policy_file)
    before = {(r["stage"], r["disposition"], r["reason"]): r["docs"] for r in today.reasons()}
    after = {(r["stage"], r["disposition"], r["reason"]): r["docs"] for r in other.reasons()}
    rows = [
        {"stage": k[0], "disposition": k[1], "reason": k[2], "now": before.get(k, 0), "then": after.get(k, 0)}
        for k in sorted(before.keys() | after.keys())
    ]
    if as_json:
        return json.dumps({"now": today.total(), "then": other.total(), "reasons": rows}, indent=1)
    flows = [[n, str(today.total()[n]), str(other.total()[n])] for n in ("in", *OUT)]
    cells = [
        [
            r["stage"],
            r["disposition"],
            r["reason"],
            str(r["now"]),
            str(r["then"]),
            f"{r['then'] - r['now']:+d}",
        ]
        for r in rows
        if r["now"] != r["then"]
    ]
    changed = (
        _table(["stage", "disposition", "reason", "now", "then", "change"], cells) if cells else ["no change"]
    )
    return "\n".join([*_table(["documents", "now", "then"], flows), "", *changed])


def judge_anew(project: Project, policy_file: Path) -> Books:
    """Return the books that `policy_file` would give on the stored evidence; nothing is written."""
    from pipelines.part_work import poisoned_rows
    from pipelines.tasks.decide import settle_all
    from pipelines.tasks.sample import COLUMNS, SIGNED, hold_poisoned, rule_context
    from stages.decide.policy import load_policy
    from stages.decide.rules import Evidence
    from stages.decide.verdicts import verdicts

    policy = load_policy(policy_file)
    context = rule_context(StageRun("sample", project))
    tables = {}
    for ref in project.parts():
        given = [parts.read_part(project.table(n, ref), list(c) if c else None) for n, c in COLUMNS.items()]
        noted = poisoned_rows({n: project.table(n, ref) for n in (*COLUMNS, *SIGNED)})
        tables[ref] = hold_poisoned(verdicts(Evidence(*given), policy, context), noted)
    results, _ = settle_all(StageRun("decide", project), tables, policy)
    books = Books()
    for ref, table in results.items():
        books.add(ref.source, ref.part, table)
    books.close()
    return books
