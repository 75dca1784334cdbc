"""Papers and tables as .docx and .xlsx, byte for byte the same for the same content.

Needs python-docx and openpyxl (the extra `exports`); both put the clock into what they write, so the files are
packed again without it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from lineage.errors import HallmarkError
from lineage.exports.paper import Paper
from lineage.sheets import safe

EPOCH = "1980-01-01T00:00:00Z"
Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_CELL_CHARS = 32_767


def docx(paper: Paper) -> bytes:
    """Return the paper as .docx: headings, paragraphs, lists, tables with a repeated header row."""
    document = _library("docx").Document()
    document.core_properties.title = safe.visible(paper.title)
    document.core_properties.author = ""
    document.add_heading(safe.visible(paper.title), 0)
    for kind, *what in paper.blocks:
        _DOCX[kind](document, *what)
    return _packed(document.save)


def xlsx(sheets: Mapping[str, Table]) -> bytes:
    """Return sheets (name to heads and rows) as .xlsx; text that begins like a formula stays text."""
    book = _library("openpyxl").Workbook()
    book.remove(book.active)
    for name, (heads, rows) in sheets.items():
        sheet = book.create_sheet(name[:31])
        sheet.freeze_panes = "A2"
        for row in (heads, *rows):
            sheet.append([_value(v) for v in row])
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and _FORMULA.match(cell.value):
                    cell.data_type, cell.quotePrefix = "s", True
    return _packed(book.save)


def keyword_workbook(
    rows: Sequence[tuple[str, str, str]], counts: Sequence[tuple[str, str, int, int]]
) -> bytes:
    """Return Annex 4, restricted: keyword, family, risk; and per risk the number of keywords against the minimum.

    `rows`: (keyword, family, risk); `counts`: (code, risk, keywords, minimum). Never a part of a release.
    """
    return xlsx(
        {
            "关键词": (("关键词", "一级分类", "二级分类"), rows),
            "数量": (
                ("编号", "二级分类", "关键词数", "最少", "达到"),
                [(code, risk, n, least, "是" if n >= least else "否") for code, risk, n, least in counts],
            ),
        }
    )


def tables(paper: Paper) -> dict[str, Table]:
    """Return a paper's tables as sheets, named by their place."""
    found = [b for b in paper.blocks if b[0] == "table"]
    return {f"{i}": (heads, rows) for i, (_, heads, rows) in enumerate(found, 1)}


def _library(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError:
        package = {"docx": "python-docx"}.get(name, name)
        cure = "pip install 'hallmark[exports]', or ask for Markdown alone with --format md"
        raise HallmarkError(f"this needs the package {package}", cure=cure) from None


def _heading(document: Any, level: int, text: str) -> None:
    document.add_heading(safe.visible(text), min(level - 1, 9))


def _paragraph(document: Any, text: str) -> None:
    document.add_paragraph(safe.visible(text))


def _list(document: Any, items: list[str]) -> None:
    for item in items:
        document.add_paragraph(safe.visible(item), style="List Bullet")


def _table(document: Any, heads: list[str], rows: list[list[str]]) -> None:
    table = document.add_table(rows=1, cols=len(heads), style="Table Grid")
    for cell, head in zip(table.rows[0].cells, heads, strict=True):
        cell.text = safe.visible(head)
    for row in rows:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = safe.visible(value)


_DOCX = {"h": _heading, "p": _paragraph, "list": _list, "table": _table}


def _value(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return safe.visible(str(value))[:_CELL_CHARS]
    return value


def _packed(save: Any) -> bytes:
    """Return what `save` writes, with every date in it set to one day."""
    raw, out = io.BytesIO(), io.BytesIO()
    save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + EPOCH.encode(), content
                )
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            new.writestr(info, content)
    return out.getvalue()
