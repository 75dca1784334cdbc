"""Bytes of a file or of a slice of it, decompressed; a broken stream gives what came before the break."""

from __future__ import annotations

import bz2
import errno
import io
import lzma
import os
import re
import zlib
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import IO, Any, NamedTuple

import zstandard

from lineage.errors import InputError

CHUNK = 1 << 20
_PACKED = 128 << 10  # what follows a member is copied: small steps, for files of many members
_MOST = 8 << 20
_ZST_FEED = 1 << 10  # a zstd block of 4 bytes can become 128 KiB: this much input, 32 MiB
_XZ_MEMORY = 512 << 20  # `xz -9` needs 65 MiB
#: Growth says nothing about fewer bytes than this: a line of one letter packs well.
_HARMLESS = 64 << 20
#: Where bytes come from: a file, or the content of an archive's member.
Place = Path | bytes
#: The system's own troubles, which pass: of the device, of a network share, of limits.
_PASSING = {errno.EIO, errno.ENODEV, errno.ENXIO, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_PASSING |= {errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ECONNRESET}
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

    def __init__(self, error: BaseException | str, used: int) -> None:
        self.reason = error if isinstance(error, str) else _reason(error)
        self.used = used
        super().__init__(self.reason, used)


def stop_if_passing(error: BaseException, file: str) -> None:
    """Raise InputError where the system failed and not the file, so that the next run reads it again.

    A row `file-unreadable` would stay in the books after the disk, the share or the memory is well again.
    """
    if isinstance(error, OSError) and error.errno in _PASSING:
        cause = os.strerror(error.errno)
    elif isinstance(error, MemoryError) and _asked(error) < _machine():
        cause = "no memory left"
    else:
        return
    raise InputError(
        f"reading failed: {cause}",
        where=file,
        cure="run `dvc repro` again; if the file stays unreadable, copy it anew or take it out of sources.yaml",
    ) from None


def _asked(error: MemoryError) -> int:
    """Return the bytes that an allocation asked for, as pyarrow and numpy tell it; 0 where it is not told."""
    found = re.search(r"of size (\d+)", str(error))
    return int(found[1]) if found else 0


def _machine() -> int:
    # a damaged header may claim more than any machine holds: that is the file's fault
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "truncated"
    # bz2 and lzma tell damage as an OSError without a number; the system's own errors have one
    return "file-unreadable" if isinstance(error, OSError) and error.errno else "damaged"


def blocks(
    place: Place,
    compression: str,
    start: int = 0,
    cuts: tuple[int, ...] = (),
    ratio: float = inf,
    base: int = 0,
) -> Iterator[Block]:
    """Yield a file's uncompressed bytes in order; a stored position in `cuts` always ends a block.

    Only an uncompressed file can begin at any `start`, a packed one where a member begins whose content begins at
    `base`. Broken where the stream ends in the middle, is damaged, or has
    grown by more than `ratio`.
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
            file.seek(start)
            first = base
            decoder: _Decoder | None = None
            while data := file.read(_step(used, cuts, _PACKED)):
                used += len(data)
                while data:
                    if decoder is None:
                        if used > len(data) and not data.strip(b"\x00"):
                            break  # padding after the last member
                        decoder = _Decoder(compression)
                    for out in decoder.feed(data):
                        yield Block(base, used, out)
                        base += len(out)
                        if base - first > _HARMLESS and base - first > ratio * (used - start):
                            raise Broken("archive-bomb", used)
                    data = b""
                    if decoder.ended:
                        data, decoder = decoder.rest, None
            if decoder is not None:
                raise EOFError("the stream ends in the middle")
        except _BROKEN as error:
            stop_if_passing(error, "" if isinstance(place, bytes) else place.name)
            raise Broken(error, used) from None


class _Decoder:
    """One compressed member; hands out about `_MOST` bytes at a time: a bomb cannot fill memory."""

    def __init__(self, compression: str) -> None:
        self._kind = compression
        self._inner: Any = None
        self._left = b""
        if compression == "gz":
            self._inner = zlib.decompressobj(wbits=31)
        elif compression == "bz2":
            self._inner = bz2.BZ2Decompressor()
        elif compression == "xz":
            self._inner = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        else:
            self._inner = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield all output that this input gives."""
        inner = self._inner
        if self._kind == "zst":
            yield from self._feed_zst(data)
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

    def _feed_zst(self, data: bytes) -> Iterator[bytes]:
        """Feed the input bit by bit: this decoder cannot be told a limit for its output."""
        held, size, view = [], 0, memoryview(data)
        for at in range(0, len(data), _ZST_FEED):
            out = self._inner.decompress(view[at : at + _ZST_FEED])
            held.append(out)
            size += len(out)
            if self._inner.eof:
                self._left = bytes(view[at + _ZST_FEED :])
                break
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join(held)

    @property
    def ended(self) -> bool:
        """Tell whether the member is complete."""
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        """Return the input after the member's end."""
        return self._inner.unused_data + self._left


def opened(place: Place) -> IO[bytes]:
    """Open a file, or the bytes of an archive's member."""
    return io.BytesIO(place) if isinstance(place, bytes) else place.open("rb")


def stored_bytes(place: Place) -> int:
    """Return the size of a file, or of a member's content."""
    return len(place) if isinstance(place, bytes) else place.stat().st_size


def _step(position: int, cuts: tuple[int, ...], most: int = CHUNK) -> int:
    return min([most, *(cut - position for cut in cuts if cut > position)])


def read_whole(place: Place, compression: str, limit: int, ratio: float = inf) -> Window:
    """Read a whole file; at most `limit` bytes, past which it is too-long."""
    pieces, size = [], 0
    try:
        for block in blocks(place, compression, ratio=ratio):
            pieces.append(block.data)
            size += len(block.data)
            if size > limit:
                return Window(b"".join(pieces)[:limit], 0, "too-long")
    except Broken as error:
        return Window(b"".join(pieces), 0, error.reason)
    return Window(b"".join(pieces), 0, None)


def newline_at(data: bytes, base: int, wide: str) -> int:
    """Return the index of the first newline in data, or -1; `base` is the offset of the data in the file."""
    if not wide:
        return data.find(b"\n")
    mark = b"\n\x00" if wide == "<" else b"\x00\n"
    at = data.find(mark)
    while at >= 0 and (at + base) % 2:
        at = data.find(mark, at + 1)
    return at
