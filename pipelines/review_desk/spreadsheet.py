"""Items as a table for those who must work in a spreadsheet: one row each, verdict and code to fill in."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from lineage.errors import InputError
from pipelines.review_desk import xlsx

HEADS = ("number", "doc_id", "text_sha256", "source", "findings", "text", "verdict", "code")
CELL = 32_000  # characters; a spreadsheet's cell holds 32,767
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(rows: list[dict[str, Any]], suffix: str) -> bytes:
    """Return the items as .csv (UTF-8 with mark, formulas disarmed) or .xlsx (text cells only)."""
    cells = [list(HEADS), *(_row(n, row) for n, row in enumerate(rows, 1))]
    if suffix == ".xlsx":
        return xlsx.write(cells, widths=(8, 14, 14, 16, 24, 100, 10, 10))
    out = io.StringIO()
    csv.writer(out).writerows([[_disarmed(c) for c in row] for row in cells])
    return out.getvalue().encode("utf-8-sig", "replace")


def _row(number: int, row: dict[str, Any]) -> list[str]:
    text = row["text"]
    if len(text) > CELL:
        text = f"{text[:CELL]} [... {len(row['text'])} characters: read this item at the desk]"
    found = ", ".join(sorted({f.code for f in row["findings"]}))
    return [str(number), row["doc_id"], row["text_sha256"], row["source"], found, text, "", ""]


def _disarmed(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def read(path: Path) -> tuple[list[Any], int]:
    """Return (verdicts, rows without one) of a filled-in table; columns are found by their heads."""
    from pipelines.review_desk.exchange import Given

    rows = xlsx.read(path) if path.suffix == ".xlsx" else _csv(path)
    heads = {name.strip().lower(): n for n, name in enumerate(rows[0] if rows else [])}
    missing = [n for n in ("doc_id", "text_sha256", "verdict", "code") if n not in heads]
    if missing:
        raise InputError(f"no column {missing[0]!r}", where=f"{path}:1", cure="keep the heads of the export")
    given, empty = [], 0
    for number, row in enumerate(rows[1:], 2):
        cell = {n: row[i].strip() if i < len(row) else "" for n, i in heads.items()}
        if not cell["verdict"]:
            empty += bool(cell["doc_id"])
            continue
        ids = cell["doc_id"].lower(), cell["text_sha256"].lower()
        given.append(Given(f"{path}:{number}", *ids, cell["verdict"].lower(), cell["code"]))
    return given, empty


def _csv(path: Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as e:
        cure = "save as CSV UTF-8 (comma separated)"
        raise InputError(f"not a UTF-8 table ({type(e).__name__})", where=str(path), cure=cure) from None
