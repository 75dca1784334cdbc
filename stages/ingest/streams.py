"""Bytes of a file or of a slice of it, decompressed; a broken stream gives what came before the break."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

CHUNK = 1 << 20
BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, zstandard.ZstdError)


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


def blocks(path: Path, compression: str, start: int = 0, cuts: tuple[int, ...] = ()) -> Iterator[Block]:
    """Yield a file's uncompressed bytes in order; a stored position in `cuts` always ends a block.

    Only an uncompressed file can begin at `start`. EOFError where a compressed stream ends in the middle.
    """
    with path.open("rb") as file:
        if not compression:
            file.seek(start)
            while data := file.read(_step(start, cuts)):
                yield Block(start, start + len(data), data)
                start += len(data)
            return
        base = used = 0
        decoder: Any = None
        while data := file.read(_step(used, cuts)):
            used += len(data)
            while data:
                if decoder is None:
                    if base and not data.strip(b"\x00"):
                        break  # padding after the last member
                    decoder = _decoder(compression)
                out = decoder.decompress(data)
                data = b""
                if decoder.eof:
                    data, decoder = decoder.unused_data, None
                yield Block(base, used, out)
                base += len(out)
        if decoder is not None:
            raise EOFError("the stream ends in the middle")


def _step(position: int, cuts: tuple[int, ...]) -> int:
    return min([CHUNK, *(cut - position for cut in cuts if cut > position)])


def _decoder(compression: str) -> Any:
    if compression == "gz":
        return zlib.decompressobj(wbits=31)
    if compression == "bz2":
        return bz2.BZ2Decompressor()
    if compression == "xz":
        return lzma.LZMADecompressor()
    return zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()


def reason_of(error: BaseException) -> str:
    """Return the reason slug for a broken stream."""
    return "truncated" if isinstance(error, EOFError) else "file-unreadable"


def read_whole(path: Path, compression: str, limit: int) -> Window:
    """Read a whole file; at most `limit` bytes, past which it counts as unreadable."""
    pieces, size = [], 0
    try:
        for block in blocks(path, compression):
            pieces.append(block.data)
            size += len(block.data)
            if size > limit:
                return Window(b"".join(pieces)[:limit], 0, "too-long")
    except BROKEN as error:
        return Window(b"".join(pieces), 0, reason_of(error))
    return Window(b"".join(pieces), 0, None)


def read_lines(path: Path, compression: str, span: tuple[int, int], wide: str, limit: int) -> Window:
    """Read the lines that begin in the stored bytes [start, end) of a file.

    A line begins at the file's start or after a newline. `wide` is "<" or ">" for UTF-16, else "". A slice of
    a compressed file begins where the decoder stands after `start` stored bytes. At most `limit` are kept.
    """
    start, end = span
    seek = 0 if compression else max(0, start - 2)
    before, low, size, broken = b"", seek, 0, None
    pieces: list[bytes] = []
    stream = blocks(path, compression, seek, (start, end))
    try:
        for block in stream:
            if block.used <= start:
                before, low = (before + block.data)[-2:], block.base + len(block.data)
                continue
            if block.used > end and _closed(pieces, low + size, wide):
                break
            past = block.used > end
            cut = newline_at(block.data, block.base, wide) if past else -1
            pieces.append(block.data[: cut + len(wide) + 1] if cut >= 0 else block.data)
            size += len(pieces[-1])
            if cut >= 0:
                break
            if size > limit:
                broken = "too-long"
                break
    except BROKEN as error:
        broken = reason_of(error)
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
