"""What a reader hands over: the records of one slice as columns, before they become document rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

#: Columns of a document that come from the data as they are.
PLAIN = ("native_id", "url", "warc_id", "title", "author", "date", "licence", "meta")


@dataclass
class Batch:
    """Records of one file; every list has one item per record, an absent column is None.

    `text` is None and `error` a reason slug where a record cannot be read. `by_offset` says that a record
    without an id of its own is named by its byte offset: later slices of line formats do not know its number.
    """

    file: str
    text: list[str | None]
    raw: list[bytes]
    record: list[int | None]
    offset: list[int | None] | None = None
    length: list[int | None] | None = None
    error: list[str | None] | None = None
    plain: dict[str, list[str | None]] = field(default_factory=dict)
    kind: list[str] | None = None
    turns: list[list[dict[str, str]] | None] | None = None
    label: list[Any] | None = None
    transforms: list[tuple[str, ...]] | None = None
    by_offset: bool = False

    def __len__(self) -> int:
        return len(self.text)

    def errors(self) -> list[str | None]:
        """Return the list of errors, made on first use."""
        if self.error is None:
            self.error = [None] * len(self)
        return self.error

    def note(self, row: int, transform: str) -> None:
        """Record that a row's text is not as found."""
        if self.transforms is None:
            self.transforms = [()] * len(self)
        self.transforms[row] += (transform,)


def failed(
    file: str, error: str, *, offset: int | None = None, record: int | None = None, raw: bytes = b""
) -> Batch:
    """Return one row that says why a file, or its rest, or one record could not be read."""
    length = len(raw) if offset is not None else None
    return Batch(file, [None], [sha256(raw).digest()], [record], [offset], [length], [error])


def joined(batches: list[Batch]) -> Batch:
    """Return the plain documents of some batches of one file, none of them with turns, as one batch."""
    names = dict.fromkeys(name for batch in batches for name in batch.plain)

    def each(of: Callable[[Batch], list[Any] | None], absent: Any = None) -> list[Any]:
        return [item for batch in batches for item in of(batch) or [absent] * len(batch)]

    return Batch(
        batches[0].file,
        each(lambda batch: batch.text),
        each(lambda batch: batch.raw),
        each(lambda batch: batch.record),
        each(lambda batch: batch.offset),
        each(lambda batch: batch.length),
        each(Batch.errors),
        {name: each(lambda batch, name=name: batch.plain.get(name)) for name in names},
        label=each(lambda batch: batch.label),
        transforms=each(lambda batch: batch.transforms, ()),
    )


@dataclass
class Columns:
    """Records of one file whose texts are Arrow strings already: the fast way, for records that are as they should be.

    `text` and `series` hold the same valid UTF-8.
    `raw` are the digests of the records' bytes; None: those of the texts.
    """

    file: str
    text: pa.Array  # large_string
    series: pl.Series
    raw: list[bytes] | None
    plain: dict[str, Any]  # lists or Arrow arrays
    record: list[int | None] | None
    offset: list[int] | None = None
    length: list[int] | None = None
    common: tuple[str, ...] = ()
    by_offset: bool = False

    def __len__(self) -> int:
        return len(self.text)

    def rows(self, rows: np.ndarray) -> Batch:
        """Return some rows as a batch, to be read the careful way."""
        wanted = rows.tolist()

        def pick(values: Any) -> list[Any] | None:
            if values is None:
                return None
            if isinstance(values, pa.Array):
                return values.take(pa.array(rows)).to_pylist()
            return [values[row] for row in wanted]

        texts = self.text.take(pa.array(rows)).to_pylist()
        raw = pick(self.raw) or [sha256((text or "").encode()).digest() for text in texts]
        batch = Batch(
            self.file, texts, raw, pick(self.record) or [None] * len(texts), by_offset=self.by_offset
        )
        batch.offset, batch.length = pick(self.offset), pick(self.length)
        batch.plain = {name: pick(values) for name, values in self.plain.items()}
        for row in [row for row, text in enumerate(texts) if text is None]:
            batch.errors()[row] = "null-text"
        if self.common:
            batch.transforms = [self.common] * len(texts)
        return batch


#: What readers hand over.
Piece = Batch | Columns


def valid_texts(texts: pa.Array) -> pl.Series | None:
    """Return the texts as a polars column; None if bytes in them are no UTF-8."""
    try:
        return pl.Series(texts.view(pa.large_binary())).cast(pl.String)
    except pl.exceptions.PolarsError:
        return None
