"""Train one fastText model, one thread and a fixed seed, and quantise it: equal examples give equal bytes.

fastText 0.9.3 with one thread initialises only the first tenth of its input matrix; the rest is whatever memory
held before, now and then not a number. So each model is trained in a process of its own in which the C library
clears every allocation; then the rest starts at zero, always.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import HallmarkError

CLEARED = {"MALLOC_PERTURB_": "255"}  # glibc fills allocations with the complement of this byte


def fit(examples: pl.DataFrame, params: dict[str, Any], seed: int, target: Path) -> None:
    """Write the quantised model of the prepared examples (columns `line`, `labels`, `split`) to `target`."""
    train = examples.filter((pl.col("split") == "train") & (pl.col("line") != ""))
    labels = pl.col("labels").list.eval(pl.lit("__label__") + pl.element()).list.join(" ")
    lines = train.select((labels + " " + pl.col("line")).alias("line"))["line"].to_list()
    lines.sort(
        key=lambda line: hashlib.sha256(line.encode()).digest()
    )  # fastText reads in order; mix the sources
    source = target.with_suffix(".txt")
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pipelines.train.fit",
        str(source),
        str(target),
        json.dumps(arguments(params, seed)),
    ]
    run = subprocess.run(command, env={**os.environ, **CLEARED}, capture_output=True, text=True, check=False)
    source.unlink()
    if run.returncode:
        raise HallmarkError(
            f"training failed: {run.stderr.strip().splitlines()[-1]}",
            where=target.name,
            cure="lower lr in params.yaml",
        )


def arguments(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return fastText's arguments for one model's block of params.yaml."""
    return {
        "loss": "ova",
        "thread": 1,
        "seed": seed,
        "verbose": 0,
        "dim": params["dim"],
        "wordNgrams": params["ngrams"],
        "epoch": params["epoch"],
        "lr": params["lr"],
        "bucket": params["bucket"],
        "minCount": params.get("min_count", 2),
        "minn": params.get("minn", 0),
        "maxn": params.get("maxn", 0),
    }


def main(source: str, target: str, settings: str) -> None:
    """Train, quantise and save; runs in the cleared process."""
    import fasttext

    model = fasttext.train_supervised(source, **json.loads(settings))
    model.quantize(source, qnorm=True, dsub=2, retrain=False, verbose=0, thread=1)
    model.save_model(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
