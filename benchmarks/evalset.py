"""Finds labelled files in a folder laid out as sub-folders by subject, by row format and never by name.

    EVAL_DIR/
      corpora/  dedup/  pii/  prohibited/  cbrn/  quality/  lid/

`tables(eval_dir, "quality", {"text", "keep", "kind"})` yields every table of that sub-folder whose rows have
these fields. Readable: .jsonl, .json (array), .parquet, .csv; the first two also as .gz and .zst.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import zstandard

from lineage.errors import InputError

PACKED = {".gz": gzip.decompress, ".zst": lambda raw: zstandard.ZstdDecompressor().stream_reader(raw).read()}
ENCODINGS = ("utf-8-sig", "gb18030")


class Table(NamedTuple):
    """One labelled file: its name under the evaluation folder and its rows."""

    name: str
    rows: pl.DataFrame


def files(eval_dir: Path | str, sub: str) -> list[Path]:
    """List the files of one sub-folder in path order; a missing or empty sub-folder is an InputError."""
    folder = Path(eval_dir) / sub
    found = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
    if not found:
        raise InputError(
            f"there are no evaluation files for `{sub}`",
            where=str(folder),
            cure=f"give a folder that holds a sub-folder `{sub}` with labelled files",
        )
    return found


def tables(eval_dir: Path | str, sub: str, fields: set[str]) -> Iterator[Table]:
    """Yield the tables of a sub-folder that have all of `fields`; none at all is an InputError."""
    hits = 0
    for path in files(eval_dir, sub):
        rows = read(path)
        if rows is not None and fields <= set(rows.columns):
            hits += 1
            yield Table(path.relative_to(eval_dir).as_posix(), rows)
    if not hits:
        raise InputError(
            f"no file has rows with the fields {', '.join(sorted(fields))}",
            where=str(Path(eval_dir) / sub),
            cure="give files with one row per item and these field names",
        )


def read(path: Path) -> pl.DataFrame | None:
    """Return the rows of one file, or None where its suffix names no table format."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    unpack = PACKED.get(path.suffix)
    kind = Path(path.stem).suffix if unpack else path.suffix
    if kind not in {".jsonl", ".json", ".csv"}:
        return None
    raw = path.read_bytes()
    text = decode(unpack(raw) if unpack else raw)
    if kind == ".csv":
        return pl.read_csv(text.encode())
    try:
        rows = (
            json.loads(text)
            if kind == ".json"
            else [json.loads(line) for line in text.split("\n") if line.strip()]
        )
    except ValueError as error:
        raise InputError(
            f"this is not JSON: {error}", where=str(path), cure="mend or remove the file"
        ) from error
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        return None
    return pl.DataFrame(rows, infer_schema_length=None, strict=False)


def texts(path: Path) -> list[str]:
    """Return the texts of one corpus: the `text` field of a table's rows, else the whole file."""
    rows = read(path)
    if rows is None:
        return [] if path.suffix in PACKED else [decode(path.read_bytes())]
    for name in ("text", "article", "content"):
        if name in rows.columns and rows[name].dtype == pl.String:
            return rows[name].drop_nulls().to_list()
    return []


def decode(raw: bytes) -> str:
    """Return the text of the bytes in UTF-8 or GB18030, else in Latin-1, which reads anything."""
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def corpora(eval_dir: Path | str) -> Iterator[tuple[str, list[str]]]:
    """Yield (name, texts) for every entry of `corpora/`: a table, or a folder of text files."""
    root = Path(eval_dir) / "corpora"
    files(eval_dir, "corpora")
    for entry in sorted(root.iterdir()):
        members = sorted(p for p in entry.rglob("*") if p.is_file()) if entry.is_dir() else [entry]
        found = [text for path in members for text in texts(path)]
        if found:
            yield entry.relative_to(root).as_posix(), found


def write_figures(path: Path | str, figures: dict) -> None:
    """Write the figures of a benchmark as sorted, indented JSON."""
    Path(path).write_text(
        json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
