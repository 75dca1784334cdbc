"""The benchmark of dedup counts right pairs as right on a labelled set whose truth is plain."""

from __future__ import annotations

import random

import polars as pl

from benchmarks.dedup_truth import labelled
from stages.dedup import DedupSettings


def test_recall_precision_and_labels_of_a_set_whose_truth_is_known(tmp_path):
    dice = random.Random(3)
    words = [f"w{n}" for n in range(4000)]
    texts = [" ".join(dice.choices(words, k=150)) for _ in range(30)]
    texts += [t + " end" for t in texts[:10]] + texts[10:14]
    ids = [f"d{n}" for n in range(len(texts))]
    (tmp_path / "dedup").mkdir()
    pl.DataFrame({"id": ids, "text": texts}).write_parquet(tmp_path / "dedup" / "made_docs.parquet")
    pairs = {"a": ids[:14], "b": ids[30:44], "jaccard": [0.99] * 10 + [1.0] * 4}
    pl.DataFrame(pairs).write_parquet(tmp_path / "dedup" / "made_pairs.parquet")
    (told,) = labelled(tmp_path, DedupSettings())
    assert (told["documents"], told["edges"], told["precision"]) == (44, 14, 1.0)
    assert told["labels"] == "1.0000 (14/14)" and told["recall"]["0.9-1.0"] == "1.0000 (10/10)"
