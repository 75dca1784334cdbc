"""Human verdicts: reviews/*.jsonl, one line per decision; no text in them.

A person's later line on an item replaces the earlier one. Where people differ, the strictest verdict stands until an
adjudicator, who is none of them, has decided.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import InputError

VERDICTS = ("pass", "remove", "unsure", "skip", "undo")
ROLES = ("annotator", "reviewer", "adjudicator")
READERS = ("annotator", "reviewer")
SCHEMA = {
    "file": pl.String,
    "line": pl.UInt32,
    "doc_id": pl.Binary,
    "text_sha256": pl.Binary,
    "verdict": pl.String,
    "code": pl.String,
    "reviewer": pl.String,
    "role": pl.String,
    "draw": pl.String,
    "sample": pl.String,
    "rulebook": pl.String,
    "qualified": pl.String,
    "seconds": pl.Float64,
    "at": pl.String,
}
FIELDS = tuple(SCHEMA)[2:]
MEASURING = "detector"  # the draw of check sets
OUTSIDE = "outside"  # readings of a release, handed over by somebody outside the project
ITEM = ["doc_id", "text_sha256"]
_HEX = re.compile(r"[0-9a-f]{64}")
_CURE = "restore the line from git, or take it out"


def load_reviews(folder: Path) -> pl.DataFrame:
    """Return the verdict in force per (doc_id, text): doc_id, text_sha256, verdict (pass|remove), reviewer.

    `remove` where one reader removes, `pass` where all readers pass; an adjudicator's verdict goes before both.
    """
    return in_force(read_reviews(folder))


def read_reviews(folder: Path) -> pl.DataFrame:
    """Return every line of reviews/*.jsonl in file and line order (SCHEMA); an unsound line is an InputError."""
    rows = [row for path in sorted(folder.glob("*.jsonl")) for row in parse_lines(path.read_bytes(), path)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def standing(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the last line of each person per item, draw and role, without those taken back.

    A person has one role per item and draw: lines in a second role are left out (see `role_conflicts`).
    """
    return _last(lines).filter(pl.col("role") == pl.col("own_role")).select(lines.columns)


def role_conflicts(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that count for nothing because the person holds another role for the item."""
    return _last(lines).filter(pl.col("role") != pl.col("own_role")).select(lines.columns)


def in_force(lines: pl.DataFrame) -> pl.DataFrame:
    """Return doc_id, text_sha256, verdict, reviewer as `load_reviews` does, from lines already read.

    A pass in a detector's check set, or of a release by an outsider, was given without evidence: it releases nothing.
    """
    valid = standing(lines)
    valid = valid.filter(~pl.col("draw").is_in([MEASURING, OUTSIDE]) | (pl.col("verdict") == "remove"))
    read = valid.filter(pl.col("role").is_in(READERS), pl.col("verdict") != "skip")
    ruled = valid.filter(pl.col("role") == "adjudicator", pl.col("verdict").is_in(["pass", "remove"]))
    ruled = ruled.unique(ITEM, keep="last", maintain_order=True).select(*ITEM, "verdict", "reviewer")
    removed = read.filter(pl.col("verdict") == "remove")
    passed = read.filter((pl.col("verdict") == "pass").all().over(ITEM))
    both = pl.concat([ruled, *(t.select(ruled.columns) for t in (removed, passed))])
    return both.unique(ITEM, keep="first", maintain_order=True)


def _last(lines: pl.DataFrame) -> pl.DataFrame:
    """Return each person's last line per item, draw and role, with `own_role`: the role taken first."""
    own = [*ITEM, "draw", "reviewer"]
    numbered = lines.with_row_index("n").with_columns(since=pl.col("n").min().over([*own, "role"]))
    last = numbered.unique([*own, "role"], keep="last", maintain_order=True)
    last = last.filter(pl.col("verdict") != "undo")
    return last.with_columns(own_role=pl.col("role").sort_by("since").first().over(own))


def parse_lines(content: bytes, path: Path, first: int = 1) -> list[tuple]:
    """Return the decisions in `content`, bytes of the file `path` from line `first` on, as rows of SCHEMA."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as e:
        raise InputError(
            f"not UTF-8 at byte {e.start}", where=str(path), cure="restore it from git"
        ) from None
    found = enumerate(text.split("\n"), first)
    return [_row(line, path.name, n, f"{path}:{n}") for n, line in found if line.strip()]


def _row(line: str, name: str, number: int, where: str) -> tuple:
    """Return one line as a row of SCHEMA; what is wrong with it is said without quoting it."""
    try:
        entry = json.loads(line)
    except ValueError:
        torn = "the line is torn or not JSON"
        raise InputError(torn, where=where, cure=_CURE) from None
    return (name, number, *parse_entry(entry, where))


def parse_entry(entry: Any, where: str) -> tuple:
    """Return the fields of one decision in the order of FIELDS; an InputError names the field that is wrong."""
    if not isinstance(entry, dict):
        raise InputError("not a decision: no JSON object", where=where, cure=_CURE)
    extra = sorted(set(entry) - set(FIELDS))
    if extra:
        raise InputError(f"{len(extra)} field(s) that no decision has", where=where, cure=_CURE)
    ids = [bytes.fromhex(_checked(entry, n, _is_digest, where, "not 64 hex digits")) for n in ITEM]
    verdict = _checked(entry, "verdict", VERDICTS.__contains__, where, f"none of {', '.join(VERDICTS)}")
    person = _checked(entry, "reviewer", lambda v: bool(v.strip()), where, "empty or missing")
    role = _checked(entry | {"role": entry.get("role", "annotator")}, "role", ROLES.__contains__, where,
                    f"none of {', '.join(ROLES)}")  # fmt: skip
    seconds = entry.get("seconds")
    if seconds is not None and (type(seconds) not in (int, float) or not 0 <= seconds < 1e7):
        raise InputError("seconds: not a number of seconds", where=where, cure=_CURE)
    texts = {n: _text(entry, n, where) for n in ("code", "draw", "sample", "rulebook", "qualified", "at")}
    return (
        *ids, verdict, texts["code"], person, role, texts["draw"] or "", texts["sample"], texts["rulebook"],
        texts["qualified"], None if seconds is None else float(seconds), texts["at"],
    )  # fmt: skip


def _checked(entry: dict[str, Any], name: str, test: Any, where: str, complaint: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not test(value):
        raise InputError(f"{name}: {complaint}", where=where, cure=_CURE)
    return value


def _text(entry: dict[str, Any], name: str, where: str) -> str | None:
    value = entry.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 200):
        raise InputError(f"{name}: not a short text", where=where, cure=_CURE)
    return value


def _is_digest(value: str) -> bool:
    return _HEX.fullmatch(value) is not None
