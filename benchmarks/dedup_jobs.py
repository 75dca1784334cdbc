"""One deduplication of one file by one tool, as a process of its own: `PYTHON dedup_jobs.py TOOL FILE FOLDER`.

FILE is Parquet with id (int64), lang (en | zh) and text; each tool reads it and says which ids it keeps. The last
line printed is JSON: seconds, wall, start (imports), phases, peak_mb; the ids kept are in FOLDER/kept.json.
Every tool runs on one core. Only the tool asked for is imported, so each can live in its own environment.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
THRESHOLD, PERMUTATIONS, BANDS, ROWS = 0.8, 128, 17, 7


def hallmark(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run this project's phases; keep greedily in the order of id."""
    import polars as pl

    from stages import dedup
    from stages.dedup import buckets, components, jaccard, minhash, whitespace  # noqa: F401

    settings = dedup.DedupSettings(threshold=THRESHOLD, num_perm=PERMUTATIONS, bands=BANDS, rows=ROWS)
    text_file, signed_file = folder / "text.parquet", folder / "signed.parquet"
    digest = pl.col("text").hash().reinterpret(signed=False).cast(pl.String).cast(pl.Binary)
    given = pl.read_parquet(file).with_row_index("row").with_columns(digest.alias("text_sha256"))
    given = given.with_columns(pl.col("id").cast(pl.String).str.zfill(9).cast(pl.Binary).alias("doc_id"))
    given.select("row", "id", "doc_id", "text", "text_sha256").write_parquet(
        text_file, compression="lz4", row_group_size=20_000
    )
    del given
    clock.start()  # the pipeline finds the table as ingest left it
    docs = pl.read_parquet(text_file)
    clock.lap("read")
    dedup.sign(docs, settings).write_parquet(signed_file, compression="uncompressed")
    clock.lap("sign")
    members = dedup.exact([signed_file], settings)
    count = dedup.partitions([signed_file], settings)
    found = [dedup.candidates([signed_file], settings, p, count, members) for p in range(count)]
    clock.lap("candidates")
    pairs = dedup.merge_pairs(found)
    verified = [dedup.verify(batch, [text_file], settings) for batch in dedup.batches(pairs, settings)]
    edges = dedup.merge(members, verified, settings)
    dedup.clusters(edges)
    clock.lap("verify")
    return _greedy(docs["id"].to_list(), [(int(a), int(b)) for a, b in edges.select("a", "b").rows()])


def datasketch(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run datasketch as shipped, which hashes shingles by SHA-1."""
    from datasketch.hashfunc import sha1_hash32

    return _datasketch(file, clock, sha1_hash32)


def datasketch_xxh32(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run datasketch with xxHash, which gives the signatures that this project computes."""
    import xxhash

    return _datasketch(file, clock, xxhash.xxh32_intdigest)


def _datasketch(file: Path, clock: Clock, hashed: Callable[[bytes], int]) -> list[int]:
    """Run bulk signatures, the MinHashLSH index, and an estimate check; greedy in the order of id."""
    import pyarrow.parquet as pq
    from datasketch import MinHash, MinHashLSH

    clock.start()
    rows = pq.read_table(file).to_pylist()
    shingles = [_shingles(row["text"], row["lang"]) for row in rows]
    clock.lap("shingle")
    signatures = MinHash.bulk(shingles, num_perm=PERMUTATIONS, hashfunc=hashed)
    clock.lap("sign")
    index, kept = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, params=(BANDS, ROWS)), []
    for row, signature, present in zip(rows, signatures, shingles, strict=True):
        twins = index.query(signature) if present else []
        if not any(signature.jaccard(signatures[twin]) >= THRESHOLD for twin in twins):
            kept.append(row["id"])
            if present:
                index.insert(row["id"], signature)
    clock.lap("index")
    return kept


def rensa(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run rensa's RMinHash and its index with an estimate check; greedy in the order of id."""
    import pyarrow.parquet as pq
    from rensa import RMinHash, RMinHashLSH

    clock.start()
    rows = pq.read_table(file).to_pylist()
    signatures = {}
    for row in rows:
        signatures[row["id"]] = RMinHash(num_perm=PERMUTATIONS - PERMUTATIONS % 16, seed=1)
        signatures[row["id"]].update([s.decode() for s in _shingles(row["text"], row["lang"])])
    clock.lap("sign")
    index, kept = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=16), []
    for key, signature in signatures.items():
        if not any(signature.jaccard(signatures[twin]) >= THRESHOLD for twin in index.query(signature)):
            kept.append(key)
            index.insert(key, signature)
    clock.lap("index")
    return kept


def datatrove(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run datatrove's four local MinHash stages as its example does, languages one after the other."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
    )
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.typeshelper import Languages

    clock.start()
    table, config, kept = pq.read_table(file), MinhashConfig(n_grams=5), []
    languages = {"en": Languages.english, "zh": Languages.mandarin_chinese}
    for lang, name in languages.items():
        part = table.filter(pc.equal(table["lang"], lang))
        if not len(part):
            continue
        base = folder / lang
        (base / "in").mkdir(parents=True)
        part = part.set_column(0, "id", pc.cast(part["id"], "string"))
        pq.write_table(part, base / "in" / "0.parquet")
        steps = [
            [ParquetReader(f"{base}/in"), MinhashDedupSignature(f"{base}/sig", config=config, language=name)],
            [MinhashDedupBuckets(f"{base}/sig", f"{base}/buckets", config=config)],
            [MinhashDedupCluster(f"{base}/buckets", f"{base}/remove", config=config)],
            [ParquetReader(f"{base}/in"), MinhashDedupFilter(f"{base}/remove"), ParquetWriter(f"{base}/out")],
        ]
        for n, (step, tasks) in enumerate(zip(steps, (1, config.num_buckets, 1, 1), strict=True)):
            LocalPipelineExecutor(step, tasks=tasks, workers=1, logging_dir=f"{base}/log{n}").run()
            clock.lap(f"{lang}-{n + 1}")
        for out in sorted((base / "out").rglob("*.parquet")):
            kept += [int(i) for i in pq.read_table(out, columns=["id"])["id"].to_pylist()]
    return kept


def datatrove_split(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run datatrove with its word tokenizer replaced by str.split, which makes tokenizing all but free."""
    from datatrove.pipeline.dedup import minhash
    from datatrove.utils.typeshelper import Languages

    class Split:
        def __init__(self, language: str) -> None:
            self.cut = list if language == Languages.mandarin_chinese else str.split

        def word_tokenize(self, text: str) -> list[str]:
            return self.cut(text)

    minhash.load_word_tokenizer = Split
    return datatrove(file, folder, clock)


def text_dedup(file: Path, folder: Path, clock: Clock) -> list[int]:
    """Run text-dedup's MinHash command with the same bands; it cuts words at what is no letter, in any script."""
    import datasets
    from text_dedup.minhash import main as command

    clock.start()
    table = datasets.Dataset.from_parquet(str(file), cache_dir=str(folder / "cache"))
    table.save_to_disk(str(folder / "in"))
    sizes = {"ngram": 5, "num_perm": PERMUTATIONS, "threshold": THRESHOLD, "b": BANDS, "r": ROWS}
    given = {"path": folder / "in", "output": folder / "out", "cache_dir": folder / "cache", "num_proc": 1}
    options = [f"--{name}={value}" for name, value in (sizes | given | {"column": "text"}).items()]
    command(["--local", *options], standalone_mode=False)
    clock.lap("command")
    return datasets.load_from_disk(str(folder / "out"))["id"][:]


TOOLS: dict[str, Callable[[Path, Path, Clock], list[int]]] = {
    "hallmark": hallmark,
    "datasketch": datasketch,
    "datasketch-xxh32": datasketch_xxh32,
    "text-dedup": text_dedup,
    "rensa": rensa,
    "datatrove": datatrove,
    "datatrove-split": datatrove_split,
}


class Clock:
    """Processor seconds, of this process and its children: imports before the work, then each phase.

    Processor time is what one core needs; unlike the wall clock it does not count what else the machine does.
    """

    def __init__(self) -> None:
        self.born, self.wall = _processor(), time.perf_counter()
        self.began = self.last = self.born
        self.phases: dict[str, float] = {}

    def start(self) -> None:
        """End the time of imports."""
        self.began = self.last = _processor()
        self.wall = time.perf_counter()

    def lap(self, name: str) -> None:
        """Book the time since the last lap under a name."""
        now = _processor()
        self.phases[name] = round(now - self.last, 3)
        self.last = now

    def figures(self) -> dict:
        """Return seconds of work (processor and wall), of imports, and per phase."""
        now, wall = _processor(), time.perf_counter() - self.wall
        return {
            "seconds": round(now - self.began, 3),
            "wall": round(wall, 3),
            "start": round(self.began - self.born, 2),
            "phases": self.phases,
        }


def _processor() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_mb() -> int | None:
    status = Path("/proc/self/status")  # ru_maxrss would include what the parent held at the fork
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def _shingles(text: str, lang: str) -> list[bytes]:
    units = re.findall(r"\w" if lang == "zh" else r"[^\W_]+", text.lower())
    joint = "" if lang == "zh" else " "
    return [joint.join(units[i : i + 5]).encode() for i in range(max(1, len(units) - 4))] if units else []


def _greedy(ids: list[int], edges: list[tuple[int, int]]) -> list[int]:
    linked: dict[int, list[int]] = {}
    for a, b in edges:
        linked.setdefault(a, []).append(b)
        linked.setdefault(b, []).append(a)
    kept: set[int] = set()
    for key in ids:
        if key not in linked or not any(twin in kept for twin in linked[key]):
            kept.add(key)
    return sorted(kept)


def main() -> None:
    """Run the tool named on the command line."""
    tool, file, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    kept = TOOLS[tool](file, folder, clock)
    figures = clock.figures()
    (folder / "kept.json").write_text(json.dumps(sorted(kept)), encoding="utf-8")
    figures["peak_mb"] = _peak_mb()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
