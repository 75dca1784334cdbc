"""Speed of ingest by format, beside plain polars on the same rows."""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import zstandard

from stages.ingest.files import list_files
from stages.ingest.plan import plan_parts
from stages.ingest.read import read_part
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source

_WORDS = ("river", "reed", "mat", "winter", "village", "河边", "芦苇", "席子", "冬天", "村里", "白色", "秋天")


def main() -> None:
    """Write the same seeded rows in each format, read them, and print MB of text per CPU second."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mib", type=int, default=32, help="MiB of text")
    options.add_argument("--json", type=Path, help="write the figures here")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        size = _write(project, chosen.mib)
        figures = {name: _measure(project, name, plain, size) for name, plain in _PLAIN.items()}
    print(f"{'file':<14}{'ingest MB/s':>14}{'polars MB/s':>14}")
    for name, (ours, theirs) in figures.items():
        print(f"{name:<14}{ours:>14.1f}{theirs:>14.1f}")
    if chosen.json:
        rows = {name: {"ingest": ours, "polars": theirs} for name, (ours, theirs) in figures.items()}
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")


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


def _measure(project: Path, name: str, plain: Callable[[Path], object], size: int) -> tuple[float, float]:
    source, settings = _source(name), IngestSettings()

    def ingest() -> None:
        for part in plan_parts(source, list_files(source, project), settings):
            read_part(source, part, project, settings)

    return _rate(ingest, size), _rate(lambda: plain(project / name), size)


def _rate(work: Callable[[], object], size: int) -> float:
    """Return MB of text per second of CPU time: best of three, after one run for imports and compilation."""
    work()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return round(size / 1e6 / min(seconds), 1)


def _source(path: str) -> Source:
    return Source.model_validate(
        {"id": "bench", "title": {"zh": "测速", "en": "Benchmark"}, "paths": [path], "class": "public-domain",
         "licence": "CC0-1.0", "jurisdiction": "CN", "storage_region": "CN", "cross_border": False,
         "collected": {"from": "2025-01-01", "to": "2025-01-01"}, "retain_until": "2035-01-01",
         "personal_data": {"lawful_basis": "not-personal"}, "purpose": ["pretraining"]}
    )  # fmt: skip


if __name__ == "__main__":
    main()
