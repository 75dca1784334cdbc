"""From the columns that a reader hands over to rows of DOCUMENTS: normalise, hash, label, name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Any
from unicodedata import is_normalized, normalize

import numpy as np
import pyarrow as pa

from lineage.records import DOCUMENTS, STATUS_OK, STATUS_UNREADABLE
from stages.ingest.batch import Batch
from stages.ingest.labels import label_texts
from stages.ingest.same_ids import mark_repeats
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source, licence_problem

_is_nfc = partial(is_normalized, "NFC")


def to_table(source: Source, batches: Sequence[Batch], settings: IngestSettings) -> pa.Table:
    """Return the rows of a part in order; a second record with the same id becomes `duplicate-id`."""
    tables = [_table(source, batch, settings) for batch in batches if len(batch)]
    if not tables:
        return DOCUMENTS.empty_table()
    table = pa.concat_tables(tables).combine_chunks()
    table = mark_repeats(source.id, table)
    rows = pa.array(np.arange(table.num_rows, dtype=np.uint32))
    return table.set_column(0, DOCUMENTS.field("row"), rows).cast(DOCUMENTS)


def _table(source: Source, batch: Batch, settings: IngestSettings) -> pa.Table:
    normalise(batch, settings)
    labels = label_texts(batch) if settings.ai_labels else None
    size = len(batch)
    errors = batch.errors()
    ids = native_ids(batch)
    encoded = [None if text is None else text.encode() for text in batch.text]
    digests = [None if text is None else sha256(text).digest() for text in encoded]
    chars = [None if text is None else len(text) for text in batch.text]
    prefix = sha256(source.id.encode() + b"\x00")
    columns: dict[str, Any] = {
        "row": pa.nulls(size, pa.uint32()),
        "doc_id": [_digest(prefix, name) for name in ids],
        "source": pa.repeat(pa.scalar(source.id, pa.large_string()), size),
        "status": [STATUS_UNREADABLE if error else STATUS_OK for error in errors],
        "error": errors,
        "native_id": ids,
        "file": pa.repeat(pa.scalar(_printable(batch.file), pa.large_string()), size),
        "record": batch.record,
        "offset": batch.offset,
        "length": batch.length,
        "licence": _licences(source, batch),
        "kind": batch.kind or pa.repeat(pa.scalar("text", pa.large_string()), size),
        "text": text_array(encoded),
        "turns": batch.turns,
        "raw_sha256": batch.raw,
        "text_sha256": digests,
        "chars": chars,
        "bytes": [None if text is None else len(text) for text in encoded],
        "ai_label": [item[0] for item in labels] if labels else None,
        "ai_label_json": [item[1] for item in labels] if labels else None,
        "transforms": batch.transforms or [()] * size,
    }
    arrays = [_array(columns.get(f.name, batch.plain.get(f.name)), f.type, size) for f in DOCUMENTS]
    return pa.Table.from_arrays(arrays, schema=DOCUMENTS)


def normalise(batch: Batch, settings: IngestSettings) -> None:
    """Normalise newlines and Unicode of texts and turns in place, noting each; empty texts get a reason."""
    texts, errors = batch.text, batch.errors()
    for row in [row for row, error in enumerate(errors) if error]:
        texts[row] = None
        if batch.turns:
            batch.turns[row] = None
    if settings.newlines:
        for row in [row for row, text in enumerate(texts) if text and "\r" in text]:
            _change(batch, row, "newlines", lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))
    if settings.normalise == "NFC":
        for row in [row for row, text in enumerate(texts) if text and not _is_nfc(text)]:
            _change(batch, row, "nfc", partial(normalize, "NFC"))
    for row in [row for row, text in enumerate(texts) if text is not None and not text.strip()]:
        texts[row], errors[row] = None, "empty-text"
        if batch.turns:
            batch.turns[row] = None
    surrogates = [row for row, text in enumerate(texts) if text and not _encodes(text)]
    for row in surrogates:
        texts[row], errors[row] = None, "bad-encoding"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _change(batch: Batch, row: int, name: str, change: Any) -> None:
    turns = batch.turns[row] if batch.turns else None
    if turns:
        batch.turns[row] = [{"role": turn["role"], "content": change(turn["content"])} for turn in turns]
        batch.text[row] = "\n\n".join(turn["content"] for turn in batch.turns[row])
    else:
        batch.text[row] = change(batch.text[row])
    batch.note(row, name)


def native_ids(batch: Batch) -> list[str]:
    """Return each record's own id, else its place: <file>@<offset> in line formats, else <file>#<record>."""
    own = batch.plain.get("native_id") or [None] * len(batch)
    places = batch.offset if batch.by_offset else batch.record
    mark = "@" if batch.by_offset else "#"
    file = _printable(batch.file)
    errors, offsets = batch.errors(), batch.offset or [0] * len(batch)
    return [
        name or (f"{file}!{errors[row]}@{offsets[row] or 0}" if place is None else f"{file}{mark}{place}")
        for row, (name, place) in enumerate(zip(own, places or [None] * len(batch), strict=True))
    ]


def _digest(prefix: Any, name: str) -> bytes:
    hasher = prefix.copy()
    hasher.update(name.encode("utf-8", "surrogatepass"))
    return hasher.digest()


def _printable(path: str) -> str:
    """Return a path that is valid UTF-8: bytes that are not become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _licences(source: Source, batch: Batch) -> list[str]:
    own = batch.plain.get("licence")
    if not own:
        return [source.licence] * len(batch)
    known = {value: value if value and not licence_problem(value) else source.licence for value in set(own)}
    return [known[value] for value in own]


def text_array(encoded: list[bytes | None]) -> pa.Array:
    """Return the texts as an Arrow array without decoding them again."""
    sizes = np.fromiter((len(text) if text is not None else 0 for text in encoded), np.int64, len(encoded))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    nulls = np.fromiter((text is None for text in encoded), bool, len(encoded))
    data = pa.py_buffer(b"".join(text for text in encoded if text))
    valid = pa.array(~nulls).buffers()[1] if nulls.any() else None
    return pa.LargeStringArray.from_buffers(
        len(encoded), pa.py_buffer(offsets), data, valid, int(nulls.sum())
    )


def _array(values: Any, kind: pa.DataType, size: int) -> pa.Array:
    if values is None:
        return pa.nulls(size, kind)
    return values if isinstance(values, pa.Array) else pa.array(values, kind)
