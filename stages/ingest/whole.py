"""Formats where a file is one document: plain text, Markdown, HTML."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from stages.ingest.batch import Batch, failed
from stages.ingest.encoding import bom_length, detect, transform_of
from stages.ingest.html import page_of
from stages.ingest.labels import front_matter
from stages.ingest.objects import dump
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Place, read_whole


def read_document(
    place: Place, name: str, format: str, compression: str, fields: Fields, settings: IngestSettings
) -> list[Batch]:
    """Read a file as one document."""
    window = read_whole(place, compression, int(settings.max_record_mib * (1 << 20)), settings.max_ratio)
    if window.broken:
        return [failed(name, window.broken, offset=0, record=0, raw=window.data)]
    return [document(window.data, name, format, fields, settings)]


def document(data: bytes, name: str, format: str, fields: Fields, settings: IngestSettings) -> Batch:
    """Return the document that some bytes are."""
    if format == "html":
        return _html(data, name, settings)
    batch = Batch(name, [None], [sha256(data).digest()], [0], [0], [len(data)])
    codec = "utf-8" if data.isascii() else detect(data, settings)
    try:
        text = data[bom_length(data) :].decode(codec or "ascii")
    except UnicodeDecodeError:
        batch.error = ["bad-encoding"]
        return batch
    batch.text = [text]
    changed = transform_of(codec or "ascii", bom=bom_length(data) > 0)
    if changed:
        batch.transforms = [changed]
    if format == "markdown":
        _markdown(batch, text, fields, settings)
    return batch


def _markdown(batch: Batch, text: str, fields: Fields, settings: IngestSettings) -> None:
    """Take the front matter off: its label first, its fields into columns, the rest into meta."""
    matter, body = front_matter(text)
    if matter is None:
        return
    batch.label = [matter.get("AIGC")]
    batch.text = [text[body:]]
    batch.note(0, "front-matter")
    names = {field: getattr(fields, field) for field in ("url", "title", "author", "date", "licence")}
    batch.plain = {field: [_scalar(matter.pop(name, None))] for field, name in names.items()}
    matter.pop("AIGC", None)
    if matter and settings.keep_meta:
        batch.plain["meta"] = [dump(_keys(matter))]


def _html(data: bytes, name: str, settings: IngestSettings) -> Batch:
    """Take the main text of a page: label and refusals first."""
    page = page_of(data, "text/html", settings)
    meta = (
        dump({"opt_out": page.refusals}) if page.refusals else None
    )  # a refusal holds, whatever is kept besides
    return Batch(
        name,
        [page.text],
        [sha256(data).digest()],
        [0],
        [0],
        [len(data)],
        [page.error],
        {"title": [page.title], "meta": [meta]},
        label=[page.label],
        transforms=[page.transforms],
    )


def _scalar(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, (dict, list)):
        return dump(_keys(value))
    return str(value)


def _keys(value: Any) -> Any:
    """Return the value with string keys only, as JSON needs."""
    if isinstance(value, dict):
        return {str(key): _keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_keys(item) for item in value]
    return value
