"""Broken and unusual inputs: each file with what must become of every record in it."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zlib
from collections.abc import Sequence
from typing import Any

from sample.layout import Lines, path_of

Truths = list[dict[str, Any]]


def files(zh: Sequence[str], en: Sequence[str]) -> list[tuple[Lines, Truths]]:
    """Return the broken files with their truths; `zh` and `en` are texts for the good records between."""
    return [
        _jsonl(zh[0], zh[1]),
        _truncated(en[0]),
        _ragged(zh[2], zh[3]),
        _letter("empty.txt", b"", "empty-text"),
        _letter("marked-utf-8.txt", codecs.BOM_UTF8 + en[1].encode()),
        _letter("utf-16.txt", codecs.BOM_UTF16_LE + en[2].encode("utf-16-le")),
        _letter("carriage-returns.txt", en[3].replace(". ", ".\r\n").encode()),
        _shared(en[4]),
    ]


def _jsonl(before: str, after: str) -> tuple[Lines, Truths]:
    """JSON lines of which one after the other goes wrong, between two good ones."""
    name, source = "broken.jsonl", "zh-notes"
    records: list[tuple[bytes, str | None, str | None]] = [  # line, id as found, reason
        (_line(id="zn-before", text=before), "zn-before", None),
        (b'{"id": "zn-cut", "text": "' + "这一行没有写".encode(), None, "bad-json"),
        (_line(["zn-list", "text"]), None, "not-an-object"),
        (_line(id="zn-null", text=None), "zn-null", "null-text"),
        (_line(id="zn-missing", title="只有标题"), "zn-missing", "missing-field"),
        (_line(id="zn-blank", text="   "), "zn-blank", "empty-text"),
        (_line(id="zn-number", text=42), "zn-number", "wrong-type"),
        (b'{"id": "zn-bytes", "text": "' + "坏字节".encode() + b"\xff\xfe\xff" + b'"}', None, "bad-encoding"),
        (_line(id="zn-after", text=after), "zn-after", None),
        (_line(id="zn-after", text="同一个编号又出现了一次。"), None, "duplicate-id"),
    ]
    truths, offset = [], 0
    for record, (line, own, reason) in enumerate(records):
        native = own or f"{path_of(source, name)}@{offset}"
        if reason == "duplicate-id":
            native = f"zn-after!{path_of(source, name)}#{record}@{offset}"
        truths.append(_truth("broken-record", source, native, name, record, reason))
        offset += len(line) + 1
    return Lines(source, name, b"".join(line + b"\n" for line, _, _ in records)), truths


def _line(value: Any = None, **fields: Any) -> bytes:
    return json.dumps(fields or value, ensure_ascii=False).encode()


def _truncated(text: str) -> tuple[Lines, Truths]:
    """A gzip file that ends in the middle: whole lines before the break are good records."""
    name, source = "truncated.jsonl.gz", "en-articles"
    lines = [_line(id="ea-whole", text=text), _line(id="ea-lost", text=text[::-1])]
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as file:
        file.write(lines[0] + b"\n")
        file.flush(zlib.Z_FULL_FLUSH)  # the first line can be decoded whatever comes after it
        head = buffer.tell()
        file.write(lines[1] + b"\n")
    body = buffer.getvalue()[: head + 160]
    decoded = zlib.decompressobj(31).decompress(body)
    end = decoded.index(b"\n") + 1  # the rest begins after the last whole line
    lost = _truth(
        "truncated-gzip", source, f"{path_of(source, name)}!truncated@{end}", name, None, "truncated"
    )
    return Lines(source, name, body), [_truth("truncated-gzip", source, "ea-whole", name, 0, None), lost]


def _ragged(before: str, after: str) -> tuple[Lines, Truths]:
    """A GB18030 table in which one row has a column too many."""
    name, source = "ragged.csv", "zh-ledger"
    rows = [
        "编号,标题,正文,日期",
        f"zl-before,第一行,{_flat(before)},2024-05-01",
        "zl-ragged,第二行,这一行,多了一列,2024-05-02",
        f"zl-after,第三行,{_flat(after)},2024-05-03",
    ]
    body = "".join(row + "\r\n" for row in rows).encode("gb18030")
    return Lines(source, name, body), [
        _truth("ragged-row", source, "zl-before", name, 0, None),
        _truth("ragged-row", source, f"{path_of(source, name)}#1", name, 1, "ragged-row"),
        _truth("ragged-row", source, "zl-after", name, 2, None),
    ]


def _flat(text: str) -> str:
    return text.replace("\n\n", "")


def _letter(name: str, body: bytes, reason: str | None = None) -> tuple[Lines, Truths]:
    source, plant = "en-letters", "empty-file" if reason else "encoding"
    return Lines(source, name, body), [_truth(plant, source, f"{path_of(source, name)}#0", name, 0, reason)]


def _shared(text: str) -> tuple[Lines, Truths]:
    """Chat turns as some tools share them: `from` and `value` for role and content."""
    source, name, turns = "help-chats", "shared.jsonl", (("human", "What is new?"), ("gpt", text))
    line = _line(id="hc-shared", messages=[{"from": role, "value": said} for role, said in turns])
    return Lines(source, name, line + b"\n"), [_truth("shared-chat", source, "hc-shared", name, 0, None)]


def _truth(
    plant: str, source: str, native: str, file: str, record: int | None, reason: str | None
) -> dict[str, Any]:
    return {
        "plant": plant,
        "source": source,
        "native_id": native,
        "file": path_of(source, file),
        "record": record,
        "expect": {"disposition": "unreadable" if reason else "kept", "reason": reason},
    }
