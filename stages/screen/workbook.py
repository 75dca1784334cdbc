"""An operator's workbooks become lexicons: keyword banks, control lists, important-data catalogues.

A workbook is CSV (UTF-8 or GB18030), or .xlsx where openpyxl is installed. Columns are found by name, zh or en. Every
row is used or told: the result counts rows read, terms taken, repeated, and names the rows refused by number.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from lineage.errors import SettingsError
from stages.screen import cbrn
from stages.screen.fold import fold_term
from stages.screen.lexicon import MAX_TERM_CHARS
from stages.screen.taxonomy import TAXONOMY

COLUMNS = {
    "code": ("code", "risk", "风险代码", "代码", "安全风险", "类别"),
    "term": ("term", "keyword", "关键词", "词", "敏感词"),
    "added": ("added", "date", "updated", "添加日期", "更新日期", "日期"),
    "name": ("name", "item", "名称", "物项名称", "品名"),
    "cas": ("cas", "cas number", "cas号", "cas编号"),
    "field": ("field", "domain", "领域", "类型"),
    "sector": ("sector", "industry", "行业", "行业领域"),
}
#: list -> field of its names; None: the column `field` says which
CONTROL_LISTS = {"australia-group": None, "nsg": "nuclear", "mtcr": "missile", "miit": "chemical"}
CATALOGUE_CODE = "important-data"


class Imported(NamedTuple):
    """Lexicon contents by file stem, and what became of the rows."""

    lexicons: dict[str, dict[str, Any]]
    rows: int
    terms: int
    repeated: int
    refused: tuple[tuple[int, str], ...]  # row number (1 is the heading) and why; never the term


def keywords(path: Path, as_of: date) -> Imported:
    """Return a lexicon per risk code of a keyword bank (columns code, term, and if there is one, added).

    `updated` of a lexicon is the day of its newest term, or `as_of` where no day is given.
    """
    rows = read(path, ("code", "term"))
    known = {risk.code for risk in TAXONOMY.risks}
    return _build(rows, path, as_of, _keyword_row, known)


def control_list(path: Path, name: str, as_of: date) -> Imported:
    """Return a lexicon of names and CAS numbers of a public control list: mentions to count, in one of four fields."""
    if name not in CONTROL_LISTS:
        raise SettingsError(
            f"no control list {name!r}", cure=f"choose from: {', '.join(sorted(CONTROL_LISTS))}"
        )
    rows = read(path, ("name",) if CONTROL_LISTS[name] else ("name", "field"))
    return _build(rows, path, as_of, _listed_row(name), None)


def catalogue(path: Path, as_of: date) -> Imported:
    """Return a lexicon per sector of an important-data catalogue (columns sector, term): each hit goes to review."""
    return _build(read(path, ("sector", "term")), path, as_of, _sector_row, None)


def write(found: Imported, folder: Path) -> list[Path]:
    """Write one YAML file per lexicon; equal workbooks give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for stem, content in sorted(found.lexicons.items()):
        path, yaml = folder / f"{stem}.yaml", YAML()
        yaml.width, yaml.allow_unicode = 10_000, True
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(content, stream)
        paths.append(path)
    return paths


def read(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a workbook by our column names, with `_row`; SettingsError names a missing column."""
    table = _xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    if not table:
        raise SettingsError("the workbook is empty", where=str(path), cure="give a heading and rows")
    heading = [str(cell).strip().lower() for cell in table[0]]
    places = {
        ours: next((heading.index(name) for name in names if name in heading), None)
        for ours, names in COLUMNS.items()
    }
    for column in needed:
        if places[column] is None:
            raise SettingsError(
                f"no column {column!r}",
                where=str(path),
                cure=f"name a column one of: {', '.join(COLUMNS[column])}",
            )
    rows = []
    for number, cells in enumerate(table[1:], 2):
        row = {
            k: str(cells[at]).strip() if at < len(cells) else "" for k, at in places.items() if at is not None
        }
        if any(row.values()):
            rows.append({**row, "_row": str(number)})
    return rows


def _csv(path: Path) -> list[list[str]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"workbook cannot be read: {error.strerror}", where=str(path), cure="name a file"
        ) from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SettingsError(
            "neither UTF-8 nor GB18030", where=str(path), cure="save the workbook as CSV in UTF-8"
        )
    return [row for row in csv.reader(io.StringIO(text)) if row]


def _xlsx(path: Path) -> list[list[str]]:
    try:
        import openpyxl
    except ModuleNotFoundError:
        raise SettingsError(
            "reading .xlsx needs the package openpyxl",
            where=str(path),
            cure="install it, or save the sheet as CSV",
        ) from None
    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).active
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def _build(
    rows: list[dict[str, str]], path: Path, as_of: date, shape: Any, known: set[str] | None
) -> Imported:
    terms: dict[str, dict[str, str]] = defaultdict(dict)  # file stem -> folded term -> term
    heads: dict[str, dict[str, Any]] = {}
    newest: dict[str, date] = {}
    refused, repeated = [], 0
    for row in rows:
        number = int(row["_row"])
        try:
            stem, head, words = shape(row, known)
            day = date.fromisoformat(row["added"].replace("/", "-")[:10]) if row.get("added") else as_of
            checked = [(fold_term(word), word) for word in words]
            for folded, _ in checked:
                _check_term(folded)
        except ValueError as error:
            refused.append(
                (number, str(error) if error.args and "isoformat" not in str(error) else "not a date")
            )
            continue
        heads[stem], newest[stem] = head, max(newest.get(stem, day), day)
        for folded, word in checked:
            repeated += folded in terms[stem]
            terms[stem].setdefault(folded, word)
    lexicons = {
        stem: _lexicon(stem, heads[stem], list(terms[stem].values()), newest[stem], path.name)
        for stem in terms
    }
    return Imported(lexicons, len(rows), sum(map(len, terms.values())), repeated, tuple(refused))


def _keyword_row(row: dict[str, str], known: set[str]) -> tuple[str, dict[str, Any], list[str]]:
    code = _code(row["code"])
    if code not in known:
        raise ValueError("unknown risk code")
    return (
        f"operator-{code.lower().replace('.', '')}",
        {"code": code, "level": "flag", "weight": 0.6},
        [row["term"]],
    )


def _listed_row(name: str) -> Any:
    def shape(row: dict[str, str], _: Any) -> tuple[str, dict[str, Any], list[str]]:
        field = CONTROL_LISTS[name] or row.get("field", "").lower()
        if field not in cbrn.FIELDS:
            raise ValueError("field is none of: " + ", ".join(cbrn.FIELDS))
        words = [row["name"]]
        if row.get("cas"):
            if not cbrn.cas_is_valid(row["cas"]):
                raise ValueError("CAS number with a wrong check digit")
            words.append(row["cas"])
        return f"control-{name}-{field}", {"code": f"cbrn-{field}", "level": "mention", "weight": 0.3}, words

    return shape


def _sector_row(row: dict[str, str], _: Any) -> tuple[str, dict[str, Any], list[str]]:
    if not row["sector"]:
        raise ValueError("no sector")
    stem = "important-data-" + _slug(row["sector"])
    return stem, {"code": CATALOGUE_CODE, "level": "flag", "weight": 0.6}, [row["term"]]


def _code(text: str) -> str:
    """Return a risk code as the taxonomy writes it: A1a, a.1(a) and A.1-a are one."""
    plain = "".join(c for c in text if c.isalnum())
    if len(plain) == 3 and plain[0] in "aA" and plain[1].isdigit():
        return f"A.{plain[1]}-{plain[2].lower()}"
    return text


def _slug(text: str) -> str:
    """Return a name for a file: ASCII letters and digits, others by code point."""
    return "-".join(filter(None, "".join(c.lower() if c.isascii() and c.isalnum() else (
        "-" if c.isascii() else f"u{ord(c):x}") for c in text).split("-")))  # fmt: skip


def _check_term(folded: str) -> None:
    if len(folded) < (2 if folded.isascii() else 1) or not any(c.isalnum() for c in folded):
        raise ValueError("term is empty or a single letter")
    if len(folded) > MAX_TERM_CHARS:
        raise ValueError(f"term is longer than {MAX_TERM_CHARS} characters")


def _lexicon(stem: str, head: dict[str, Any], terms: list[str], day: date, source: str) -> dict[str, Any]:
    languages = sorted({"en" if fold_term(t).isascii() else "zh" for t in terms}, reverse=True)
    rule = {"id": "terms", "level": head["level"], "weight": head["weight"], "any": ["terms"]}
    return {
        "lexicon": stem, "version": 1, "code": head["code"], "languages": languages, "updated": day.isoformat(),
        "source": f"imported from {source}", "sets": {"terms": sorted(terms)}, "rules": [rule],
    }  # fmt: skip
