"""Bytes of a file or of a slice of it, decompressed; a broken stream gives what came before the break."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import zstandard

CHUNK = 1 << 20
_MOST = 8 << 20
_ZST_FEED = 8 << 10  # a zstd block of 4 bytes can become 128 KiB
#: Where bytes come from: a file, or the content of an archive's member.
Place = Path | bytes
_BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, zstandard.ZstdError)


class Block(NamedTuple):
    """Uncompressed bytes at `base`; `used` stored bytes were consumed to get them."""

    base: int
    used: int
    data: bytes


class Window(NamedTuple):
    """Whole lines of a slice: bytes, offset of the first, reason if the stream breaks in or before it."""

    data: bytes
    base: int
    broken: str | None


class Broken(Exception):
    """A stream that breaks: `reason` slug, and the stored bytes that were read before."""

    def __init__(self, error: BaseException, used: int) -> None:
        self.reason = "truncated" if isinstance(error, EOFError) else "file-unreadable"
        self.used = used
        super().__init__(self.reason, used)


def blocks(place: Place, compression: str, start: int = 0, cuts: tuple[int, ...] = ()) -> Iterator[Block]:
    """Yield a file's uncompressed bytes in order; a stored position in `cuts` always ends a block.

    Only an uncompressed file can begin at `start`. Broken where the stream ends in the middle or is damaged.
    """
    with opened(place) as file:
        used = start
        try:
            if not compression:
                file.seek(start)
                while data := file.read(_step(used, cuts)):
                    used += len(data)
                    yield Block(used - len(data), used, data)
                return
            base = 0
            decoder: _Decoder | None = None
            step = _ZST_FEED if compression == "zst" else CHUNK
            while data := file.read(_step(used, cuts, step)):
                used += len(data)
                while data:
                    if decoder is None:
                        if base and not data.strip(b"\x00"):
                            break  # padding after the last member
                        decoder = _Decoder(compression)
                    for out in decoder.feed(data):
                        yield Block(base, used, out)
                        base += len(out)
                    data = b""
                    if decoder.ended:
                        data, decoder = decoder.rest, None
            if decoder is not None:
                raise EOFError("the stream ends in the middle")
        except _BROKEN as error:
            raise Broken(error, used) from None


class _Decoder:
    """One compressed member; hands out about `_MOST` bytes at a time: a bomb cannot fill memory."""

    def __init__(self, compression: str) -> None:
        self._kind = compression
        self._inner: Any = None
        if compression == "gz":
            self._inner = zlib.decompressobj(wbits=31)
        elif compression == "bz2":
            self._inner = bz2.BZ2Decompressor()
        elif compression == "xz":
            self._inner = lzma.LZMADecompressor()
        else:
            self._inner = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield all output that this input gives."""
        inner = self._inner
        if self._kind == "zst":  # its decoder cannot be told a limit: `_ZST_FEED` bounds the output instead
            yield inner.decompress(data)
            return
        while True:
            out = inner.decompress(data, _MOST)
            yield out
            if inner.eof:
                return
            data = inner.unconsumed_tail if self._kind == "gz" else b""
            more = len(out) == _MOST if self._kind == "gz" else not inner.needs_input
            if not data and not more:
                return

    @property
    def ended(self) -> bool:
        """Tell whether the member is complete."""
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        """Return the input after the member's end."""
        return self._inner.unused_data


def opened(place: Place) -> IO[bytes]:
    """Open a file, or the bytes of an archive's member."""
    return io.BytesIO(place) if isinstance(place, bytes) else place.open("rb")


def stored_bytes(place: Place) -> int:
    """Return the size of a file, or of a member's content."""
    return len(place) if isinstance(place, bytes) else place.stat().st_size


def _step(position: int, cuts: tuple[int, ...], most: int = CHUNK) -> int:
    return min([most, *(cut - position for cut in cuts if cut > position)])


def read_whole(place: Place, compression: str, limit: int) -> Window:
    """Read a whole file; at most `limit` bytes, past which it is too-long."""
    pieces, size = [], 0
    try:
        for block in blocks(place, compression):
            pieces.append(block.data)
            size += len(block.data)
            if size > limit:
                return Window(b"".join(pieces)[:limit], 0, "too-long")
    except Broken as error:
        return Window(b"".join(pieces), 0, error.reason)
    return Window(b"".join(pieces), 0, None)


def read_lines(place: Place, compression: str, span: tuple[int, int], wide: str, limit: int) -> Window:
    """Read the lines that begin in the stored bytes [start, end) of a file.

    A line begins at the file's start or after a newline. `wide` is "<" or ">" for UTF-16, else "". A slice of
    a compressed file begins where the decoder stands after `start` stored bytes. At most `limit` are kept.
    """
    start, end = span
    seek = 0 if compression else max(0, start - 2)
    before, low, size, broken = b"", seek, 0, None
    pieces: list[bytes] = []
    try:
        for block in blocks(place, compression, seek, (start, end)):
            if block.used <= start:
                before, low = (before + block.data)[-2:], block.base + len(block.data)
                continue
            past = block.used > end
            if past and _closed(pieces, low + size, wide):
                break
            cut = newline_at(block.data, block.base, wide) if past else -1
            pieces.append(block.data[: cut + len(wide) + 1] if cut >= 0 else block.data)
            size += len(pieces[-1])
            if cut >= 0:
                break
            if size > limit:
                broken = "too-long"
                break
    except Broken as error:
        broken = error.reason if error.used > start else None  # an earlier slice tells it
    data = before + b"".join(pieces)
    base = low - len(before)
    begin = 0 if base == low == 0 else _after_newline(data, base, low, wide)
    return Window(data[begin:], base + begin, broken)


def newline_at(data: bytes, base: int, wide: str) -> int:
    """Return the index of the first newline in data, or -1; `base` is the offset of the data in the file."""
    if not wide:
        return data.find(b"\n")
    mark = b"\n\x00" if wide == "<" else b"\x00\n"
    at = data.find(mark)
    while at >= 0 and (at + base) % 2:
        at = data.find(mark, at + 1)
    return at


def _closed(pieces: list[bytes], end: int, wide: str) -> bool:
    """Tell whether the bytes so far end with a newline (or there are none)."""
    tail = b"".join(pieces[-2:])[-2:]
    if not wide:
        return not tail or tail.endswith(b"\n")
    return not tail or (end % 2 == 0 and tail == (b"\n\x00" if wide == "<" else b"\x00\n"))


def _after_newline(data: bytes, base: int, low: int, wide: str) -> int:
    """Return the index of the first line that begins at `low` or later."""
    width = len(wide) + 1
    skip = max(0, low - width - base)
    at = newline_at(data[skip:], base + skip, wide)
    return len(data) if at < 0 else skip + at + width
