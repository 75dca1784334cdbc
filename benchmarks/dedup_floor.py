"""How far signing is from the least that signatures need: processor seconds beside those of one hash per shingle.

    python -m benchmarks.dedup_floor --eval-dir DIR [--documents N] [--rounds N] [--json FILE]

The floor folds the same texts, cuts the same shingles and hashes each once, with the same compiled code; signing does
that and lowers 128 permutations to their minima as well. One thread, median of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import dedup_corpus, evalset
from stages.dedup import DedupSettings
from stages.dedup.compiled import kernel, peek
from stages.dedup.hashing import finalise, xxh32
from stages.dedup.minhash import sign_texts
from stages.dedup.scripts import folding
from stages.dedup.signing import buffers, composed, permutations, window_lengths
from stages.dedup.units import byte_end, fold, scratch, window_end


def main() -> None:
    """Measure both on one corpus and print the line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(dedup_corpus.make(options.eval_dir, options.documents)["text"], options.rounds)
    print(
        "{documents} documents, {megabytes} MB, {shingles} shingles: form NFC {nfc} s, floor {floor} s, "
        "signing {signing} s, {times} times the floor with form NFC on both sides".format(**figures)
    )
    if options.json:
        evalset.write_figures(options.json, {"floor": figures})


def measure(texts: pl.Series, rounds: int) -> dict:
    """Return processor seconds of form NFC, the floor and signing, and how many times the floor signing takes."""
    settings = DedupSettings()
    data, offsets = buffers(composed(texts))
    given = data, offsets, *folding(), window_lengths(settings)
    matrix = np.full((len(texts), settings.num_perm), np.uint32(0xFFFFFFFF))
    one, all_ = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    seconds = {
        "nfc": _seconds(lambda: composed(texts), rounds),
        "floor": _seconds(lambda: one_hash(*given, one), rounds),
        "signing": _seconds(lambda: sign_texts(*given, *permutations(settings), matrix, all_), rounds),
    }
    if not (one == all_).all():
        raise SystemExit("the floor hashed other shingles than signing")
    times = (seconds["nfc"] + seconds["signing"]) / (seconds["nfc"] + seconds["floor"])
    size = {
        "documents": len(texts),
        "megabytes": round(int(offsets[-1]) / 1e6, 1),
        "shingles": int(all_.sum()),
    }
    return size | {k: round(v, 3) for k, v in seconds.items()} | {"times": round(times, 2)}


def _seconds(work: Callable[[], object], rounds: int) -> float:
    work()  # compiled, and in the caches
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


@kernel
def one_hash(data, offsets, table, expansions, lengths, counts):
    """Hash every shingle once as `sign_texts` does; return a value that depends on each, so that none is left out."""
    out, starts, kinds = scratch((offsets[1:] - offsets[:-1]).max())
    least = np.uint32(0)
    for d in range(counts.size):
        written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        while written < 0:
            out, starts, kinds = scratch(2 * out.size)
            written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        count, reached = 0, np.int64(0)
        for i in range(units):
            stop = window_end(i, units, peek(lengths, np.int64(peek(kinds, i)) - 1), reached)
            if stop == 0:
                continue
            reached = max(reached, stop)
            end = byte_end(out, starts, stop, units, written)
            least ^= finalise(xxh32(out, np.int64(peek(starts, i)), end, np.uint32(0)))
            count += 1
        counts[d] = count
    return least


if __name__ == "__main__":
    main()
