"""One sheet of text cells as Office Open XML (ECMA-376), written and read with the standard library."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from lineage.errors import InputError

NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LIMIT = 200 << 20  # bytes unpacked; a larger member is refused before it is read
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FILES = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NS[1:-1]}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="review" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
#: Characters that XML 1.0 cannot carry.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write(rows: list[list[str]], widths: tuple[int, ...]) -> bytes:
    """Return a workbook with one sheet; equal rows give equal bytes. `widths` are in characters, per column."""
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(widths, 1)
    )
    body = "".join(f'<row r="{n}">{_cells(row, n)}</row>' for n, row in enumerate(rows, 1))
    view = '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView>'
    sheet = (
        f'<worksheet xmlns="{NS[1:-1]}">{view}</sheetViews><cols>{columns}</cols>'
        f"<sheetData>{body}</sheetData></worksheet>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**_FILES, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(
                zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), _HEAD + content, zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def _cells(row: list[str], number: int) -> str:
    return "".join(
        f'<c r="{_letters(n)}{number}" t="inlineStr"><is><t xml:space="preserve">{_safe(cell)}</t></is></c>'
        for n, cell in enumerate(row)
    )


def _safe(cell: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", cell), {"\r": "&#13;"})


def _letters(column: int) -> str:
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def read(path: Path) -> list[list[str]]:
    """Return the rows of the first sheet as text; a file that is no workbook is an InputError."""
    try:
        with zipfile.ZipFile(path) as archive:
            shared = _member(archive, "xl/sharedStrings.xml", path)
            sheet = _member(archive, "xl/worksheets/sheet1.xml", path)
    except (zipfile.BadZipFile, ElementTree.ParseError, OSError) as e:
        cure = "save as Excel workbook (.xlsx)"
        raise InputError(f"not a workbook ({type(e).__name__})", where=str(path), cure=cure) from None
    if sheet is None:
        raise InputError("no first sheet", where=str(path), cure="keep the sheet of the export")
    texts = [_joined(item) for item in shared.iter(f"{NS}si")] if shared is not None else []
    return _rows(sheet, texts)


def _rows(sheet: ElementTree.Element, texts: list[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for row in sheet.iter(f"{NS}row"):
        cells: list[str] = []
        for cell in row.iter(f"{NS}c"):
            at = _index(cell.get("r", "")) if cell.get("r") else len(cells)
            cells += [""] * (at - len(cells))
            cells.append(_value(cell, texts))
        rows.append(cells)
    return rows


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> ElementTree.Element | None:
    if name not in archive.namelist():
        return None
    if archive.getinfo(name).file_size > LIMIT:
        raise InputError(f"{name} is too large", where=str(path), cure="export fewer items at once")
    content = archive.read(name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise InputError(
            "the workbook declares entities", where=str(path), cure="save it anew with a spreadsheet"
        )
    return ElementTree.fromstring(content)


def _value(cell: ElementTree.Element, texts: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _joined(cell)
    value = cell.findtext(f"{NS}v") or ""
    if cell.get("t") == "s":
        return texts[int(value)] if value.isdigit() and int(value) < len(texts) else ""
    return value


def _joined(node: ElementTree.Element) -> str:
    """Return the text of a rich-text node without phonetic guides."""
    guides = {id(t) for g in node.iter(f"{NS}rPh") for t in g.iter(f"{NS}t")}
    return "".join(t.text or "" for t in node.iter(f"{NS}t") if id(t) not in guides)


def _index(reference: str) -> int:
    column = 0
    for letter in re.match(r"[A-Z]{0,3}", reference)[0]:  # type: ignore[index]
        column = column * 26 + ord(letter) - 64
    return max(column - 1, 0)
