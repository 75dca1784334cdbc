"""Where the frames of a .zst file begin, without unpacking it: a slice then starts at a frame, not at the file's start.

The walk follows the block headers (RFC 8878, 3.1.1): three bytes are read for each block of up to 128 KiB.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, NamedTuple

import zstandard

from stages.ingest.streams import Place, opened, stored_bytes

_SKIPPABLE = 0x184D2A50
_MAGIC = 0xFD2FB528
_HEADER = 18
_RLE = 1


class Frame(NamedTuple):
    """Stored byte at which a frame begins, and the uncompressed offset there."""

    stored: int
    base: int


def frames_of(place: Place) -> list[Frame] | None:
    """Return the frames of a file in order; None where one does not say how long its content is, or is damaged."""
    size, at, base = stored_bytes(place), 0, 0
    found: list[Frame] = []
    with opened(place) as file:
        while at < size:
            file.seek(at)
            head = file.read(_HEADER)
            magic = int.from_bytes(head[:4], "little")
            if magic & ~0xF == _SKIPPABLE:
                at += 8 + int.from_bytes(head[4:8], "little")
                continue
            if magic != _MAGIC:
                return None
            end, content = _frame(file, at, head)
            if end > size or content < 0:
                return None
            found.append(Frame(at, base))
            at, base = end, base + content
    return found


def _frame(file: IO[bytes], at: int, head: bytes) -> tuple[int, int]:
    """Return where a frame ends and the bytes of its content; -1 for unknown."""
    try:
        facts = zstandard.get_frame_parameters(head)
        at += zstandard.frame_header_size(head)
    except zstandard.ZstdError:
        return at, -1
    if facts.content_size in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR):
        return at, -1
    last = False
    while not last:
        file.seek(at)
        block = file.read(3)
        if len(block) < 3:
            return at, -1
        bits = int.from_bytes(block, "little")
        last = bool(bits & 1)
        at += 3 + (1 if bits >> 1 & 3 == _RLE else bits >> 3)
    return at + (4 if facts.has_checksum else 0), facts.content_size


def frame_before(place: Place, start: int) -> Frame:
    """Return the frame from which a slice that begins at stored byte `start` is unpacked: one with a byte before it."""
    frames = (frames_of(place) if start else None) or []
    before = [frame for frame in frames if frame.stored < start]
    if len(before) < 2:
        return Frame(0, 0)
    known = before[-1].base  # the last frame may be empty, and so may those before it
    return before[-1] if len(before) == len(frames) or frames[len(before)].base > known else _filled(before)


def _filled(before: list[Frame]) -> Frame:
    """Return the last frame that has content of its own."""
    own = [frame for frame in before if frame.base < before[-1].base]
    return own[-1] if own else Frame(0, 0)


def many_frames(place: Path, slices: int) -> bool:
    """Tell whether a file has frames enough to be read in so many slices at once."""
    frames = frames_of(place)
    return frames is not None and len(frames) >= 2 * slices
