"""Whole lines of a file, some MiB at a time: memory is bounded by a window and the longest line that is read."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from math import inf
from typing import NamedTuple

from stages.ingest.streams import Broken, Place, blocks, newline_at
from stages.ingest.zst_frames import Frame, frame_before

WINDOW = 8 << 20


class Lines(NamedTuple):
    """Whole lines (the last one may lack its newline) and the offset of the first in the uncompressed stream."""

    data: bytes
    base: int


class Lost(NamedTuple):
    """What could not be read: reason slug, offset, length and digest of its bytes."""

    reason: str
    offset: int
    length: int
    digest: bytes


class LineReader:
    """Reads the lines that begin in the stored bytes [cuts[0], cuts[-1]) of a file.

    `marks[i]` is the uncompressed offset where the slice cuts[i] begins: where the decoder stands after that many
    stored bytes. It is known once a line of that slice is handed out. `wide`: "<" or ">" for UTF-16, else "".
    """

    def __init__(
        self,
        place: Place,
        compression: str,
        cuts: tuple[int, ...],
        wide: str,
        longest: int,
        limit: int,
        ratio: float = inf,
    ) -> None:
        self.cuts, self.wide, self.longest, self.limit = cuts, wide, longest, limit
        self.width = len(wide) + 1
        self.compression = compression
        self.marks: list[int] = [0] if cuts[0] == 0 else [] if compression else [cuts[0]]
        first = Frame(0, 0)
        if compression == "zst":
            first = frame_before(place, cuts[0])
        elif not compression:
            first = Frame(max(0, cuts[0] - 2), max(0, cuts[0] - 2))
        self._seek = first.stored
        self._blocks = blocks(place, compression, self._seek, cuts, ratio, first.base)
        self._held = bytearray()
        self._base = first.base
        self._begun = cuts[0] == 0
        self._used = self._seek

    def __iter__(self) -> Iterator[Lines | Lost]:
        """Yield windows in order; a line over `longest`, a break and a slice over `limit` are told as Lost."""
        try:
            for block in self._blocks:
                self._used = block.used
                self._mark(block.used, block.base)
                self._held += block.data
                if not self._begun and not self._begin(block.used > self.cuts[0]):
                    continue
                if len(self._held) >= WINDOW or self._high() is not None:
                    yield from self._flush()
                    if self._done():
                        return
                if self._base + len(self._held) - self.marks[-1] > self.limit:
                    yield self._lost("archive-bomb" if self.compression else "too-long")
                    return
        except Broken as error:
            if error.used > self.cuts[0]:
                yield from self._rest_before_break()
                yield self._lost(error.reason)
            return
        if self._begun and self._held:
            yield (
                self._lost("too-long")
                if len(self._held) > self.longest + WINDOW
                else self._take(len(self._held))
            )

    def _mark(self, used: int, base: int) -> None:
        """Note the offset of every cut that the stored bytes have passed."""
        while len(self.marks) < len(self.cuts) and used > self.cuts[len(self.marks)]:
            self.marks.append(base if self.compression else self.cuts[len(self.marks)])

    def _high(self) -> int | None:
        return self.marks[-1] if len(self.marks) == len(self.cuts) else None

    def _done(self) -> bool:
        high = self._high()
        return high is not None and self._base >= high

    def _begin(self, inside: bool) -> bool:
        """Drop what lies before the first line of the slice."""
        if inside:
            low = self.marks[0]
            skip = max(0, low - self.width - self._base)
            at = newline_at(bytes(self._held[skip:]), self._base + skip, self.wide)
            if self._base == low == 0:
                at = skip = -self.width
            if at >= 0 or skip < 0:
                self._drop(max(0, skip) + at + self.width if skip >= 0 else 0)
                self._begun = True
                return True
        self._drop(max(0, len(self._held) - 2))
        return False

    def _flush(self) -> Iterator[Lines | Lost]:
        high = self._high()
        if high is not None and high > self._base:
            begin = max(0, high - self.width - self._base)
            at = newline_at(bytes(self._held[begin:]), self._base + begin, self.wide)
            cut = begin + at + self.width if at >= 0 else 0
        else:
            cut = 0 if high is not None else self._last_line()
        if cut:
            yield self._take(cut)
        elif high is None or high > self._base:
            whole = self._last_line() if high is not None else 0
            if whole:
                yield self._take(whole)
            if len(self._held) > self.longest + WINDOW:
                yield from self._long_line()

    def _last_line(self) -> int:
        """Return the length of the whole lines that are held."""
        if not self.wide:
            return self._held.rfind(b"\n") + 1
        mark = b"\n\x00" if self.wide == "<" else b"\x00\n"
        at = self._held.rfind(mark)
        while at >= 0 and (at + self._base) % 2:
            at = self._held.rfind(mark, 0, at + 1)
        return at + 2 if at >= 0 else 0

    def _long_line(self) -> Iterator[Lost]:
        """Pass over a line that is longer than the limit without holding it."""
        hasher, offset, length = sha256(), self._base, 0
        while True:
            at = newline_at(bytes(self._held), self._base, self.wide)
            cut = len(self._held) & ~(self.width - 1) if at < 0 else at
            hasher.update(self._held[:cut])
            length += cut
            self._drop(cut if at < 0 else cut + self.width)
            if at >= 0:
                yield Lost("too-long", offset, length, hasher.digest())
                return
            try:
                block = next(self._blocks)
            except StopIteration:
                yield Lost("too-long", offset, length, hasher.digest())
                return
            self._mark(block.used, block.base)
            self._held += block.data

    def _rest_before_break(self) -> Iterator[Lines]:
        whole = self._last_line() if self._begun else 0
        if whole:
            yield self._take(whole)

    def _take(self, size: int) -> Lines:
        lines = Lines(bytes(memoryview(self._held)[:size]), self._base)
        self._drop(size)
        return lines

    def _lost(self, reason: str) -> Lost:
        return Lost(reason, self._base, len(self._held), sha256(self._held).digest())

    def _drop(self, size: int) -> None:
        del self._held[:size]
        self._base += size
