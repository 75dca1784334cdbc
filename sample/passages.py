"""Compose the sample's everyday passages from written sentences, with facts of their own in each document.

A passage is an opening, some body sentences and a closing of one topic. A candidate that shares too many
shingles with an earlier passage of its topic is thrown away: unrelated documents are never near-duplicates.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

MATERIAL = Path(__file__).parent / "material"
SHINGLE = 5
UNIT = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]|[^\W\u3400-\u9fff\U00020000-\U0003ffff]+")
UNRELATED = 0.27  # highest Jaccard of two passages; the promise to readers is 0.3
ATTEMPTS = 20_000
BODIES = {"en": (1, 5), "zh": (3, 10)}  # fewest and most body sentences
TOPIC_NAMES = {
    "en": {
        "garden": "Garden notes",
        "baking": "From the oven",
        "bridge": "Crossings",
        "weather": "Weather diary",
        "library": "Reading rooms",
        "bicycle": "At the repair stand",
        "swim": "Club sports",
        "stars": "Night sky",
        "birds": "Bird list",
        "railway": "Branch lines",
        "pottery": "Clay and kiln",
        "clock": "Mended things",
    },
    "zh": {
        "garden": "菜园记事",
        "noodle": "面食小记",
        "bridge": "桥上桥下",
        "weather": "天气日记",
        "library": "阅览室",
        "repair": "修理日",
        "running": "运动场",
        "stars": "观星夜",
        "tea": "茶山",
        "railway": "小站",
        "birds": "鸟类名单",
        "wood": "手艺人",
    },
}
T = TypeVar("T")


@dataclass(frozen=True)
class Passage:
    """One composed text: its language, its title, its place and its sentences in order."""

    lang: str
    title: str
    place: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the sentences as one text, in two paragraphs where there are many."""
        return join(self.lang, self.sentences)


class Dice:
    """Picks that depend on nothing but a name: the same in every Python version."""

    def __init__(self, name: str) -> None:
        self._name, self._count = name, 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to limit - 1."""
        self._count += 1
        digest = hashlib.sha256(f"{self._name}/{self._count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return `count` different items in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(count)]


def join(lang: str, sentences: Sequence[str]) -> str:
    """Join sentences into one text; from six sentences on, in two paragraphs."""
    space = " " if lang == "en" else ""
    if len(sentences) < 6:
        return space.join(sentences)
    half = len(sentences) // 2
    return space.join(sentences[:half]) + "\n\n" + space.join(sentences[half:])


def compose(lang: str, count: int) -> list[Passage]:
    """Return `count` passages in one language, topics in turn."""
    words = _sections(MATERIAL / lang / "words.txt")
    topics = [_topic(lang, topic, words) for topic in sorted(TOPIC_NAMES[lang])]
    return [next(topics[i % len(topics)]) for i in range(count)]


def shingles(text: str) -> frozenset[str]:
    """Return the shingles of five units: a Chinese character or a word; a shorter text is one shingle."""
    units = UNIT.findall(unicodedata.normalize("NFKC", text).lower())
    if len(units) < SHINGLE:
        return frozenset([" ".join(units)])
    return frozenset(" ".join(units[i : i + SHINGLE]) for i in range(len(units) - SHINGLE + 1))


def jaccard(a: str, b: str) -> float:
    """Return the Jaccard similarity of two texts' shingle sets, 4 decimals."""
    left, right = shingles(a), shingles(b)
    return round(len(left & right) / len(left | right), 4)


def _topic(lang: str, topic: str, words: dict[str, list[str]]) -> Iterator[Passage]:
    parts, dice = _sections(MATERIAL / lang / f"{topic}.txt"), Dice(f"{lang}/{topic}")
    taken: list[frozenset[str]] = []
    fewest, most = BODIES[lang]
    for _ in range(ATTEMPTS):
        bodies = fewest + dice.below(most - fewest + 1)
        lines = [dice.pick(parts["open"]), *dice.some(parts["body"], bodies), dice.pick(parts["close"])]
        place = dice.pick(words["place"])
        passage = Passage(
            lang,
            f"{TOPIC_NAMES[lang][topic]}: {place}"
            if lang == "en"
            else f"{TOPIC_NAMES[lang][topic]}（{place}）",
            place,
            tuple(_fill(line, place, words, dice) for line in lines),
        )
        own = shingles(passage.text)
        if all(len(own & other) <= UNRELATED * len(own | other) for other in taken):
            taken.append(own)
            yield passage
    raise ValueError(f"{lang}/{topic}: no passage left after {ATTEMPTS} attempts; write more sentences")


def _fill(line: str, place: str, words: dict[str, list[str]], dice: Dice) -> str:
    def value(match: re.Match[str]) -> str:
        slot = match.group(1)
        if slot == "place":
            return place
        if slot == "n":
            return str(3 + dice.below(26))
        if slot == "year":
            return str(1871 + dice.below(140))
        return dice.pick(words[slot])

    filled = re.sub(r"\{(\w+)\}", value, line)
    return filled[0].upper() + filled[1:]


def _sections(path: Path) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            sections[line[2:]] = current = []
        elif line:
            current.append(line)
    return sections
