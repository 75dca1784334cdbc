"""The fields of delimited rows: good ones parsed at once by polars, broken ones put back in between."""

from __future__ import annotations

from typing import Any

import polars as pl

from stages.ingest.batch import Batch
from stages.ingest.csv_scan import split_odd


def parse_rows(
    lines: list[bytes], errors: list[str | None], header: list[str], codec: str, separator: str
) -> pl.DataFrame:
    """Return the rows without an error as strings; one that does not decode gets bad-encoding."""
    good = [row for row, error in enumerate(errors) if error is None]
    try:
        text = b"\n".join([lines[row] for row in good]).decode(codec)
    except UnicodeDecodeError:
        for row in good:
            errors[row] = None if _decodes(lines[row], codec) else "bad-encoding"
        return parse_rows(lines, errors, header, codec, separator)
    names = unique_names(header)
    if not good:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = _by_polars(text.encode(), names, separator)
    if frame is not None and frame.height == len(good):
        return frame
    rows = [split_odd(lines[row].decode(codec), separator) for row in good]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def regular(line: bytes, codec: str, separator: str) -> bytes:
    """Return a row with odd quotes written as RFC 4180 has it; bytes that do not decode stay as they are."""
    try:
        fields = split_odd(line.decode(codec), separator)
    except UnicodeDecodeError:
        return line
    return separator.join('"' + field.replace('"', '""') + '"' for field in fields).encode(codec)


def _by_polars(data: bytes, names: list[str], separator: str) -> pl.DataFrame | None:
    try:
        frame = pl.read_csv(data, has_header=False, separator=separator, infer_schema=False)
        return frame.rename(dict(zip(frame.columns, names, strict=True))).fill_null("")
    except (pl.exceptions.PolarsError, ValueError):
        return None  # the csv module reads what polars refuses


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def unique_names(header: list[str]) -> list[str]:
    """Return column names without repeats: a later column of the same name gets its position."""
    return [name if name and name not in header[:at] else f"{name}#{at}" for at, name in enumerate(header)]


def spread(inner: Batch, rows: list[int], errors: list[str | None]) -> Batch:
    """Return the batch with the broken rows put back in between."""
    size = len(errors)
    if len(rows) == size:
        return inner

    def wide(values: list[Any], empty: Any = None) -> list[Any]:
        out = [empty] * size
        for row, value in zip(rows, values, strict=True):
            out[row] = value
        return out

    return Batch(
        inner.file,
        wide(inner.text),
        wide(inner.raw, b""),
        wide(inner.record),
        error=[inside or outside for inside, outside in zip(wide(inner.errors()), errors, strict=True)],
        plain={key: wide(values) for key, values in inner.plain.items()},
        kind=wide(inner.kind, "text") if inner.kind else None,
        turns=wide(inner.turns) if inner.turns else None,
        transforms=wide(inner.transforms, ()) if inner.transforms else None,
    )
