"""The members of a tar, walked once from its start with bounded memory; where it breaks is told."""

from __future__ import annotations

import io
import tarfile
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

from stages.ingest.streams import Broken, Place, blocks

_LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_LONGEST_HEADER = 1 << 20
#: A chain of long-name headers is read by recursion.
_DAMAGE = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError)


class Member(NamedTuple):
    """A member: `archive!name`, where its header begins, its content, or None and the reason slug.

    `offset` counts bytes of the uncompressed tar; of a zip, the stored bytes.
    """

    name: str
    offset: int
    content: bytes | None
    reason: str


class _Info(tarfile.TarInfo):
    """A header; what ended the walk is kept, because tarfile takes a damaged header for the end."""

    @classmethod
    def fromtarfile(cls, tar: Any) -> Any:
        try:
            return super().fromtarfile(tar)
        except tarfile.HeaderError as error:
            tar.ended_by = error
            raise

    def _proc_member(self, tar: Any) -> Any:
        if self.type in _LONG_HEADERS and self.size > _LONGEST_HEADER:
            raise tarfile.InvalidHeaderError("the header is too long")
        return super()._proc_member(tar)  # type: ignore[misc]


def tar_members(
    place: Place, name: str, compression: str, cuts: tuple[int, ...], limit: int, ratio: float
) -> Iterator[tuple[int, Member]]:
    """Yield (slice, member) of the slices [cuts[i], cuts[i+1]) of stored bytes, in the order of the tar."""
    stream = _Unpacked(place, compression, cuts, ratio)

    def lost(where: int, reason: str) -> Iterator[tuple[int, Member]]:
        index = stream.slice_of(where)
        if 0 <= index < len(cuts) - 1:  # else another slice tells it
            yield index, Member(name, where, None, reason)

    try:
        tar: Any = tarfile.open(fileobj=stream, mode="r|", tarinfo=_Info, errorlevel=0)  # noqa: SIM115
    except _DAMAGE:
        if cuts[0] == 0:
            yield 0, Member(name, 0, None, stream.broken or "damaged")
        return
    at = 0
    with tar:
        try:
            while (info := tar.next()) is not None:
                tar.members = []  # tarfile remembers every header
                at = info.offset
                index = stream.slice_of(at)
                if index >= len(cuts) - 1:
                    return
                if index < 0 or info.isdir():
                    continue
                member = _one(tar, info, name, limit)
                if member.reason == "truncated":
                    yield index, member._replace(reason=stream.broken or "truncated")
                    return
                yield index, member
        except tarfile.ReadError:  # the stream ends inside what follows the last header
            yield from lost(at, stream.broken or "truncated")
            return
        except _DAMAGE:
            yield from lost(tar.offset, stream.broken or "damaged")
            return
    if stream.broken or _unfinished(tar):
        yield from lost(tar.offset, stream.broken or _unfinished(tar))


def _one(tar: Any, info: Any, name: str, limit: int) -> Member:
    lost = Member(f"{name}!{info.name}", info.offset, None, "not-a-file")
    if not info.isfile():
        return lost
    if info.size > limit:
        return lost._replace(reason="archive-bomb")
    file = tar.extractfile(info)
    content = file.read() if file else b""
    if len(content) < info.size:
        return lost._replace(reason="truncated")
    return lost._replace(content=content, reason="")


def _unfinished(tar: Any) -> str:
    """Return the reason slug where a walk did not end at the tar's closing zeros or its last byte."""
    ended = getattr(tar, "ended_by", None)
    if isinstance(ended, tarfile.TruncatedHeaderError):
        return "truncated"
    return "damaged" if isinstance(ended, tarfile.InvalidHeaderError) else ""


class _Unpacked(io.RawIOBase):
    """The uncompressed bytes of a file as a stream for tarfile; knows the offsets at which the slices begin."""

    def __init__(self, place: Place, compression: str, cuts: tuple[int, ...], ratio: float) -> None:
        self._blocks = blocks(place, compression, 0, cuts, ratio)
        self._held, self._at, self.broken = b"", 0, ""
        self._cuts, self._marks = cuts, [0] if cuts[0] == 0 else []

    def readable(self) -> bool:
        return True

    def slice_of(self, offset: int) -> int:
        """Return the slice in which an offset lies; -1 before the first, at least the number of slices after."""
        return bisect_right(self._marks, offset) - 1

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; after a break, nothing more."""
        if 0 <= size <= len(self._held) - self._at:
            self._at += size
            return self._held[self._at - size : self._at]
        pieces = [self._held[self._at :]]
        have = len(pieces[0])
        try:
            while size < 0 or have < size:
                block = next(self._blocks)
                while len(self._marks) < len(self._cuts) and block.used > self._cuts[len(self._marks)]:
                    self._marks.append(block.base)
                pieces.append(block.data)
                have += len(block.data)
        except StopIteration:
            pass
        except Broken as error:
            self.broken = error.reason
        self._held = b"".join(pieces)
        self._at = have if size < 0 else min(size, have)
        return self._held[: self._at]
