"""WARC and WET: each response or conversion record is a document, located in the uncompressed stream."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from stages.ingest.batch import Batch, Piece, failed
from stages.ingest.html import Page, page_of
from stages.ingest.objects import dump
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Broken, Place, blocks

_FAR = 1 << 62
_HEAD = 64 << 10  # a longer header is not one
#: Record types that hold no document of their own: requests, crawl notes, repeats.
_LARGEST = 64 << 20  # of a page after decompression
_DOCUMENTS = ("response", "resource", "conversion")


class _Record(NamedTuple):
    number: int
    offset: int
    data: bytes  # header and block
    head: int  # length of the header
    error: str | None


def read_warc(
    place: Place,
    name: str,
    cuts: tuple[int, ...],
    compression: str,
    fields: Fields,
    settings: IngestSettings,
) -> Iterator[tuple[int, Piece]]:
    """Yield (slice, record) of the slices [cuts[i], cuts[i+1]); pages become their main text, others a reason."""
    stream = _Stream(place, compression, cuts)
    for record in _records(stream, settings):
        index = bisect_right(stream.marks, record.offset) - 1
        yield min(max(index, 0), len(cuts) - 2), _batch(record, name, settings)


def _records(stream: _Stream, settings: IngestSettings) -> Iterator[_Record]:
    """Yield the document records of a slice; a wrong length or a break yields one record with its reason."""
    longest = int(settings.max_record_mib * (1 << 20))
    number = 0
    while stream.skip_blank() and stream.at < stream.high:
        at = stream.at
        head = stream.peek_until(b"\r\n\r\n", _HEAD)
        size = headers_of(head).get("content-length", "")
        if not head.startswith(b"WARC/") or not size.isdigit():
            if not stream.broken and at >= stream.low:
                yield _Record(number, at, stream.peek(_HEAD), 0, "file-unreadable")
            break
        total = len(head) + int(size)
        kind = _kind_of(headers_of(head))
        mine = at >= stream.low
        if not (mine and kind in _DOCUMENTS) or total > longest:
            whole = stream.drop(total)
            if mine and kind in _DOCUMENTS and whole:
                yield _Record(number, at, head, len(head), "too-long")
        else:
            data = stream.peek(total)
            whole = len(data) == total
            if whole:
                yield _Record(number, at, data, len(head), None)
                stream.drop(total)
        if not whole:
            if mine and not stream.broken:  # the stream ends inside the record
                yield _Record(number, at, stream.peek(total), 0, "truncated")
            break
        number += 1
    if stream.broken and stream.used > stream.cuts[0] and stream.high == _FAR:
        yield _Record(number, stream.at, stream.peek(longest), 0, stream.broken)


def _kind_of(named: dict[str, str]) -> str:
    """Return the record's type; what a crawler keeps of its own run (arguments, log) is metadata, no resource."""
    own = named.get("warc-target-uri", "").strip("<>").startswith("metadata:")
    return "metadata" if own else named.get("warc-type", "")


class _Stream:
    """A window over the bytes; `marks` are the offsets of the slices' borders that are reached."""

    def __init__(self, place: Place, compression: str, cuts: tuple[int, ...]) -> None:
        self._blocks = blocks(place, compression, 0, cuts)
        self.cuts = cuts
        self.marks: list[int] = [0] if cuts[0] == 0 else []
        self._held, self._from = bytearray(), 0
        self.at = self.used = 0
        self.broken: str | None = None

    @property
    def low(self) -> int:
        """Return the offset where the first slice begins, once it is reached."""
        return self.marks[0] if self.marks else _FAR

    @property
    def high(self) -> int:
        """Return the offset where the last slice ends, once it is reached."""
        return self.marks[-1] if len(self.marks) == len(self.cuts) else _FAR

    def _fill(self, size: int) -> bool:
        while len(self._held) - self._from < size:
            try:
                block = next(self._blocks)
            except StopIteration:
                return False
            except Broken as error:
                self.broken, self.used = error.reason, error.used
                return False
            self.used = block.used
            while len(self.marks) < len(self.cuts) and block.used > self.cuts[len(self.marks)]:
                self.marks.append(block.base)
            if self._from > 4 << 20:
                del self._held[: self._from]
                self._from = 0
            self._held += block.data
        return True

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes (fewer at the end) without moving."""
        self._fill(size)
        return bytes(memoryview(self._held)[self._from : self._from + size])

    def peek_until(self, mark: bytes, most: int) -> bytes:
        """Return the bytes up to and with the mark; empty if it does not come within `most`."""
        size = 4096
        while True:
            more = self._fill(min(size, most))
            cut = self._held.find(mark, self._from, self._from + most)
            if cut >= 0:
                return bytes(memoryview(self._held)[self._from : cut + len(mark)])
            if not more or size >= most:
                return b""
            size *= 4

    def drop(self, size: int) -> bool:
        """Move on without holding; False if the stream ends before."""
        while size:
            if not self._fill(1):
                return False
            step = min(size, len(self._held) - self._from)
            self._from += step
            self.at += step
            size -= step
        return True

    def skip_blank(self) -> bool:
        """Move to the next record; False at the end."""
        while self._fill(1):
            if self._held[self._from] not in b"\r\n":
                return True
            self._from += 1
            self.at += 1
        return False


def headers_of(head: bytes) -> dict[str, str]:
    """Return header fields by lower-case name; a repeated one keeps its first value."""
    out: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n")[1:]:
        key, colon, value = line.partition(":")
        if colon:
            out.setdefault(key.strip().lower(), value.strip())
    return out


def _batch(record: _Record, name: str, settings: IngestSettings) -> Batch:
    named = headers_of(record.data[: record.head])
    warc_id = named.get("warc-record-id", "").strip("<>") or None
    plain = {
        "native_id": [warc_id],
        "warc_id": [warc_id],
        "url": [named.get("warc-target-uri", "").strip("<>") or None],
        "date": [named.get("warc-date") or None],
    }
    if record.error:
        batch = failed(name, record.error, offset=record.offset, record=record.number, raw=record.data)
        batch.plain = plain
        return batch
    page, meta = _page(record.data[record.head :], named, settings)
    batch = Batch(
        name,
        [page.text],
        [sha256(record.data).digest()],
        [record.number],
        [record.offset],
        [len(record.data)],
        [page.error],
        plain | {"title": [page.title], "meta": [dump(meta) if meta and settings.keep_meta else None]},
        label=[page.label],
        transforms=[page.transforms],
    )
    return batch


def _page(block: bytes, named: dict[str, str], settings: IngestSettings) -> tuple[Page, dict[str, object]]:
    """Return the page in a record's block, and what the server said about its use."""
    if named.get("warc-type") == "conversion" or not block.startswith(b"HTTP/"):
        kind = named.get("content-type", "text/plain")
        return page_of(block, kind, settings), {}
    head, _, body = block.partition(b"\r\n\r\n")
    http = headers_of(head)
    status = head[:16].split(b" ")[1:2]
    meta: dict[str, object] = {"status": status[0].decode("ascii", "replace") if status else ""}
    kind = http.get("content-type", "")
    meta["content_type"] = kind.partition(";")[0].strip().lower()
    if meta["status"] != "200":
        return Page(None, "no-main-text"), meta
    try:
        page = page_of(_unpacked(body, http), kind, settings)
    except (zlib.error, ValueError):
        return Page(None, "truncated"), meta
    refusals = sorted({*page.refusals, *_refusals(http)})
    if refusals:
        meta["opt_out"] = refusals
    return page, meta


def _refusals(http: dict[str, str]) -> list[str]:
    """Return the server's own words against mining: TDM reservation, robots tags."""
    found = ["tdm-reservation"] if http.get("tdm-reservation", "").strip() == "1" else []
    words = {word.strip() for word in http.get("x-robots-tag", "").lower().split(",")}
    return found + sorted(words & {"noai", "noimageai"})


def _unpacked(body: bytes, http: dict[str, str]) -> bytes:
    """Undo chunked transfer and gzip or deflate, where a crawler stored the body as it was sent."""
    if "chunked" in http.get("transfer-encoding", "").lower() and body[:1].strip():
        body = _dechunked(body) or body
    coding = http.get("content-encoding", "").lower()
    if "gzip" in coding and body[:2] == b"\x1f\x8b":
        return zlib.decompressobj(31).decompress(body, _LARGEST)
    if "deflate" in coding and body[:1] == b"\x78":
        return zlib.decompressobj().decompress(body, _LARGEST)
    return body


def _dechunked(body: bytes) -> bytes | None:
    """Return the joined chunks, or None if the body is not chunked after all."""
    pieces, at = [], 0
    while True:
        line = body.find(b"\r\n", at, at + 64)
        try:
            size = int(body[at:line].partition(b";")[0], 16) if line >= 0 else -1
        except ValueError:
            size = -1
        if size < 0:
            return b"".join(pieces) or None
        if size == 0:
            return b"".join(pieces)
        pieces.append(body[line + 2 : line + 2 + size])
        at = line + 2 + size + 2
