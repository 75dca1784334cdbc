"""A Presidio recognizer that is a table row: pattern, check hook, context words, words that speak against it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import regex
from presidio_analyzer import Pattern, PatternRecognizer

#: Digits and letters of other scripts never count: `\b` and `\d` are ASCII, so Han characters are no word part.
FLAGS = regex.ASCII | regex.IGNORECASE | regex.MULTILINE | regex.DOTALL
STRIP = str.maketrans("", "", " -–—.·•()/\t\u00a0")
#: A recognizer of a pack: Presidio's class with `gate`, `detector`, `against` and `sure` set on it.
Scanner = Any
CLAUSE = "，。；！？,;!?\n"  # a word against a finding counts only within its clause
NEAR = 20  # and so many characters before it
LEFT = 48  # characters before a finding that can support it


class Row(NamedTuple):
    """One recognizer: where its candidates are sought (`gate`), its longest match, and what it weighs."""

    type: str
    pattern: str
    score: float
    gate: str  # see `gate.REACH`
    check: Callable[[str], bool | None] | None = None
    context: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    case: bool = False


class TableRecognizer(PatternRecognizer):
    """One or several rows of one type as a Presidio recognizer."""

    def __init__(self, rows: list[Row], language: str, detector: str, number: int) -> None:
        first = rows[0]
        self.row, self.gate, self.against, self.detector = first, first.gate, first.against, detector
        self.sure = first.check is not None and not getattr(first.check, "weak", False)
        super().__init__(
            supported_entity=first.type,
            name=f"{detector}:{first.type}:{number}",
            supported_language=language,
            patterns=[Pattern(f"{first.type}-{i}", r.pattern, r.score) for i, r in enumerate(rows)],
            context=list(first.context),
            global_regex_flags=FLAGS & ~regex.IGNORECASE if first.case else FLAGS,
        )

    def validate_result(self, pattern_text: str) -> bool | None:
        """Return the check's verdict: True is certain, False drops the match, None leaves the pattern's score."""
        if not self.row.check:
            return None
        return self.row.check(pattern_text.translate(STRIP) if self.gate.startswith("num") else pattern_text)


def boost(recognizer: Scanner, left: str, score: float) -> float:
    """Return the score of a match after looking at the `LEFT` characters before it.

    A context word adds 0.35 and lifts to 0.4 at least, as in Presidio. A word against it in the same clause, nearer to
    the match than any context word, sets 0 (an order number is no card number).
    """
    support_words, against = words(tuple(recognizer.context or ())), getattr(recognizer, "against", ())
    if not support_words and not against:
        return score
    left = left.lower()
    support = max((m.end() for m in support_words.finditer(left)), default=-1) if support_words else -1
    if against:
        clause = max(left.rfind(mark) for mark in CLAUSE) + 1
        clause = max(clause, len(left) - NEAR)
        if max(left.rfind(w, clause) + len(w) if w in left[clause:] else -1 for w in against) > support:
            return 0.0
    if support >= 0 and score < 1.0:
        return round(min(1.0, max(score + 0.35, 0.4)), 4)
    return score


@cache
def words(context: tuple[str, ...]) -> regex.Pattern | None:
    """Compile context words: whole words in Latin script, plain substrings in Chinese."""
    if not context:
        return None
    latin = [regex.escape(w.lower()) for w in context if w.isascii()]
    parts = [regex.escape(w) for w in context if not w.isascii()]
    if latin:
        parts.append(rf"(?<![a-z0-9])(?:{'|'.join(latin)})s?(?![a-z0-9])")
    return regex.compile("|".join(parts))


@cache
def mentions(context: tuple[str, ...]) -> regex.Pattern:
    """Compile context words without their borders: where this finds nothing, `words` finds nothing either."""
    return regex.compile("|".join(regex.escape(w.lower()) for w in context))
