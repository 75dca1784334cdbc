"""Archives: each member is read as the file it is; nothing is written to disk, whatever its path says."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from stages.ingest.batch import Piece, failed
from stages.ingest.streams import Broken, Place, blocks, opened

#: Reads a member's content: (content, name) -> pieces.
MemberReader = Callable[[bytes, str], Iterable[Piece]]


def read_archive(
    place: Place, name: str, archive: str, compression: str, limit: int, read: MemberReader
) -> Iterator[Piece]:
    """Read every file in an archive, in its order; `limit` bounds the bytes of one, and of all together."""
    members = _tar(place, name, compression, limit) if archive == "tar" else _zip(place, name, limit)
    left, some = limit, False
    for member, content in members:
        some = True
        if isinstance(content, str):
            yield failed(member, content, record=0)
            continue
        left -= len(content)
        if left < 0:
            yield failed(member, "too-long", record=0)
            return
        yield from read(content, member)
    if not some:
        yield failed(name, "empty-text", offset=0, record=0)


def _tar(place: Place, name: str, compression: str, limit: int) -> Iterator[tuple[str, bytes | str]]:
    """Yield (name of the member, content or reason)."""
    stream: Any = _Unpacked(place, compression)
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for info in tar:
                if not info.isfile():
                    continue
                member = f"{name}!{info.name}"
                if info.size > limit:
                    yield member, "too-long"
                    continue
                file = tar.extractfile(info)
                content = file.read() if file else b""
                short = len(content) < info.size
                yield member, "truncated" if short else content
                if short:
                    return
    except (tarfile.TarError, EOFError):
        yield name, stream.broken or "truncated"
        return
    except Broken as error:
        yield name, error.reason
        return
    if stream.broken:
        yield name, stream.broken


class _Unpacked(io.RawIOBase):
    """The uncompressed bytes of a file as a stream for tarfile."""

    def __init__(self, place: Place, compression: str) -> None:
        self._blocks, self._held, self.broken = blocks(place, compression), b"", ""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; after a break, nothing more."""
        pieces, have = [self._held], len(self._held)
        try:
            while size < 0 or have < size:
                data = next(self._blocks).data
                pieces.append(data)
                have += len(data)
        except StopIteration:
            pass
        except Broken as error:
            self.broken = error.reason
        data = b"".join(pieces)
        cut = len(data) if size < 0 else size
        self._held = data[cut:]
        return data[:cut]


def _zip(place: Place, name: str, limit: int) -> Iterator[tuple[str, bytes | str]]:
    with opened(place) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
            file.seek(0)
            yield name, "truncated" if file.read(4) == b"PK\x03\x04" else "file-unreadable"
            return
        for info in archive.infolist():
            if info.is_dir():
                continue
            member = f"{name}!{_member_name(info)}"
            try:
                with archive.open(info) as content:
                    data = content.read(limit + 1)
                yield member, data if len(data) <= limit else "too-long"
            except (
                zipfile.BadZipFile,
                EOFError,
                OSError,
                RuntimeError,
                NotImplementedError,
                ValueError,
            ) as error:
                yield member, "truncated" if isinstance(error, EOFError) else "file-unreadable"
            except zipfile.zlib.error:
                yield member, "file-unreadable"


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; names written without the UTF-8 flag are often GBK, not CP437."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return info.filename


def member_content(place: Place, name: str, archive: str, compression: str, member: str, limit: int) -> bytes:
    """Return one member's content by its full name (`archive!member`); EOFError if it is not there."""
    members = _tar(place, name, compression, limit) if archive == "tar" else _zip(place, name, limit)
    for found, content in members:
        if found == member and isinstance(content, bytes):
            return content
    raise EOFError("there is no such member")
