"""Decisions made in another tool: items out (Label Studio JSON, .csv, .xlsx), verdicts back in, all or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lineage.errors import HallmarkError, InputError
from pipelines.project import Project, write_bytes
from pipelines.review_desk import label_studio, spreadsheet
from pipelines.review_desk.codes import known_codes
from pipelines.review_desk.draws import load_items, sample_id
from pipelines.review_desk.journal import Journal
from pipelines.review_desk.marks import find_marks
from pipelines.review_desk.people import check_name, qualification
from pipelines.review_desk.queue import readings, waiting
from pipelines.review_desk.rulebook import rulebook
from pipelines.review_desk.texts import Texts

FORMATS = {".json": label_studio, ".csv": spreadsheet, ".xlsx": spreadsheet}
GIVEN = ("pass", "remove", "unsure")


@dataclass(frozen=True)
class Given:
    """One verdict from outside, with the place it was read from."""

    where: str
    doc_id: str
    text_sha256: str
    verdict: str
    code: str
    seconds: float | None = None


def export_items(
    project: Project, draw: str, person: str, role: str, path: Path, *, limit: int | None = None
) -> int:
    """Write the items that wait for a person to a file of restricted text (mode 0600) and return their number.

    The file may not stand where git or a release could take it: inside the project only under data/.
    """
    tool = _tool(path)
    _check_place(project, path)
    items = load_items(project, draw)
    found = readings(Journal(project.root / "reviews", check_name(person)).lines(), draw)
    chosen = waiting(items, found, person, role)[:limit]
    by_place = sorted(chosen, key=lambda i: (i.source, i.part, i.row))
    rows = {row["doc_id"]: row for row in _rows(project, draw, by_place)}
    content = tool.write([rows[i.id] for i in chosen], path.suffix)
    write_bytes(path, b"")
    path.chmod(0o600)
    with path.open("wb") as f:
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    return len(chosen)


def _rows(project: Project, draw: str, items: list[Any]) -> Iterator[dict[str, Any]]:
    texts = Texts(project, draw)
    for item in items:
        reading = texts.read(item)
        findings, marks = find_marks(reading, project.params.screen)
        yield {
            "doc_id": item.id,
            "text_sha256": item.text_sha256,
            "source": item.source,
            "text": reading.text,
            "findings": findings,
            "marks": marks,
        }


def import_verdicts(project: Project, draw: str, person: str, role: str, path: Path) -> dict[str, int]:
    """Append the verdicts of a file as this person's and return {read, empty, written, known}; or nothing at all.

    An item that is not in the draw, a verdict or code that does not exist, or an item the person read in another
    role is an InputError with its place. A verdict that stands already is not written again.
    """
    given, empty = _tool(path).read(path)
    folder = project.root / "reviews"
    journal = Journal(folder, check_name(person))
    qualified = qualification(folder, person, role, datetime.now(UTC).date())
    found = readings(journal.lines(), draw)
    drawn = {i.id: i for i in load_items(project, draw)}
    standing = {
        (k[0].hex(), v)
        for k, r in found.items()
        for (p, o), v in r.verdicts.items()
        if (p, o) == (person, role)
    }
    for g in given:
        _check(g, drawn, found, person, role)
    fixed = {
        "reviewer": person, "role": role, "draw": draw, "sample": sample_id(project, draw),
        "rulebook": rulebook(project).label, "qualified": qualified,
    }  # fmt: skip
    fresh = [g for g in given if (g.doc_id, g.verdict) not in standing]
    if fresh:
        journal.mend()
        journal.append(*(fixed | _fields(g) for g in fresh))
    return {
        "read": len(given) + empty,
        "empty": empty,
        "written": len(fresh),
        "known": len(given) - len(fresh),
    }


def _fields(g: Given) -> dict[str, Any]:
    return {
        "doc_id": g.doc_id,
        "text_sha256": g.text_sha256,
        "verdict": g.verdict,
        "code": g.code if g.verdict == "remove" else None,
        "seconds": None if g.seconds is None else round(g.seconds, 1),
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _check(g: Given, drawn: dict, found: dict, person: str, role: str) -> None:
    item = drawn.get(g.doc_id)
    if item is None or item.text_sha256 != g.text_sha256:
        raise InputError(
            "not an item of this draw", where=g.where, cure="export again, or name the --draw it is from"
        )
    if g.verdict not in GIVEN:
        raise InputError(
            "no such verdict", where=g.where, cure=f"use one of {', '.join(GIVEN)}, or leave it empty"
        )
    if g.verdict == "remove" and g.code not in known_codes():
        raise InputError(
            "a removal without a known risk code", where=g.where, cure="give a code such as A.2-d"
        )
    if item.key in found and found[item.key].roles_of(person) - {role}:
        raise InputError(
            f"{person} has another role for this item",
            where=g.where,
            cure="another person reads it in this role",
        )


def _tool(path: Path) -> Any:
    if path.suffix not in FORMATS:
        raise HallmarkError(
            f"unknown ending {path.suffix!r}",
            where=str(path),
            cure="use .json (Label Studio), .csv or .xlsx",
        )
    return FORMATS[path.suffix]


def _check_place(project: Project, path: Path) -> None:
    place, root = path.resolve(), project.root.resolve()
    if place.is_relative_to(root) and not place.is_relative_to(root / "data"):
        raise HallmarkError(
            "an export holds restricted text and may not stand in the project's open part",
            where=str(path),
            cure="write it under data/ or outside the project",
        )
