"""Texts that somebody read in a wrong encoding before they reached us, read again in the right one.

A text is repaired only as a whole and without loss: all of it turns back into bytes, these are valid in the right
encoding, and what comes out is plainer. ftfy was measured beside it: it knows no text read as GBK, and changes single
characters of GBK text read as Latin-1 for the worse.
"""

from __future__ import annotations

from typing import NamedTuple

from stages.ingest.encoding import common_share

_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # of Windows-1252: readers hand these bytes on as controls
_WESTERN = {ord(bytes([b]).decode("cp1252")): b for b in range(0x80, 0xA0) if b not in _UNDEFINED}
#: Share of common Chinese characters that a text must have to be taken for one, and how many.
_SHARE, _ENOUGH = 0.75, 4


class Repair(NamedTuple):
    """The encoding in which a text was wrongly read, and the one it was in."""

    read_as: str
    was: str

    def apply(self, text: str) -> str:
        """Return the text as it was meant; a piece that does not turn back stays as it is."""
        try:
            return _bytes(text, self.read_as).decode(self.was)
        except UnicodeError:
            return text


def repair_of(text: str) -> Repair | None:
    """Return the repair that a text needs, None where it needs none or cannot be repaired without loss."""
    if text.isascii():
        return None
    for read_as in ("latin-1", "cp1252", "gb18030", "big5hkscs"):
        try:
            data = _bytes(text, read_as)
        except UnicodeError:
            continue
        for was in ("utf-8",) if read_as in ("gb18030", "big5hkscs") else ("utf-8", "gb18030", "big5hkscs"):
            try:
                found = data.decode(was)
            except UnicodeError:
                continue
            if _plainer(text, found, read_as, was):
                return Repair(read_as, was)
    return None


def _bytes(text: str, codec: str) -> bytes:
    if codec == "cp1252":
        return text.translate(_WESTERN).encode("latin-1")
    return text.encode(codec)


def _plainer(text: str, found: str, read_as: str, was: str) -> bool:
    """Tell whether what came out is what was meant: valid UTF-8 of several bytes is no chance, other bytes may be."""
    if len(found) >= len(text):
        return False
    foreign = [letter for letter in found if letter > "\x7f"]
    if was == "utf-8" and read_as in ("latin-1", "cp1252"):
        return len(foreign) > 1 or any(letter > "\u07ff" for letter in foreign)
    chinese = max(common_share(found, codec) for codec in ("gb18030", "big5hkscs"))
    if read_as in ("latin-1", "cp1252"):
        chinese = common_share(found, was)
    return len(foreign) >= _ENOUGH and chinese >= _SHARE
