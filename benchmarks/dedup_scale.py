"""How the candidate search grows: processor seconds and peak memory by number of documents.

    python -m benchmarks.dedup_scale [--documents N ...] [--only-partition] [--json FILE]

Signing and annotating go part by part; what could grow faster than the corpus are the exact groups, the candidates,
and the clusters. They read signatures alone, so this makes signatures (random, with planted near and exact twins of
earlier documents) and runs those phases in a process of their own. --only-partition runs one partition, for sizes of
which a whole run would take too long: it shows what one worker holds.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import evalset
from stages import dedup
from stages.dedup.signing import SIGNATURES

PART, NEAR, EXACT, CHANGED = 100_000, 0.2, 0.05, 0.05


def main() -> None:
    """Measure each size and print one line for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs="+", default=[200_000, 800_000, 3_200_000])
    parser.add_argument("--only-partition", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lines = []
    for documents in options.documents:
        with tempfile.TemporaryDirectory() as folder:
            files = make(Path(folder), documents)
            with multiprocessing.get_context("spawn").Pool(1) as pool:  # its peak is of these phases alone
                lines.append(pool.apply(measure, (files, options.only_partition)))
        print(json.dumps(lines[-1]), flush=True)
    if len(lines) > 1:
        growth = math.log(lines[-1]["seconds"] / lines[0]["seconds"])
        print("exponent", round(growth / math.log(lines[-1]["documents"] / lines[0]["documents"]), 3))
    if options.json:
        evalset.write_figures(options.json, {"scale": lines})


def make(folder: Path, documents: int, seed: int = 7) -> list[Path]:
    """Write signature files of `documents` documents; near twins differ in a twentieth of their values."""
    draw, files, before = np.random.default_rng(seed), [], None
    for number in range(math.ceil(documents / PART)):
        size = min(PART, documents - number * PART)
        matrix = draw.integers(0, 2**32, (size, 128), np.uint32)
        ids, digests = draw.bytes(32 * size), np.frombuffer(draw.bytes(32 * size), "V32").copy()
        kind = draw.random(size)
        if before is not None:
            twins = np.flatnonzero(kind < NEAR + EXACT)
            matrix[twins] = before[0][twins % len(before[0])]
            near = twins[kind[twins] < NEAR]
            change = draw.random((len(near), 128)) < CHANGED
            matrix[near] = np.where(change, draw.integers(0, 2**32, change.shape, np.uint32), matrix[near])
            same = twins[kind[twins] >= NEAR]
            digests[same] = before[1][same % len(before[1])]
        before = matrix, digests
        columns = [range(size), [ids[i : i + 32] for i in range(0, len(ids), 32)], digests.tolist()]
        table = dict(
            zip(SIGNATURES, [*columns, [400] * size, [row.tobytes() for row in matrix]], strict=True)
        )
        files.append(folder / f"{number:05d}.parquet")
        pl.DataFrame(table, schema=SIGNATURES).write_parquet(files[-1], compression="uncompressed")
    return files


def measure(files: list[Path], only_partition: bool) -> dict:
    """Return processor seconds by phase, pairs found, and the peak memory of this process in MiB."""
    settings, seconds = dedup.DedupSettings(), {}

    def lap(name: str) -> None:
        seconds[name] = round(_processor() - sum(seconds.values()), 2)

    lap("start")
    members = dedup.exact(files, settings)
    lap("exact")
    count = dedup.partitions(files, settings)
    chosen = range(1 if only_partition else count)
    pairs = dedup.merge_pairs([dedup.candidates(files, settings, p, count, members) for p in chosen])
    lap("candidates")
    if not only_partition:
        dedup.clusters(dedup.merge(members, [_estimated(pairs, files)], settings))
        lap("clusters")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = {"documents": sum(pl.scan_parquet(f).select(pl.len()).collect().item() for f in files)}
    figures |= {
        "partitions": count,
        "partitions_run": len(chosen),
        "pairs": len(pairs),
        "exact": len(members),
    }
    work = sum(seconds.values()) - seconds["start"]
    return figures | {"seconds": round(work, 2), "phases": seconds, "peak_mib": peak}


def _estimated(pairs: pl.DataFrame, files: list[Path]) -> pl.DataFrame:
    """Return the pairs as if verified, at their estimate: there is no text to verify them with."""
    ids = pl.concat([pl.read_parquet(f, columns=["doc_id"])["doc_id"] for f in files])
    sides = [ids.gather(pairs[f"file_{s}"].cast(pl.Int64) * PART + pairs[f"row_{s}"]) for s in "ab"]
    return pl.DataFrame({"a": sides[0], "b": sides[1], "jaccard": pairs["estimate"]})


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
