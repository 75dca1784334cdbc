"""WARC and WET: each response or conversion record is a document, located in the uncompressed stream."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from stages.ingest.batch import Batch, Piece, failed, joined
from stages.ingest.html import Page, page_of
from stages.ingest.objects import dump
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Broken, Place, blocks

_FAR = 1 << 62
_HEAD = 64 << 10  # a longer header is not one
_AT_ONCE = 256  # pages that become rows together
_AFTER = 64  # bytes behind a record that show whether it ends there
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
    stream = _Stream(place, compression, cuts, settings.max_ratio)
    held: list[Batch] = []
    last = 0
    for record in _records(stream, settings):
        index = min(max(bisect_right(stream.marks, record.offset) - 1, 0), len(cuts) - 2)
        if held and (index != last or len(held) >= _AT_ONCE):
            yield last, joined(held)
            held = []
        held.append(_batch(record, name, settings))
        last = index
    if held:
        yield last, joined(held)


def _records(stream: _Stream, settings: IngestSettings) -> Iterator[_Record]:
    """Yield the document records of a slice; a broken one yields its reason, and the next one is looked for."""
    longest = int(settings.max_record_mib * (1 << 20))
    number = 0
    while stream.skip_blank() and stream.at < stream.high:
        at, mine = stream.at, stream.at >= stream.low
        head = stream.peek_until(b"\r\n\r\n", _HEAD)
        size = headers_of(head).get("content-length", "")
        if not head.startswith(b"WARC/") or not (size.isascii() and size.isdigit() and len(size) < 16):
            if stream.broken:
                break
            lost = stream.to_next(longest)
            if mine:
                yield _Record(number, at, lost, 0, "damaged")
            number += 1
            continue
        found = _whole(stream, number, head, len(head) + int(size), longest)
        if found is None:
            break
        if found.error or _kind_of(headers_of(head)) in _DOCUMENTS:
            yield from [found] if mine else []
        number += 1
    if stream.broken and stream.used > stream.cuts[0] and stream.high == _FAR:
        yield _Record(number, stream.at, stream.peek(longest), 0, stream.broken)


def _whole(stream: _Stream, number: int, head: bytes, total: int, longest: int) -> _Record | None:
    """Move over one record and return it; None where the stream is broken inside it.

    A record is as long as it says if the file ends there or the next one begins.
    """
    at, document = stream.at, _kind_of(headers_of(head)) in _DOCUMENTS
    if total > longest or not document:
        if stream.drop(total):
            error = "too-long" if document else None
            return _Record(number, at, head, len(head), error)
        return None if stream.broken else _Record(number, at, head, 0, "truncated")
    data = stream.peek(total + _AFTER)
    data, rest = data[:total], data[total:].lstrip(b"\r\n")
    if stream.broken and len(data) < total:
        return None
    if len(data) < total and data.find(b"\nWARC/", len(head)) < 0:
        stream.drop(total)
        return _Record(number, at, data, 0, "truncated")
    if len(data) < total or rest[:5] != b"WARC/"[: len(rest)]:
        return _Record(number, at, stream.to_next(longest), 0, "wrong-length")
    stream.drop(total)
    return _Record(number, at, data, len(head), None)


def _kind_of(named: dict[str, str]) -> str:
    """Return the record's type; what a crawler keeps of its own run (arguments, log) is metadata, no resource."""
    own = named.get("warc-target-uri", "").strip("<>").startswith("metadata:")
    return "metadata" if own else named.get("warc-type", "")


class _Stream:
    """A window over the bytes; `marks` are the offsets of the slices' borders that are reached."""

    def __init__(self, place: Place, compression: str, cuts: tuple[int, ...], ratio: float) -> None:
        self._blocks = blocks(place, compression, 0, cuts, ratio)
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

    def to_next(self, most: int) -> bytes:
        """Move to where the next record may begin, or to the end; return the first `most` bytes passed over."""
        passed, mark = bytearray(), b"\nWARC/"
        begin = self._from + 1
        while True:
            at = self._held.find(mark, begin)
            stop = at + 1 if at >= 0 else max(begin, len(self._held) - len(mark))
            if at < 0 and not self._fill(len(self._held) - self._from + 1):
                at = stop = len(self._held)
            passed += self._held[self._from : min(stop, self._from + most - len(passed))]
            self.at += stop - self._from
            self._from = begin = stop
            if at >= 0:
                return bytes(passed)

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
    if not settings.keep_meta:
        meta = {name: meta[name] for name in ("opt_out",) if name in meta}  # a refusal holds all the same
    batch = Batch(
        name,
        [page.text],
        [sha256(record.data).digest()],
        [record.number],
        [record.offset],
        [len(record.data)],
        [page.error],
        plain | {"title": [page.title], "meta": [dump(meta) if meta else None]},
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
        return Page(None, "not-a-page"), meta
    try:
        body = _unpacked(body, http)
    except zlib.error:
        return Page(None, "damaged"), meta
    if body is None:
        return Page(None, "archive-bomb"), meta
    page = page_of(body, kind, settings)
    refusals = sorted({*page.refusals, *_refusals(http)})
    if refusals:
        meta["opt_out"] = refusals
    return page, meta


def _refusals(http: dict[str, str]) -> list[str]:
    """Return the server's own words against mining: TDM reservation, robots tags."""
    found = ["tdm-reservation"] if http.get("tdm-reservation", "").strip() == "1" else []
    words = {word.strip() for word in http.get("x-robots-tag", "").lower().split(",")}
    return found + sorted(words & {"noai", "noimageai"})


def _unpacked(body: bytes, http: dict[str, str]) -> bytes | None:
    """Undo chunked transfer and gzip or deflate, where a crawler stored the body as it was sent; None: too large."""
    if "chunked" in http.get("transfer-encoding", "").lower() and body[:1].strip():
        body = _dechunked(body) or body
    coding = http.get("content-encoding", "").lower()
    if "gzip" in coding and body[:2] == b"\x1f\x8b":
        return _inflated(body, 31)
    if "deflate" in coding and body[:1] == b"\x78":
        return _inflated(body, zlib.MAX_WBITS)
    return body


def _inflated(body: bytes, kind: int) -> bytes | None:
    unpack = zlib.decompressobj(kind)
    out = unpack.decompress(body, _LARGEST)
    return None if unpack.unconsumed_tail else out


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
