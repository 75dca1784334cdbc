"""Memory that ingest takes for one large file: JSON lines plain, and in Zstandard as one frame and as many.

`python -m benchmarks.ingest --one-file-gb N` writes each file of N GB of synthetic text, reads it in a process of its
own as the stage does (parts one after the other, one walk where slices cannot be read alone) and deletes it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import zstandard

WORDS = ("river", "reed", "mat", "winter", "village", "河边", "芦苇", "席子", "冬天", "村里", "白色", "秋天")
BLOCK = 32 << 20
FORMS = ("a.jsonl", "one-frame.jsonl.zst", "frames.jsonl.zst")


def main(gb: float) -> dict[str, dict[str, float]]:
    """Print and return, per form, GB of text, documents, parts, CPU seconds and the peak of memory in MiB."""
    rows = {}
    print(f"{'file':<22}{'GB':>6}{'documents':>11}{'parts':>7}{'CPU s':>8}{'peak MiB':>10}{'idle MiB':>10}")
    for name in FORMS:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder) / name, gb)
            argv = [sys.executable, "-m", "benchmarks.one_file", folder, name]
            told = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
        row = rows[name] = json.loads(told)
        numbers = f"{row['documents']:>11}{row['parts']:>7}{row['cpu']:>8.0f}{row['peak']:>10.0f}{row['idle']:>10.0f}"
        print(f"{name:<22}{row['gb']:>6.2f}{numbers}", flush=True)
    return rows


def _lines(gb: float) -> Iterator[bytes]:
    """Yield blocks of whole lines until they are `gb` long; a block holds seeded text, the same each time."""
    draw, lines, size = random.Random(1), [], 0
    while size < BLOCK:
        text = " ".join(draw.choices(WORDS, k=draw.randrange(50, 600)))
        lines.append(json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n")
        size += len(lines[-1])
    block = b"".join(lines)
    for _ in range(-(-int(gb * 1e9) // len(block))):
        yield block


def _write(path: Path, gb: float) -> None:
    packer = zstandard.ZstdCompressor(level=1)
    with path.open("wb") as file:
        if path.name == FORMS[1]:
            with packer.stream_writer(file) as whole:
                for block in _lines(gb):
                    whole.write(block)
            return
        for block in _lines(gb):
            file.write(packer.compress(block) if path.name == FORMS[2] else block)


def _read(project: Path, name: str) -> dict[str, float]:
    from benchmarks.ingest import _source
    from stages.ingest import in_a_row, plan_parts, read_row
    from stages.ingest.files import list_files
    from stages.ingest.read import read_part
    from stages.ingest.settings import IngestSettings

    source, settings = _source(name), IngestSettings()
    parts = plan_parts(source, list_files(source, project), settings)
    idle, start, documents, size = _peak(), time.process_time(), 0, 0
    if in_a_row(source, parts[0], project, len(parts)):
        tables = (t for _, t in read_row(source, parts, project, settings, {p.part for p in parts}))
    else:
        tables = (read_part(source, part, project, settings) for part in parts)
    for table in tables:
        documents += table.num_rows
        size += pc.sum(table["length"]).as_py() or 0
    return {"gb": size / 1e9, "documents": documents, "parts": len(parts), "cpu": time.process_time() - start,
            "peak": _peak(), "idle": idle}  # fmt: skip


def _peak() -> float:
    """Return the highest memory of this process in MiB; getrusage would count the parent's before exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(_read(Path(sys.argv[1]), sys.argv[2])))
