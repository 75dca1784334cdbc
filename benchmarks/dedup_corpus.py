"""A corpus of any size from real text, with planted near and exact duplicates whose sources are known."""

from __future__ import annotations

import random
import re
from pathlib import Path

import polars as pl

from benchmarks import evalset

RATES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
NEAR, EXACT = 0.2, 0.05  # shares of the corpus
_ENDS = {"en": re.compile(r"(?<=[.!?])\s+"), "zh": re.compile(r"(?<=[。！？])")}


def make(eval_dir: Path, documents: int, seed: int = 7) -> pl.DataFrame:
    """Return id, lang, text, source (id of the original, -1 for none) and rate (share of units edited).

    Half English, half Chinese: sentences of `corpora/` in their order while they last, then sentences drawn
    at random; 0.5 to 5 kB a document. A fifth are edited copies, a twentieth exact copies of earlier ones.
    """
    rng = random.Random(seed)
    pools = _sentences(eval_dir)
    rows: list[tuple[int, str, str, int, float]] = []
    places = dict.fromkeys(pools, 0)
    for number in range(documents):
        lang = "en" if number % 2 else "zh"
        kind = rng.random()
        if number > 10 and kind < NEAR + EXACT:
            source = rows[rng.randrange(number // 2) * 2 + number % 2]
            while source[3] >= 0:
                source = rows[source[3]]
            rate = rng.choice(RATES) if kind < NEAR else 0.0
            rows.append((number, lang, _edit(source[2], lang, rate, rng), source[0], rate))
            continue
        sentences, places[lang] = _document(pools[lang], places[lang], rng)
        rows.append((number, lang, (" " if lang == "en" else "").join(sentences), -1, 0.0))
    return pl.DataFrame(rows, orient="row", schema=["id", "lang", "text", "source", "rate"])


def _sentences(eval_dir: Path) -> dict[str, list[str]]:
    pools: dict[str, list[str]] = {"en": [], "zh": []}
    for _, texts in evalset.corpora(eval_dir):
        for text in texts:
            han = len(re.findall("[\u4e00-\u9fff]", text[:500]))
            lang = "zh" if han > 100 else "en" if han == 0 else None
            if lang:
                pools[lang] += [s for s in _ENDS[lang].split(text) if 20 <= len(s) <= 400]
    return pools


def _document(pool: list[str], place: int, rng: random.Random) -> tuple[list[str], int]:
    size, sentences, found = rng.lognormvariate(7.3, 0.7), [], 0
    while found < min(max(size, 500), 5000):
        sentence = pool[place] if place < len(pool) else rng.choice(pool)
        place += 1
        sentences.append(sentence)
        found += len(sentence.encode()) + 1
    return sentences, place


def _edit(text: str, lang: str, rate: float, rng: random.Random) -> str:
    units = text.split(" ") if lang == "en" else list(text)
    spare = list(units)
    for place in rng.sample(range(len(units)), round(rate * len(units))):
        how = rng.randrange(3)
        other = rng.choice(spare)
        units[place] = ("", other, units[place] + (" " if lang == "en" else "") + other)[how]
    return (" " if lang == "en" else "").join(units)
