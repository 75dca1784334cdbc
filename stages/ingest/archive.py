"""Archives: each member is read as the file it is; nothing is written to disk, whatever its path says.

A tar is walked from its start; a member of a zip is found by the archive's own directory. Both in slices: a member
belongs to the slice in which its header begins.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, NamedTuple

from stages.ingest.batch import Piece, failed
from stages.ingest.settings import IngestSettings
from stages.ingest.streams import Place, opened
from stages.ingest.tar_members import Member, tar_members

#: Reads a member's content: (content, name) -> pieces.
MemberReader = Callable[[bytes, str], Iterable[Piece]]
_STEP = 1 << 20
_HARMLESS = 64 << 20
_ZIP_DAMAGE = (zipfile.BadZipFile, zipfile.zlib.error, NotImplementedError, ValueError, EOFError, OSError)


class Limits(NamedTuple):
    """Bytes that one member, and all of a slice together, may unpack to; how much a member may grow."""

    size: int
    ratio: float


def limits_of(settings: IngestSettings) -> Limits:
    """Return the limits that the settings set."""
    return Limits(int(settings.max_slice_mib * (1 << 20)), settings.max_ratio)


def read_archive(
    place: Place,
    name: str,
    archive: str,
    compression: str,
    cuts: tuple[int, ...],
    limits: Limits,
    read: MemberReader,
) -> Iterator[tuple[int, Piece]]:
    """Yield (slice, records) of every file in an archive, in its order; what cannot be read has a row."""
    left, slice_ = limits.size, -1
    for index, member in members_of(place, name, archive, compression, cuts, limits):
        if index != slice_:
            left, slice_ = limits.size, index
        if member.content is None:
            yield index, failed(member.name, member.reason, offset=member.offset)
            continue
        left -= len(member.content)
        if left < 0:
            yield index, failed(member.name, "archive-bomb", offset=member.offset)
            return
        yield from ((index, piece) for piece in read(member.content, member.name))


def members_of(
    place: Place, name: str, archive: str, compression: str, cuts: tuple[int, ...], limits: Limits
) -> Iterator[tuple[int, Member]]:
    """Yield (slice, member) for the members whose headers begin in [cuts[0], cuts[-1])."""
    if archive == "tar":
        yield from tar_members(place, name, compression, cuts, limits.size, limits.ratio)
    else:
        yield from _zip(place, name, cuts, limits)


def _zip(place: Place, name: str, cuts: tuple[int, ...], limits: Limits) -> Iterator[tuple[int, Member]]:
    with opened(place) as file:
        try:
            archive = zipfile.ZipFile(file)
            listed = [info for info in archive.infolist() if not info.is_dir()]
        except _ZIP_DAMAGE:
            if cuts[0] == 0:
                file.seek(0)
                cut = file.read(4) == b"PK\x03\x04"
                yield 0, Member(name, 0, None, "truncated" if cut else "damaged")
            return
        for index in range(len(cuts) - 1):
            for info in listed:
                inside = cuts[index] <= info.header_offset < cuts[index + 1]
                outside = index == 0 and cuts[0] == 0 and info.header_offset < 0
                if inside or outside:
                    yield index, _zip_member(archive, info, f"{name}!{_member_name(info)}", limits)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, limits: Limits) -> Member:
    def lost(reason: str) -> Member:
        return Member(name, max(0, info.header_offset), None, reason)

    kind = info.external_attr >> 28  # of a Unix mode; 0 where the writer says nothing
    if info.create_system == 3 and kind not in (0, 8):
        return lost("not-a-file")
    if info.flag_bits & 1:
        return lost("encrypted")
    try:
        with archive.open(info) as content:
            data = _bounded(content, info.compress_size, limits)
    except NotImplementedError:  # a compression that the standard library does not know
        return lost("unknown-format")
    except _ZIP_DAMAGE as error:
        return lost("truncated" if isinstance(error, EOFError) else "damaged")
    return lost("archive-bomb") if data is None else Member(name, info.header_offset, data, "")


def _bounded(content: IO[bytes], stored: int, limits: Limits) -> bytes | None:
    """Read a member bit by bit; None where it grows past a limit."""
    pieces, size = [], 0
    while data := content.read(_STEP):
        pieces.append(data)
        size += len(data)
        if size > limits.size or (size > _HARMLESS and size > limits.ratio * stored):
            return None
    return b"".join(pieces)


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
    for _, found in members_of(place, name, archive, compression, (0, 1 << 62), Limits(limit, 1e9)):
        if found.name == member and found.content is not None:
            return found.content
    raise EOFError("there is no such member")
