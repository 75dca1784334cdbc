"""All lexicons in one automaton: one pass over the folded bytes, then rules as array operations."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import polars as pl
from ahocorasick_rs import BytesAhoCorasick, Implementation

from lineage.errors import SettingsError
from stages.screen.lexicon import SHIPPED, Lexicon, Rule, expand, load_lexicon, set_names

CONTEXT = "context"
FINDING = {
    "text": pl.UInt32,
    "code": pl.String,
    "detector": pl.String,
    "level": pl.String,
    "score": pl.Float64,
    "n": pl.UInt32,
}


class Matches(NamedTuple):
    """Whole-word matches in order of start: pattern, start and end byte, document, character position."""

    pattern: np.ndarray
    start: np.ndarray
    end: np.ndarray
    doc: np.ndarray
    char: np.ndarray


class Matcher:
    """The compiled union of several lexicons; immutable after construction."""

    def __init__(self, lexicons: list[Lexicon]) -> None:
        self.lexicons = [load_lexicon(SHIPPED / "context.yaml"), *lexicons]
        self._forms: dict[tuple[str, bool], int] = {}
        self._members: dict[str, list[int]] = {}
        for lexicon in self.lexicons:
            self._add(lexicon)
        self._check_names()
        patterns = [form.encode() for form, _ in self._forms]
        self._automaton = BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA)
        self._left = np.array([p[:1].isalnum() for p in patterns], bool)
        self._right = np.array(
            [form[-1:].isalnum() and form[-1:].isascii() and not open_end for form, open_end in self._forms],
            bool,
        )
        self._terms = np.arange(len(patterns))
        self.sets = {name: np.unique(np.array(ids, np.int64)) for name, ids in self._members.items()}

    def match(self, folded: np.ndarray, ends: np.ndarray) -> Matches:
        """Return every whole-word match, overlapping ones included."""
        found = self._automaton.find_matches_as_indexes(folded.tobytes(), overlapping=True)
        rows = np.array(found, np.int64).reshape(-1, 3)
        rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
        rows = rows[_whole(folded, rows, self._left, self._right)]
        doc = np.searchsorted(ends, rows[:, 1], side="right") - 1
        return Matches(rows[:, 0], rows[:, 1], rows[:, 2], doc, _char_positions(folded, rows[:, 1]))

    def findings(self, matches: Matches) -> pl.DataFrame:
        """Return the rules' findings (FINDING), one row per document, code, detector and level."""
        frames = [self._apply(lexicon, rule, matches) for lexicon in self.lexicons for rule in lexicon.rules]
        frames = [frame for frame in frames if frame is not None]
        return merge(pl.concat(frames)) if frames else pl.DataFrame(schema=FINDING)

    def positions(self, matches: Matches, names: tuple[str, ...] | list[str]) -> np.ndarray:
        """Return the indexes into `matches` whose term belongs to one of the qualified sets `names`."""
        member = np.zeros(len(self._terms), bool)
        for name in names:
            member[self.sets[name]] = True
        return np.flatnonzero(member[matches.pattern])

    def near(self, matches: Matches, anchors: np.ndarray, names: list[str], window: int) -> np.ndarray:
        """Return per anchor whether a term of `names` starts within `window` characters in its document."""
        others = self.positions(matches, names)
        if not len(others) or not len(anchors):
            return np.zeros(len(anchors), bool)
        place = np.searchsorted(matches.start[others], matches.start[anchors])
        result = np.zeros(len(anchors), bool)
        for step in (-1, 0, 1):
            beside = others[np.clip(place + step, 0, len(others) - 1)]
            close = np.abs(matches.char[beside] - matches.char[anchors]) <= window
            result |= close & (matches.doc[beside] == matches.doc[anchors])
        return result

    def hold(self, matches: Matches, names: tuple[str, ...], borders: np.ndarray) -> np.ndarray:
        """Return for each window between sorted byte `borders` whether it holds a term of the sets `names`."""
        for name in names:
            if name not in self.sets:
                raise SettingsError(
                    f"set {name!r} does not exist", where="model card", cure="run its lexicon too"
                )
        starts = matches.start[self.positions(matches, names)]
        return np.diff(np.searchsorted(starts, borders)) > 0

    def free(self, matches: Matches, lexicon: str, anchors: np.ndarray) -> np.ndarray:
        """Return the anchors that do not lie inside a `but` phrase of the lexicon."""
        name = f"{lexicon}.~but"
        if name not in self.sets or not len(anchors):
            return anchors
        phrases = self.positions(matches, [name])
        if not len(phrases):
            return anchors
        reach = np.maximum.accumulate(matches.end[phrases])
        place = np.searchsorted(matches.start[phrases], matches.start[anchors], side="right") - 1
        inside = (place >= 0) & (reach[np.maximum(place, 0)] >= matches.end[anchors])
        return anchors[~inside]

    def _apply(self, lexicon: Lexicon, rule: Rule, matches: Matches) -> pl.DataFrame | None:
        anchors = self.positions(matches, [_qualified(lexicon, name) for name in rule.any])
        anchors = self.free(matches, lexicon.lexicon, anchors)
        for item in rule.needs:
            names = [_qualified(lexicon, name) for name in ((item,) if isinstance(item, str) else item)]
            anchors = anchors[self.near(matches, anchors, names, rule.window)]
        if rule.unless and len(anchors):
            reach = rule.window if rule.unless_window < 0 else rule.unless_window
            names = [_qualified(lexicon, name) for name in rule.unless]
            anchors = anchors[~self.near(matches, anchors, names, reach)]
        if not len(anchors):
            return None
        frame = pl.DataFrame(
            {"text": matches.doc[anchors].astype(np.uint32), "term": matches.pattern[anchors]}
        )
        frame = frame.group_by("text").agg(pl.len().alias("n"), pl.col("term").n_unique().alias("terms"))
        return frame.filter(pl.col("terms") >= rule.distinct).select(
            "text",
            pl.lit(rule.code or lexicon.code).alias("code"),
            pl.lit(lexicon.name).alias("detector"),
            pl.lit(rule.level).alias("level"),
            pl.lit(rule.weight).alias("score"),
            pl.col("n").cast(pl.UInt32),
        )

    def _add(self, lexicon: Lexicon) -> None:
        for name, terms in {**lexicon.sets, "~but": lexicon.but}.items():
            members = self._members.setdefault(f"{lexicon.lexicon}.{name}", [])
            for term in terms:
                for form in expand(term, name in lexicon.leet):
                    members.append(self._forms.setdefault(form, len(self._forms)))

    def _check_names(self) -> None:
        for lexicon in self.lexicons:
            for rule in lexicon.rules:
                for name in set_names(rule):
                    if _qualified(lexicon, name) not in self._members:
                        raise SettingsError(
                            f"set {name!r} does not exist",
                            where=f"lexicon {lexicon.lexicon}: rules.{rule.id}",
                            cure="name a set of the lexicon itself or of the lexicon `context`",
                        )


def merge(findings: pl.DataFrame) -> pl.DataFrame:
    """Join findings of one document, code, detector and level: scores as independent chances, n summed."""
    miss = pl.col("n").clip(upper_bound=3).cast(pl.Float64)
    return (
        findings.group_by("text", "code", "detector", "level")
        .agg((1 - ((1 - pl.col("score")).pow(miss)).product()).round(4).alias("score"), pl.col("n").sum())
        .select(list(FINDING))
        .cast(FINDING)
    )


def _qualified(lexicon: Lexicon, name: str) -> str:
    return name if "." in name else f"{lexicon.lexicon}.{name}"


@numba.njit(cache=True, nogil=True)
def _is_word(byte):
    return 0x61 <= byte <= 0x7A or 0x30 <= byte <= 0x39 or byte == 0x5F or 0xC3 <= byte <= 0xCD


@numba.njit(cache=True, nogil=True)
def _whole(folded, rows, left, right):
    """Return which matches are whole words: no Latin letter or digit beside a Latin end."""
    keep = np.ones(rows.shape[0], np.bool_)
    for k in range(rows.shape[0]):
        pattern, start, end = rows[k, 0], rows[k, 1], rows[k, 2]
        if left[pattern] and start > 0:
            before = folded[start - 1]
            accented = start > 1 and before >= 0x80 and 0xC3 <= folded[start - 2] <= 0xCD
            keep[k] = not (_is_word(before) or accented)
        if keep[k] and right[pattern] and end < folded.size:
            keep[k] = not _is_word(folded[end])
    return keep


@numba.njit(cache=True, nogil=True)
def _char_positions(folded, starts):
    """Return the character number of each byte position of the sorted `starts`."""
    result = np.empty(starts.size, np.int64)
    position, count = 0, 0
    for k in range(starts.size):
        while position < starts[k]:
            count += (folded[position] & 0xC0) != 0x80
            position += 1
        result[k] = count
    return result
