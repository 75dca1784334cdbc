"""Write documents into files, one writer for each format; equal documents give equal bytes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sample.layout import FILES, Doc, Lines

#: The data's own column names, where they differ from ours (`fields` in sources.yaml).
LEDGER = {"key": "编号", "title": "标题", "text": "正文", "date": "日期"}


def write(folder: Path, source: str, docs: Sequence[Doc]) -> None:
    """Write one source's documents into its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _WRITERS[source](folder, docs)


def write_lines(folder: Path, lines: Lines) -> None:
    """Write a file of raw records as it stands."""
    (folder / lines.source / lines.name).write_bytes(lines.body)


def _jsonl(folder: Path, docs: Sequence[Doc]) -> None:
    name = FILES[docs[0].source]
    body = "".join(json.dumps(_record(doc), ensure_ascii=False) + "\n" for doc in docs).encode()
    if name.endswith(".gz"):
        buffer = io.BytesIO()
        with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as file:
            file.write(body)
        body = buffer.getvalue()
    elif name.endswith(".zst"):
        body = pa.Codec("zstd", compression_level=9).compress(body, asbytes=True)
    (folder / name).write_bytes(body)


def _record(doc: Doc) -> dict[str, Any]:
    return {"id": doc.key, **({"text": doc.text} if not doc.turns else {}), **doc.extra}


def _pairs(folder: Path, docs: Sequence[Doc]) -> None:
    rows = [{"id": d.key, "question": d.turns[0][1], "answer": d.turns[1][1], **d.extra} for d in docs]
    _dump(folder / FILES["qa-pairs"], rows)


def _chats(folder: Path, docs: Sequence[Doc]) -> None:
    rows = [
        {"id": d.key, "messages": [{"role": role, "content": said} for role, said in d.turns], **d.extra}
        for d in docs
    ]
    _dump(folder / FILES["help-chats"], rows)


def _dump(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_bytes("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def _parquet(folder: Path, docs: Sequence[Doc]) -> None:
    names = ("title", "date", "url")
    table = pa.table(
        {"id": [d.key for d in docs], "text": [d.text for d in docs]}
        | {name: pa.array([d.extra.get(name) for d in docs], pa.string()) for name in names}
    )
    pq.write_table(table, folder / FILES["digest"], compression="zstd", row_group_size=64)


def _csv(folder: Path, docs: Sequence[Doc]) -> None:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(LEDGER.values())
    rows.writerows((d.key, d.extra.get("title", ""), d.text, d.extra.get("date", "")) for d in docs)
    (folder / FILES["zh-ledger"]).write_bytes(text.getvalue().encode("gb18030"))


def _text_files(folder: Path, docs: Sequence[Doc]) -> None:
    for doc in docs:
        (folder / f"{doc.key}.txt").write_bytes(doc.text.encode())


def _markdown_files(folder: Path, docs: Sequence[Doc]) -> None:
    for doc in docs:
        (folder / f"{doc.key}.md").write_bytes((_front_matter(doc) + doc.text).encode())


def _front_matter(doc: Doc) -> str:
    """Return a YAML block of quoted strings, one level of mapping deep, or nothing."""
    lines = []
    for name, value in doc.extra.items():
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"  {k}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())]
        else:
            lines.append(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    return "---\n" + "".join(line + "\n" for line in lines) + "---\n" if lines else ""


def _on_disk(folder: Path, docs: Sequence[Doc]) -> None:
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()

    rows = {
        "id": [d.key for d in docs],
        "title": [d.extra.get("title", "") for d in docs],
        "text": [d.text for d in docs],
    }
    dataset = Dataset.from_dict(rows)
    dataset._fingerprint = "hallmark-sample"  # otherwise made from this machine's state
    shutil.rmtree(folder / FILES["club-archive"], ignore_errors=True)
    dataset.save_to_disk(str(folder / FILES["club-archive"]))


_WRITERS = {
    "zh-notes": _jsonl,
    "en-articles": _jsonl,
    "digest": _parquet,
    "zh-ledger": _csv,
    "zh-handbook": _markdown_files,
    "en-letters": _text_files,
    "zh-web": _jsonl,
    "club-archive": _on_disk,
    "qa-pairs": _pairs,
    "help-chats": _chats,
}
