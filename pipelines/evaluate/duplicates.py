"""Figures of near-duplicate search: the pairs it finds against every pair by exact Jaccard, without MinHash."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lineage import canonical
from pipelines.evaluate import sets
from pipelines.evaluate.figures import figure
from stages import dedup

NAME = "near-duplicates@1"


def detector(settings: dedup.DedupSettings) -> dict[str, Any]:
    """Return near-duplicate search as a detector; its digest is that of the method as manifests state it."""
    digest = hashlib.sha256(canonical.dumps(dedup.method(settings))).hexdigest()
    entry = {"detector": NAME, "sha256": digest, "codes": ["near-duplicate"], "languages": ["*"]}
    return {**entry, "evidence": None, "stage": "dedup"}


def measure(
    found: list[dict[str, Any]], eval_dir: Path, settings: dedup.DedupSettings
) -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return {detector: (sets, figures)}: recall of pairs at or over the threshold, precision of the pairs found."""
    listed, figures = [], []
    for labelled in sets.sets(eval_dir, "dedup", {"id", "text"}):
        rows = labelled.rows.unique("text", keep="first", maintain_order=True)
        true = _true_pairs(rows["text"], settings)
        near = found_pairs(rows["text"], settings)
        counts = {
            "hits": len(true & near),
            "positives": len(true),
            "right": len(true & near),
            "found": len(near),
        }
        if true:
            listed.append(labelled.named(rows.height))
            figures.append(
                figure(
                    labelled.name,
                    "near-duplicate",
                    "mul",
                    level="pair",
                    threshold=settings.threshold,
                    **counts,
                )
            )
    return {NAME: (listed, figures)} if figures else {}


def found_pairs(texts: pl.Series, settings: dedup.DedupSettings) -> set[tuple[int, int]]:
    """Return the pairs (lower index first) that the stage dedup finds among texts."""
    ids = [hashlib.sha256(f"{k}".encode()).digest() for k in range(len(texts))]
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    docs = pl.DataFrame({"doc_id": ids, "text": texts, "text_sha256": digests}).with_row_index("row")
    with tempfile.TemporaryDirectory() as folder:
        text, signed = Path(folder) / "text.parquet", Path(folder) / "signed.parquet"
        docs.write_parquet(text)
        dedup.sign(docs, settings).write_parquet(signed)
        members = dedup.exact([signed], settings)
        pairs = dedup.candidates([signed], settings, 0, 1, members)
        checked = [dedup.verify(batch, [text], settings) for batch in dedup.batches(pairs, settings)]
        edges = dedup.merge(members, checked, settings)
    number = {key: k for k, key in enumerate(ids)}
    return {
        (min(number[a], number[b]), max(number[a], number[b])) for a, b in edges.select("a", "b").iter_rows()
    }


def _true_pairs(texts: pl.Series, settings: dedup.DedupSettings) -> set[tuple[int, int]]:
    """Return the pairs at or over the threshold, by inverted lists over the same shingles."""
    from stages.dedup.verification import shingle_hashes

    hashes, counts = shingle_hashes(texts, settings)
    owner = np.repeat(np.arange(len(texts)), counts)
    entries = pl.DataFrame({"hash": hashes, "owner": owner}).unique()
    sizes = np.zeros(len(texts), np.int64)
    held = entries.group_by("owner").len()
    sizes[held["owner"].to_numpy()] = held["len"].to_numpy()
    shared = np.zeros((len(texts), len(texts)), np.int32)
    for owners in entries.group_by("hash").agg("owner").filter(pl.col("owner").list.len() > 1)["owner"]:
        shared[np.ix_(owners.to_numpy(), owners.to_numpy())] += 1
    left, right = np.nonzero(np.triu(shared, 1))
    jaccard = shared[left, right] / (sizes[left] + sizes[right] - shared[left, right])
    keep = jaccard >= settings.threshold - 1e-9
    return set(zip(left[keep].tolist(), right[keep].tolist(), strict=True))
