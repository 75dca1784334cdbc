"""Seed examples written for this project: request forms times acts, and sentences, per code and language.

Splits are disjoint by act and by sentence, so that a test example shares only its request form with training.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
from ruamel.yaml import YAML

SEEDS = Path(__file__).parent / "seeds"
SCHEMA = {"text": pl.String, "labels": pl.List(pl.String), "split": pl.String, "origin": pl.String}
BENIGN = "benign"
SPLITS = ("train", "calibrate", "test")


def expand(path: Path) -> pl.DataFrame:
    """Return the examples of one seed file (SCHEMA); `labels` is the code, or `benign`."""
    content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    requests = content["requests"]
    rows = []
    for code, entry in content["classes"].items():
        labels = [code] if code == BENIGN or not content.get("parent") else [content["parent"], code]
        for act in entry.get("acts", []):
            split = split_of(f"{code}/{act}")
            rows += [(request.format(act), labels, split, "seed-act") for request in requests]
        for sentence in entry.get("sentences", []):
            rows += [(sentence, labels, split_of(f"{code}/{sentence}"), "seed-sentence")]
        for template in entry.get("templates", []):
            split = split_of(f"{code}/{template}")
            rows += [
                (text, [code], split, "seed-template") for text in _fill(template, content.get("slots", {}))
            ]
        frames = content.get("frames", [])
        rows += _framed(labels, entry.get("terms", []), frames, content.get("frames_per_term", len(frames)))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").unique("text", keep="first", maintain_order=True)


def _framed(
    labels: list[str], terms: list[str], frames: list[str], per_term: int
) -> list[tuple[str, list[str], str, str]]:
    """Return each term in `per_term` frames in turn; `{b}` is another term of its class and split."""
    rows = []
    groups: dict[str, list[str]] = {name: [] for name in SPLITS}
    for term in terms:  # names are few, and each one counts: seven eighths are trained on
        byte = hashlib.sha256(f"{labels[-1]}/{term}".encode()).digest()[0] % 16
        groups["train" if byte < 14 else ("calibrate" if byte == 14 else "test")].append(term)
    for split, group in groups.items():
        for i, term in enumerate(group):
            for j in range(per_term):
                frame = frames[(i * per_term + j) % len(frames)]
                other = group[(i + 1 + j) % len(group)]
                rows.append((frame.format(term, b=other), labels, split, "seed-term"))
    return rows


def split_of(key: str) -> str:
    """Return train (5/8), calibrate (1/8) or test (2/8) by the key's digest."""
    byte = hashlib.sha256(key.encode()).digest()[0] % 8
    return "train" if byte < 5 else ("calibrate" if byte == 5 else "test")


def _fill(template: str, slots: dict[str, list[str]]) -> list[str]:
    texts = [template]
    for name, values in slots.items():
        if "{" + name + "}" in template:
            texts = [text.replace("{" + name + "}", value) for text in texts for value in values]
    return texts
