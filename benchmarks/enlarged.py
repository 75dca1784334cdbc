"""Corpora of any size out of real ones: further copies have 3 words of 10 exchanged, so none is a duplicate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks import evalset

SHARE = 0.3  # of the words (Chinese: characters) of a copy that come from elsewhere in the corpus


def write_corpora(eval_dir: Path, folder: Path, megabytes: float, file_mb: float = 64.0) -> list[Path]:
    """Write JSON Lines files with `text` to `folder` until they hold `megabytes`; return them in order."""
    originals = [t for path in evalset.files(eval_dir, "corpora") for t in evalset.texts(path) if t.strip()]
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    left, room, out = megabytes * 1e6, 0.0, None
    for text in _endless(originals):
        line = json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n"
        if room <= 0:
            if out:
                out.close()
            paths.append(folder / f"corpus-{len(paths):04d}.jsonl")
            out, room = paths[-1].open("wb"), min(file_mb, max(megabytes / 10, 0.2)) * 1e6
        out.write(line)
        room, left = room - len(line), left - len(line)
        if left <= 0:
            break
    if out:
        out.close()
    return paths


def _endless(originals: list[str]) -> Iterator[str]:
    order = np.random.default_rng(0).permutation(len(originals))
    spaced = [_spaced(text) for text in originals]
    kinds = {kind: [originals[i] for i in order if spaced[i] is kind] for kind in (True, False)}
    for copy in count():
        dice = np.random.default_rng(copy)
        for i in order:
            alike = kinds[spaced[i]]
            yield originals[i] if copy == 0 else _edited(originals[i], alike[dice.integers(len(alike))], dice)


def _spaced(text: str) -> bool:
    return text.count(" ") * 20 > len(text)


def _edited(text: str, other: str, dice: np.random.Generator) -> str:
    """Return `text` with SHARE of its words replaced by words of `other`, a text of its kind, as the dice choose."""
    spaced = _spaced(text)
    words, pool = (text.split(" "), other.split(" ")) if spaced else (list(text), list(other))
    for i in np.flatnonzero(dice.random(len(words)) < SHARE):
        words[i] = pool[int(dice.integers(len(pool)))]
    return (" " if spaced else "").join(words)
