"""Speed of ingest by format, beside plain polars and datatrove's readers on the same rows; locators read again.

`--peer-python PYTHON` is an interpreter that can import datatrove; without it, this one is tried.
`--reread FOLDER` ingests every file of a folder instead, and reads each document again by its locator.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import polars as pl
import zstandard

from benchmarks import one_file
from benchmarks.pages import pages
from stages.ingest.files import list_files
from stages.ingest.plan import plan_parts
from stages.ingest.read import read_part
from stages.ingest.reread_many import Origin, reread_digests
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source

_ORIGIN = ["file", "record", "offset", "length", "status", "raw_sha256"]
_WORDS = ("river", "reed", "mat", "winter", "village", "河边", "芦苇", "席子", "冬天", "村里", "白色", "秋天")


def main() -> None:
    """Write the same seeded rows in each format, read them, and print MB of text per CPU second."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mib", type=int, default=32, help="MiB of text")
    options.add_argument("--json", type=Path, help="write the figures here")
    options.add_argument("--peer-python", default=sys.executable, help="interpreter with datatrove")
    options.add_argument(
        "--reread", type=Path, help="folder whose documents are read again by their locators"
    )
    options.add_argument(
        "--one-file-gb", type=float, help="memory of one file of so many GB, in each packing"
    )
    chosen = options.parse_args()
    rows: dict
    if chosen.one_file_gb:
        rows = one_file.main(chosen.one_file_gb)
    else:
        rows = _reread_all(chosen.reread) if chosen.reread else _speed(chosen.mib, chosen.peer_python)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")


def _speed(mib: int, peer: str) -> dict[str, dict[str, float | None]]:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        size = _write(project, mib)
        sizes = dict.fromkeys(_PLAIN, size) | {"a.warc.gz": _write_warc(project, mib / 8)}
        figures = {name: _rate(_reading(project, name), sizes[name]) for name in sizes}
        plain = {name: _rate(partial(read, project / name), size) for name, read in _PLAIN.items()}
        hashed = {name: _rate(_hashing(project, name), size) for name in ("a.jsonl", "a.parquet")}
        peers = {name: _peer(peer, project, name, sizes[name]) for name in sizes}
        peers["a.warc.gz, text"] = _peer(peer, project, "a.warc.gz", sizes["a.warc.gz"], "extract")
    figures["a.warc.gz, text"] = figures["a.warc.gz"]
    print(f"{'file':<17}{'ingest MB/s':>12}{'polars':>9}{'hashes':>9}{'datatrove':>11}{'times':>7}")
    rows: dict[str, dict[str, float | None]] = {}
    for name, ours in figures.items():
        row = {
            "ingest": ours,
            "polars": plain.get(name),
            "hashes": hashed.get(name),
            "datatrove": peers[name],
        }
        other = row["datatrove"]
        rows[name] = row | {"times": round(ours / other, 2) if other else None}
        print(f"{name:<17}{ours:>12.1f}" + "".join(_cell(rows[name][key], width) for key, width in _WIDTHS))
    return rows


_WIDTHS = (("polars", 9), ("hashes", 9), ("datatrove", 11), ("times", 7))


def _cell(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.1f}"


_PEER = """
import sys, time
from datatrove.pipeline.readers import JsonlReader, ParquetReader, WarcReader
from datatrove.pipeline.readers.csv import CsvReader
from loguru import logger
logger.remove()
folder, name, how = sys.argv[1:]
reader = {"csv": CsvReader, "parquet": ParquetReader, "warc": WarcReader}.get(name.split(".")[1], JsonlReader)
if how:
    from datatrove.pipeline.extractors import Trafilatura
    step = Trafilatura(timeout=10)
best = 1e9
def spent():
    from resource import RUSAGE_CHILDREN, getrusage
    children = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
for _ in range(1 if how else 3):
    start = spent()
    found = reader(folder, glob_pattern=name).run()
    for _ in step.run(found) if how else found:
        pass
    best = min(best, spent() - start)
print("seconds", best)
"""


def _peer(python: str, project: Path, name: str, size: int, how: str = "") -> float | None:
    """Return MB of text per CPU second of datatrove's reader, None where it is not there."""
    done = subprocess.run(
        [python, "-c", _PEER, str(project), name, how],
        capture_output=True,
        text=True,
        check=False,
        env=_ENVIRONMENT,
    )
    seconds = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("seconds ")]
    return round(size / 1e6 / float(seconds[0]), 1) if seconds else None


_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _reread_all(folder: Path) -> dict[str, dict[str, int]]:
    """Ingest each file or folder below `folder`; print documents, and how many read again to the same hash."""
    rows: dict[str, dict[str, int]] = {}
    settings = IngestSettings()
    print(f"{'input':<36}{'documents':>10}{'unreadable':>11}{'same again':>11}")
    for path in sorted(folder.iterdir()):
        source = _source(path.name, _text_field(path))
        total, bad, same = 0, 0, 0
        for part in plan_parts(source, list_files(source, folder), settings):
            rows_ = read_part(source, part, folder, settings).select(_ORIGIN).to_pylist()
            good = [row for row in rows_ if row["status"] == "ok"]
            total, bad = total + len(rows_), bad + len(rows_) - len(good)
            origins = [Origin(*(row[name] for name in Origin._fields)) for row in good]
            found = reread_digests(source, folder, origins)
            same += sum(a == row["raw_sha256"] for a, row in zip(found, good, strict=True))
        rows[path.name] = {"documents": total, "unreadable": bad, "same": same}
        print(f"{path.name:<36}{total:>10}{bad:>11}{same:>11}", flush=True)
    return rows


def _text_field(path: Path) -> str:
    """Return `text`, or the last column of a CSV without one."""
    if path.suffix != ".csv":
        return "text"
    with path.open("rb") as file:
        names = file.readline().decode("utf-8", "replace").strip().split(",")
    return "text" if "text" in names else names[-1]


_PLAIN: dict[str, Callable[[Path], object]] = {
    "a.jsonl": pl.read_ndjson,
    "a.jsonl.zst": pl.read_ndjson,
    "a.parquet": pl.read_parquet,
    "a.csv": lambda path: pl.read_csv(path, infer_schema=False),
}


def _write(project: Path, mib: int) -> int:
    draw, texts, size = random.Random(1), [], 0
    while size < mib << 20:
        texts.append(" ".join(draw.choices(_WORDS, k=draw.randrange(50, 600))) + ".")
        size += len(texts[-1].encode())
    frame = pl.DataFrame({"id": [f"d{row}" for row in range(len(texts))], "text": texts})
    frame.write_ndjson(project / "a.jsonl")
    (project / "a.jsonl.zst").write_bytes(zstandard.compress((project / "a.jsonl").read_bytes()))
    frame.write_parquet(project / "a.parquet", row_group_size=5000)
    frame.write_csv(project / "a.csv")
    return size


def _write_warc(project: Path, mib: float) -> int:
    """Write pages as a crawler does, each record a gzip member; return the bytes of the pages."""
    size, records = 0, []
    for number, (_, _, page, _) in enumerate(pages(1 << 30)):
        body = page.encode()
        size += len(body)
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{UUID(int=number)}>\r\n"
            f"WARC-Date: 2025-01-01T00:00:00Z\r\nWARC-Target-URI: http://example.org/{number}\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        records.append(gzip.compress(head.encode() + block + b"\r\n\r\n", 6, mtime=0))
        if size > mib * (1 << 20):
            break
    (project / "a.warc.gz").write_bytes(b"".join(records))
    return size


def _hashing(project: Path, name: str) -> Callable[[], object]:
    """Return the hashing that a format cannot do without: of each record, and of its text where that differs."""
    texts = [text.encode() for text in pl.read_parquet(project / "a.parquet")["text"]]
    lines = (project / "a.jsonl").read_bytes().split(b"\n") if name == "a.jsonl" else []
    return lambda: [sha256(data).digest() for data in (*texts, *lines)]


def _reading(project: Path, name: str) -> Callable[[], None]:
    source, settings = _source(name), IngestSettings()

    def ingest() -> None:
        for part in plan_parts(source, list_files(source, project), settings):
            read_part(source, part, project, settings)

    return ingest


def _rate(work: Callable[[], object], size: int) -> float:
    """Return MB of text per second of CPU time: best of three, after one run for imports and compilation."""
    work()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return round(size / 1e6 / min(seconds), 1)


def _source(path: str, text: str = "text") -> Source:
    return Source.model_validate(
        {"id": "bench", "title": {"zh": "测速", "en": "Benchmark"}, "paths": [path], "class": "public-domain",
         "licence": "CC0-1.0", "jurisdiction": "CN", "storage_region": "CN", "cross_border": False,
         "collected": {"from": "2025-01-01", "to": "2025-01-01"}, "retain_until": "2035-01-01",
         "personal_data": {"lawful_basis": "not-personal"}, "purpose": ["pretraining"], "fields": {"text": text}}
    )  # fmt: skip


if __name__ == "__main__":
    main()
