"""Does a file hold a removed document? Parquet by document id, JSON and text in any packing by the text itself.

Texts are known by keyed digests alone, so this also works when the document was erased from data/ before.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lineage.removals import keyed_value
from pipelines import parts

LEAST = 16  # characters: a shorter string says nothing about one document
#: Fields beside a document's id that make a record a copy of it, redacted or not.
TEXTS = {"text", "turns", "messages", "content", "prompt", "answer", "signature"}
_PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"\x1f\x8b": "gzip", b"BZh": "bz2"}


@dataclass(frozen=True)
class Wanted:
    """Removed documents: ids (32 bytes each), keyed digests of their texts, and the project's HMAC key."""

    ids: pl.Series
    texts: frozenset[bytes]
    key: bytes

    @cached_property
    def names(self) -> frozenset[str]:
        """The ids in hex."""
        return frozenset(d.hex() for d in self.ids)

    def has(self, text: str) -> bool:
        """Tell whether this very text was removed, however its lines end."""
        plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
        return any(
            keyed_value(self.key, "text-sha256", hashlib.sha256(form.encode("utf-8", "replace")).digest())
            in self.texts
            for form in {plain, plain.rstrip("\n")}
        )


def holds(path: Path, wanted: Wanted) -> bool:
    """Tell whether a file holds the text or the signature of one of the documents; an unreadable one does not."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == b"PAR1":
        return _table(path, wanted)
    packing = next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)
    try:
        return any(_record(value, wanted) for value in _values(path, packing))
    except (OSError, pa.ArrowInvalid):
        return False


def _table(path: Path, wanted: Wanted) -> bool:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid):
        return False
    if "doc_id" not in schema.names or not {"text", "signature"} & set(schema.names):
        return False
    column = parts.read_part(path, ["doc_id"])["doc_id"]
    ids = wanted.ids if column.dtype == pl.Binary else wanted.ids.bin.encode("hex")
    if "signature" in schema.names and "text" not in schema.names:
        signed = parts.read_part(path, ["doc_id", "signature"]).drop_nulls("signature")
        column = signed["doc_id"]
    return bool(column.is_in(ids.implode()).any())


def _values(path: Path, packing: str | None) -> Iterator[Any]:
    """Yield the JSON values of a file, line by line, and its whole content: as a value, or as a text."""
    with pa.input_stream(str(path), compression=packing) as stream:
        data = stream.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    for line in text.splitlines():
        if line.lstrip()[:1] in ("{", "["):
            try:
                yield json.loads(line)
            except ValueError:
                continue
    try:
        yield json.loads(text) if text.lstrip()[:1] in ("{", "[") else text
    except ValueError:
        yield text


def _record(value: Any, wanted: Wanted) -> bool:
    if isinstance(value, str):
        return len(value) >= LEAST and wanted.has(value)
    if isinstance(value, list):
        return any(_record(v, wanted) for v in value)
    if isinstance(value, dict):
        if TEXTS & set(value) and any(isinstance(v, str) and v in wanted.names for v in value.values()):
            return True
        return any(_record(v, wanted) for v in value.values())
    return False
