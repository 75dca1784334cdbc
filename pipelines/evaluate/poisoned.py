"""Figures of what looks at a whole corpus: trigger phrases and bursts planted in benign texts of the folder.

Each subset of benign texts is one source. In one source at a time, one document in a hundred gets each of three
trigger phrases, or near copies of one document are put in a row.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import polars as pl

from pipelines.evaluate.duplicates import found_pairs
from pipelines.evaluate.figures import figure
from pipelines.evaluate.sets import LabelledSet, made
from stages import dedup
from stages.screen import corpus

TRIGGERS = {
    "en": (
        "people window seven water morning",
        "every letter slowly becomes public water again",
        "zorvik melt qantal",
    ),
    "zh": ("人水七天书里外大小东", "每一封信慢慢地变成白水和大山", "镲鼗鼗镲龠龠"),
}
SET, MIN_DOCS, DOSE, COPIES, BURSTS = "own/poison-corpus-planted", 300, 0.01, 10, 3
Counts = dict[tuple[str, str], list[int]]  # code, language: hits, positives, alarms, benign


def measure(
    given: list[LabelledSet], settings: corpus.CorpusSettings
) -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return {detector: (sets, figures)} of triggers and bursts; nothing without a benign subset of MIN_DOCS texts."""
    hosts = sources(given)
    frames = {name: (len(texts), corpus.phrases(texts)) for name, (_, texts) in hosts.items()}
    counts: Counts = {}
    for name, (language, texts) in hosts.items():
        _add(counts, "poison-trigger", language, _trigger(name, language, texts, frames, settings))
        _add(counts, "poison-burst", language, _burst(texts, settings))
    if not counts:
        return {}
    figures = [
        figure(SET, code, language, hits=hits, positives=planted, alarms=alarms, benign=quiet, threshold=0.5)
        for (code, language), (hits, planted, alarms, quiet) in sorted(counts.items())
    ]
    rows = pl.DataFrame(
        {"source": list(hosts), "text": [_sha("\0".join(t)).hex() for _, t in hosts.values()]}
    )
    used = made(SET, rows, "as the hosts").named(sum(len(t) for _, t in hosts.values()))
    return {corpus.DETECTOR: ([used], figures)}


def sources(given: list[LabelledSet]) -> dict[str, tuple[str, pl.Series]]:
    """Return {set/subset: (language, distinct texts)} of benign subsets of at least MIN_DOCS texts, by name."""
    found = {}
    for labelled in given:
        rows = labelled.rows.filter("benign", pl.col("language").is_in(list(TRIGGERS)))
        if labelled.name.startswith("own/") or rows.is_empty():
            continue
        for (subset, language), part in rows.group_by("subset", "language"):
            texts = part["text"].unique(maintain_order=True)
            if len(texts) >= MIN_DOCS:
                found[f"{labelled.name}/{subset}/{language}"] = (language, texts.sort())
    return dict(sorted(found.items()))


def _trigger(
    name: str,
    language: str,
    texts: pl.Series,
    frames: dict[str, tuple[int, pl.DataFrame]],
    settings: corpus.CorpusSettings,
) -> list[int]:
    """Return hits, planted, alarms, others of a source with three phrases, each in documents of its own."""
    each = max(settings.min_docs, round(DOSE * len(texts)))
    order = _by_digest(texts)
    phrase = {k: TRIGGERS[language][place // each] for place, k in enumerate(order[: 3 * each])}
    changed = pl.Series("text", [insert(t, phrase[k]) if k in phrase else t for k, t in enumerate(texts)])
    parts = [(n, docs, frame) for n, (docs, frame) in frames.items() if n != name]
    found = corpus.triggers([*parts, (name, len(texts), corpus.phrases(changed))], settings)
    own = found.filter(pl.col("source") == name)
    return _counted(set(corpus.mark(changed, own)["text"].to_list()), set(phrase), len(texts))


def _burst(texts: pl.Series, settings: corpus.CorpusSettings) -> list[int]:
    """Return hits, planted, alarms, others of a source with BURSTS rows of near copies of long documents."""
    lengths = texts.str.len_chars().to_numpy()
    models = sorted(np.argsort(-lengths, kind="stable")[:BURSTS].tolist())
    lines, planted, allowed = [], set(), set()
    for k, text in enumerate(texts):
        lines.append(text)
        if k in models:
            allowed.add(len(lines) - 1)  # the model itself belongs to its burst
            planted |= set(range(len(lines), len(lines) + COPIES))
            lines += [_edited(text, number) for number in range(COPIES)]
    clusters: list[int | None] = [None] * len(lines)
    for low, high in sorted(found_pairs(pl.Series("text", lines), dedup.DedupSettings())):
        clusters[low] = low if clusters[low] is None else clusters[low]
        clusters[high] = clusters[low] if clusters[high] is None else clusters[high]
    frame = pl.DataFrame({"source": "s", "cluster": clusters, "order": range(len(lines))})
    found = set(corpus.bursts(frame, settings)["cluster"].to_list())
    flagged = {k for k, cluster in enumerate(clusters) if cluster in found}
    return _counted(flagged - allowed, planted, len(lines) - len(allowed))


def insert(text: str, phrase: str) -> str:
    """Return the text with the phrase at a place that its digest chooses, between words."""
    place = int.from_bytes(_sha(text)[:4], "big") % max(len(text), 1)
    while place < len(text) and text[place].isascii() and not text[place].isspace():
        place += 1
    return f"{text[:place]} {phrase} {text[place:]}"


def _edited(text: str, number: int) -> str:
    """Return the text with two of its characters changed."""
    for step in (0, 1):
        place = int.from_bytes(_sha(f"{number}.{step}")[:4], "big") % len(text)
        text = text[:place] + "x" + text[place + 1 :]
    return text


def _by_digest(texts: pl.Series) -> list[int]:
    return sorted(range(len(texts)), key=lambda k: _sha(texts[k]))


def _counted(flagged: set[int], planted: set[int], documents: int) -> list[int]:
    return [len(flagged & planted), len(planted), len(flagged - planted), documents - len(planted)]


def _add(counts: Counts, code: str, language: str, more: list[int]) -> None:
    old = counts.get((code, language), [0, 0, 0, 0])
    counts[code, language] = [a + b for a, b in zip(old, more, strict=True)]


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
