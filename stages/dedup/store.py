"""Signature tables of many parts, addressed as one long list of documents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

RESIDENT_BYTES = 256 * 2**20  # signatures up to this size stay in memory


class SignatureStore:
    """The signature tables in the order given; document i is row i - first[f] of table f."""

    def __init__(self, files: Sequence[Path], num_perm: int) -> None:
        self.files, self.num_perm = list(files), num_perm
        self.sizes = [pq.ParquetFile(f).metadata.num_rows for f in self.files]
        self.first = np.concatenate([[0], np.cumsum(self.sizes, dtype=np.int64)])

    def __len__(self) -> int:
        return int(self.first[-1])

    def column(self, name: str, file: int) -> pl.Series:
        """Return one column of one table."""
        return pl.read_parquet(self.files[file], columns=[name], glob=False)[name]

    def values(self, name: str, wanted: np.ndarray) -> pl.Series:
        """Return a binary column at ascending document numbers."""
        cuts = np.searchsorted(wanted, self.first)
        parts = [
            self.column(name, f).gather(wanted[cuts[f] : cuts[f + 1]] - self.first[f])
            for f in range(len(self.files))
            if cuts[f + 1] > cuts[f]
        ]
        return pl.concat([pl.Series(name, dtype=pl.Binary), *parts])

    def prefixes(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return (uint64 [n] of the first 8 bytes of a digest column, bool [n] where it is present)."""
        values, present = np.zeros(len(self), np.uint64), np.zeros(len(self), bool)
        for f in range(len(self.files)):
            column = self.column(name, f)
            span = slice(self.first[f], self.first[f + 1])
            present[span] = column.is_not_null().to_numpy()
            values[span][present[span]] = (
                column.drop_nulls().bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64, endianness="big")
            )
        return values, present

    def matrix(self, file: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (uint32 [m, num_perm] of the m documents that have a signature, their rows)."""
        column = self.column("signature", file)
        rows = np.flatnonzero(column.is_not_null().to_numpy())
        data = column.drop_nulls().rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, values = data.buffers()
        if not len(rows):
            return np.zeros((0, self.num_perm), np.uint32), rows
        start = int(np.frombuffer(offsets, np.int64, 1, data.offset * 8)[0])
        flat = np.frombuffer(values, "<u4", len(rows) * self.num_perm, start)
        return flat.reshape(len(rows), self.num_perm), rows

    def take(self, wanted: np.ndarray) -> np.ndarray:
        """Return uint32 [len(wanted), num_perm]: signatures of ascending document numbers that have one."""
        if self._resident is not None:
            return self._resident[wanted]
        out = np.empty((len(wanted), self.num_perm), np.uint32)
        cuts = np.searchsorted(wanted, self.first)
        for f in range(len(self.files)):
            low, high = cuts[f], cuts[f + 1]
            if high > low:
                matrix, rows = self.matrix(f)
                out[low:high] = matrix[np.searchsorted(rows, wanted[low:high] - self.first[f])]
        return out

    @cached_property
    def shingles(self) -> np.ndarray:
        """Return uint32 [n]: shingles of every document."""
        columns = [self.column("shingles", f).to_numpy() for f in range(len(self.files))]
        return np.concatenate([np.zeros(0, np.uint32), *columns])

    @cached_property
    def _resident(self) -> np.ndarray | None:
        if len(self) * self.num_perm * 4 > RESIDENT_BYTES:
            return None
        whole = np.zeros((len(self), self.num_perm), np.uint32)
        for f in range(len(self.files)):
            matrix, rows = self.matrix(f)
            whole[self.first[f] + rows] = matrix
        return whole
