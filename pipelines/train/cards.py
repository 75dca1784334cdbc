"""Model cards: what a model was trained on, how good it is on held-back text, and the digest that binds both."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lineage.evidence import DEVELOPMENT, status
from pipelines.train.measure import report
from pipelines.train.semantic import judged
from stages.screen.classify import PREPARE_VERSION

METHODS = {
    "fasttext": "fastText supervised, one-vs-rest, one thread, quantised",
    "semantic": "mean of skip-gram vectors of tokens, pairs and stems, int8, and logistic regression, one-vs-rest",
    "linear": "logistic regression over hashed words, pairs and character n-grams, one-vs-rest, int8 weights",
}
LICENCES = {
    "cold": "COLDataset train part, Apache-2.0; its dev part is the held-back test split",
    "davidson": "hate-speech-and-offensive-language, MIT; a fifth by hashed id is the held-back test split",
    "seed": "seed examples of this project, Apache-2.0; splits disjoint by act and sentence",
}


def card(
    name: str,
    params: dict[str, Any],
    model: Path,
    examples: pl.DataFrame,
    scores: pl.DataFrame,
    thresholds: dict,
) -> dict[str, Any]:
    """Return the card of one model; `scores` has one column per code, row-aligned with `examples`."""
    metrics = {}
    test = (examples["split"] == "test").to_numpy()
    for code in scores.columns:
        truth, told = examples["labels"].list.contains(code).to_numpy(), test & judged(examples, code)
        metrics[code] = grade(report(scores[code].to_numpy()[told], truth[told], thresholds[code]))
    origins = sorted(set(examples["origin"].to_list()))
    return {
        "name": name,
        "version": params["version"],
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "script": params["script"],
        "languages": params["languages"],
        "codes": scores.columns,
        "prepare": PREPARE_VERSION,
        "needs": params.get("needs", []),
        "unless": params.get("unless", []),
        "threshold": max(thresholds.values()),
        "evidence": {"thresholds": thresholds, "test": metrics, "standing": STANDING},
        "training": {
            "method": METHODS[params.get("kind", "fasttext")],
            "params": {
                key: value
                for key, value in params.items()
                if key not in ("kind", "version", "script", "languages")
            },
            "examples": {
                split: int((examples["split"] == split).sum()) for split in ("train", "calibrate", "test")
            },
            "data": [LICENCES[key] for key in LICENCES if any(o.startswith(key) for o in origins)],
            "examples_sha256": digest(examples),
        },
        "limits": LIMITS,
    }


#: The test split chose no weight and no threshold, but its figures were read while the model was made.
STANDING = DEVELOPMENT

LIMITS = [
    "Trained on short posts, questions and sentences; long documents are judged by their worst window.",
    "Seed sentences were written by few hands: figures on them are higher than on text from elsewhere.",
    "Irony, quotation and reclaimed words are judged like plain use.",
]


def grade(metrics: dict[str, Any]) -> dict[str, Any]:
    """Add `status`, by the rule of evidence files: thin figures, weak recall and many false alarms are experimental."""
    return {**metrics, "status": status(metrics["positives"], metrics["recall"], metrics["fpr"])}


def digest(examples: pl.DataFrame) -> str:
    """Return the sha256 of the prepared examples with labels and splits."""
    rows = examples.select("line", "split", pl.col("labels").list.join(",")).rows()
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def benign_scores(examples: pl.DataFrame, scores: np.ndarray, code: str) -> np.ndarray:
    """Return the calibrate split's scores of examples that are judged and do not carry the code."""
    wanted = (examples["split"] == "calibrate") & ~examples["labels"].list.contains(code)
    return scores[wanted.to_numpy() & judged(examples, code)]
