"""The corpus of the comparison of whole chains: real text, with planted duplicates, personal values and junk."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import NamedTuple

import polars as pl

from benchmarks import dedup_corpus, evalset

SHARE = 0.05  # of the documents get one planted personal value
KINDS = ("email", "ip", "zh_mobile", "zh_id")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, check digit of an id


class Corpus(NamedTuple):
    """The documents, the planted values by kind, and the labels of the labelled ones (id -> keep)."""

    rows: pl.DataFrame
    values: dict[str, list[str]]
    labels: dict[int, bool]


def make(eval_dir: Path, documents: int, seed: int = 11) -> Corpus:
    """Return `documents` of `dedup_corpus.make` with values planted into 5 %, and the labelled ones of `quality/`."""
    rng = random.Random(seed)
    rows = dedup_corpus.make(eval_dir, documents)
    texts, values = rows["text"].to_list(), {kind: [] for kind in KINDS}
    original = (rows["source"] < 0).to_list()
    copied = set(rows["source"].to_list())
    for row, (text, lang) in enumerate(zip(texts, rows["lang"], strict=True)):
        if original[row] and row not in copied and rng.random() < SHARE:
            kind = rng.choice(KINDS[:2] if lang == "en" else KINDS)
            value = _value(kind, rng)
            values[kind].append(value)
            texts[row] = _planted(text, lang, value)
    rows = rows.with_columns(pl.Series("text", texts))
    labels, extra = {}, []
    for table in evalset.tables(eval_dir, "quality", {"text", "keep"}):
        for text, keep in table.rows.select("text", "keep").rows():
            labels[documents + len(extra)] = bool(keep)
            extra.append((documents + len(extra), "", text, -1, 0.0))
    return Corpus(rows.vstack(pl.DataFrame(extra, orient="row", schema=rows.schema)), values, labels)


def write(corpus: Corpus, folder: Path, files: int = 4) -> list[Path]:
    """Write id and text as JSON Lines into `files` files of like size, in the order of the corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = corpus.rows.select(pl.col("id").cast(pl.String), "text")
    step = -(-rows.height // files)
    paths = []
    for n in range(files):
        paths.append(folder / f"docs-{n}.jsonl")
        rows.slice(n * step, step).write_ndjson(paths[-1])
    return paths


def _planted(text: str, lang: str, value: str) -> str:
    half = len(text) // 2
    cut = text.find(" " if lang == "en" else "。", half)
    cut = half if cut < 0 else cut + 1
    said = f"Write to {value} for details. " if lang == "en" else f"联系方式：{value}。"
    return text[:cut] + said + text[cut:]


def _value(kind: str, rng: random.Random) -> str:
    if kind == "email":
        name, host = ("".join(rng.choices(string.ascii_lowercase, k=k)) for k in (9, 8))
        return f"{name}@{host}.org"
    if kind == "ip":
        return f"{rng.randrange(60, 100)}.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}"
    if kind == "zh_mobile":
        return f"1{rng.choice(('38', '59', '86', '77'))}{rng.randrange(10**8):08d}"
    day = f"{rng.randrange(1950, 2005)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
    body = f"110101{day}{rng.randrange(1000):03d}"
    total = sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]
