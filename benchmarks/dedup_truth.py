"""What is true about a corpus: every pair's exact Jaccard, every planted copy's origin."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import evalset
from stages import dedup

BINS = ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.85), (0.85, 0.9), (0.9, 1.0), (1.0, 1.1))


def labelled(eval_dir: Path, settings: dedup.DedupSettings) -> list[dict]:
    """Return recall by exact Jaccard, precision, and hits among labelled pairs for each labelled set."""
    tables = list(evalset.tables(eval_dir, "dedup", {"id", "text"}))
    pairs = list(evalset.tables(eval_dir, "dedup", {"a", "b"}))
    results = []
    for table in tables:
        ids = table.rows["id"].to_list()
        known = set(ids)
        labels = [p.rows for p in pairs if set(p.rows["a"]) <= known and set(p.rows["b"]) <= known]
        results.append(_one(Path(table.name).stem, table.rows, labels, settings))
    return results


def _one(name: str, rows: pl.DataFrame, labels: list[pl.DataFrame], settings: dedup.DedupSettings) -> dict:
    ids = rows["id"].to_list()
    with tempfile.TemporaryDirectory() as folder:
        edges = _edges(rows, Path(folder), settings)
    name_of = {_doc_id(i): i for i in ids}
    rows_of = [
        (name_of[a], name_of[b], j, kind)
        for a, b, j, kind in edges.select("a", "b", "jaccard", "kind").rows()
    ]
    leader = {b: a for a, b, _, kind in rows_of if kind == "exact"}
    near = {(min(a, b), max(a, b)): j for a, b, j, kind in rows_of if kind == "near"}
    truth = _pairs({i: t for i, t in zip(ids, rows["text"], strict=True) if i not in leader}, settings)
    right = sum(truth.get(pair, 0) >= settings.threshold - 0.0001 for pair in near)
    recall = {
        f"{low}-{min(high, 1.0)}" if low < 1 else "1.0": _share(
            sum(pair in near for pair, j in truth.items() if low <= j < high),
            sum(low <= j < high for j in truth.values()),
        )
        for low, high in BINS
    }
    hits = [
        leader.get(a, a) == leader.get(b, b) or tuple(sorted((leader.get(a, a), leader.get(b, b)))) in near
        for table in labels
        for a, b, j in table.select("a", "b", pl.col("^jaccard.*$")).rows()
        if j >= 0.9
    ]
    return {
        "set": name,
        "documents": len(ids),
        "edges": edges.height,
        "precision": round(right / len(near), 4) if near else None,
        "recall": recall,
        "labels": _share(sum(hits), len(hits)),
    }


def _edges(rows: pl.DataFrame, folder: Path, settings: dedup.DedupSettings) -> pl.DataFrame:
    digest = pl.col("text").hash().cast(pl.String).cast(pl.Binary)
    docs = rows.with_row_index("row").with_columns(
        doc_id=pl.Series([_doc_id(i) for i in rows["id"]]), text_sha256=digest
    )
    text, signed = folder / "text.parquet", folder / "signed.parquet"
    docs.write_parquet(text)
    dedup.sign(docs, settings).write_parquet(signed)
    members = dedup.exact([signed], settings)
    pairs = dedup.candidates([signed], settings, 0, 1, members)
    return dedup.merge(
        members, [dedup.verify(b, [text], settings) for b in dedup.batches(pairs, settings)], settings
    )


def _doc_id(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _pairs(texts: dict[str, str], settings: dedup.DedupSettings) -> dict[tuple[str, str], float]:
    """Return the exact Jaccard of every pair that shares a shingle, by inverted lists and no MinHash."""
    from stages.dedup.verification import shingle_hashes

    ids = sorted(texts)
    hashes, counts = shingle_hashes(pl.Series([texts[i] for i in ids]), settings)
    owner = np.repeat(np.arange(len(ids)), counts)
    entries = pl.DataFrame({"hash": hashes, "owner": owner}).unique()
    sizes = dict(entries.group_by("owner").len().rows())
    shared = np.zeros((len(ids), len(ids)), np.int32)
    for owners in entries.group_by("hash").agg("owner").filter(pl.col("owner").list.len() > 1)["owner"]:
        members = owners.to_numpy()
        shared[np.ix_(members, members)] += 1
    left, right = np.nonzero(np.triu(shared, 1))
    both = shared[left, right]
    return {
        (ids[a], ids[b]): n / (sizes[a] + sizes[b] - n)
        for a, b, n in zip(left.tolist(), right.tolist(), both.tolist(), strict=True)
    }


def planted(corpus: pl.DataFrame, kept: list[int]) -> dict:
    """Return the share of planted copies removed by edit rate, of others removed, and survivors per cluster."""
    left = set(kept)
    copies, clusters = defaultdict(list), defaultdict(set)
    copied = set(corpus.filter(pl.col("source") >= 0)["source"])
    others = [i for i, source in corpus.select("id", "source").rows() if source < 0 and i not in copied]
    for key, source, rate in corpus.select("id", "source", "rate").rows():
        if source >= 0:
            copies[rate].append(key not in left or source not in left)
            if rate <= 0.01:
                clusters[source] |= {key, source}
    survivors = [len(members & left) for members in clusters.values()]
    return {
        "removed": {f"{rate:.0%}": _share(sum(copies[rate]), len(copies[rate])) for rate in sorted(copies)},
        "others_removed": _share(sum(i not in left for i in others), len(others)),
        "survivors": round(sum(survivors) / max(1, len(survivors)), 4),
    }


def _share(hits: int, total: int) -> str:
    return f"{hits / total:.4f} ({hits}/{total})" if total else "-"
