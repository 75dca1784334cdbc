"""Classifiers: one-vs-rest over risk codes, each bound to its card by digest.

They are fastText models, linear heads (linear.py) or document vectors (vectors.py). Folded text is prepared so that
Han characters stand apart: word n-grams are character n-grams in Chinese. Long documents are scored in windows; the
worst window counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import polars as pl

from lineage.errors import SettingsError, TrustError
from stages.screen import linear, vectors
from stages.screen.fold import _decode, _encode, _is_han

SHIPPED = Path(__file__).parent / "models"
OWN = {
    linear.SUFFIX: linear.load,
    vectors.SUFFIX: vectors.load,
}  # forms of this project; the others are fastText's
SUFFIXES = (".bin", ".ftz", *OWN)
PREPARE_VERSION = 1
_MIN_TOKENS = 3


class Card(NamedTuple):
    """What a model's card must say for the model to run."""

    name: str
    version: int
    sha256: str
    script: str  # han | latin: the documents it was trained for
    languages: tuple[str, ...]
    codes: tuple[str, ...]  # labels that are risk codes; any other label is benign
    prepare: int
    threshold: float  # chosen on held-back benign text
    evidence: dict[str, Any]
    needs: tuple[str, ...] = ()  # lexicon sets of which a window must hold a term to be judged
    unless: tuple[str, ...] = ()  # lexicon sets of which it must not hold one

    @property
    def detector(self) -> str:
        """Detector name with version."""
        return f"{self.name}@{self.version}"


Gate = Callable[
    [tuple[str, ...], np.ndarray], np.ndarray
]  # set names, window borders -> which windows hold a term


class Classifier:
    """One loaded model with its card."""

    def __init__(self, path: Path, card: Card, origin: str = "shipped") -> None:
        self.path, self.card, self.origin = path, card, origin

    @cached_property
    def model(self) -> Any:
        """The model (linear.Head, vectors.Vectors or fastText's), loaded at first use."""
        if self.path.suffix in OWN:
            return OWN[self.path.suffix](self.path, self.card.codes)
        import fasttext

        try:
            return fasttext.load_model(str(self.path))
        except (ValueError, RuntimeError, MemoryError) as error:
            raise SettingsError(
                "not a fastText model", where=str(self.path), cure="restore the file or train it again"
            ) from error

    def score(self, windows: list[str]) -> np.ndarray:
        """Return float64[windows, codes]: the probability of each of the card's codes."""
        if self.path.suffix in OWN:
            return self.model.score(windows)
        columns = {f"__label__{code}": k for k, code in enumerate(self.card.codes)}
        result = np.zeros((len(windows), len(columns)))
        predict, k = self.model.f.predict, len(self.model.f.getLabels("strict")[0]) if columns else 0
        for row, window in enumerate(windows):  # fastText has no batch interface that is faster
            for probability, label in predict(window + "\n", k, 0.0, "strict"):
                if label in columns:
                    result[row, columns[label]] = min(probability, 1.0)
        return result


def load(path: Path, origin: str = "shipped") -> Classifier:
    """Return the classifier of a model file (SUFFIXES) and its card (*.json), digests compared."""
    card_path = path.with_suffix(".json")
    try:
        raw, fields = path.read_bytes(), json.loads(card_path.read_text(encoding="utf-8"))
        card = Card(**{name: _frozen(fields[name]) for name in Card._fields if name not in optional(fields)})
    except OSError as error:
        raise SettingsError(
            f"model or card cannot be read: {error.strerror}",
            where=str(error.filename),
            cure="name an existing model with its card",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"model card is not complete: {error}",
            where=str(card_path),
            cure="write the card again by training",
        ) from error
    if hashlib.sha256(raw).hexdigest() != card.sha256:
        raise TrustError(
            "model differs from the digest on its card", where=str(path), cure="restore or retrain it"
        )
    if card.prepare != PREPARE_VERSION:
        raise SettingsError(
            f"model was trained on text prepared by version {card.prepare}, this is {PREPARE_VERSION}",
            where=str(card_path),
            cure="train it again",
        )
    return Classifier(path, card, origin)


def optional(fields: dict[str, Any]) -> set[str]:
    """Return the card fields with a default that `fields` leaves out."""
    return {name for name in Card._field_defaults if name not in fields}


def shipped_path(name: str) -> Path:
    """Return the path of a shipped model; SettingsError names the models there are."""
    found = {path.stem: path for path in SHIPPED.iterdir() if path.suffix in SUFFIXES}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise SettingsError(f"no shipped model {name!r}", where="screen.models", cure=f"choose from: {known}")
    return found[name]


def find(
    folded: np.ndarray,
    ends: np.ndarray,
    classifiers: list[Classifier],
    window_chars: int,
    floor: float,
    gate: Gate,
) -> pl.DataFrame:
    """Return findings (text, code, detector, level, score, n): the worst window of each document."""
    windows, docs, script, begins = windows_of(folded, ends, window_chars)
    frames = []
    for classifier in classifiers:
        fit = script == (1 if classifier.card.script == "han" else 2)
        if classifier.card.needs:
            fit &= gate(classifier.card.needs, begins)
        if classifier.card.unless:
            fit &= ~gate(classifier.card.unless, begins)
        wanted = np.flatnonzero(fit)
        scores = classifier.score([windows[k] for k in wanted])
        for column, code in enumerate(classifier.card.codes):
            frame = pl.DataFrame(
                {"text": docs[wanted].astype(np.uint32), "score": scores[:, column].round(4)}
            )
            frame = frame.filter(pl.col("score") >= floor)
            frames.append(
                frame.group_by("text")
                .agg(pl.col("score").max(), pl.len().alias("n"))
                .select(
                    "text",
                    pl.lit(code).alias("code"),
                    pl.lit(classifier.card.detector).alias("detector"),
                    pl.lit("flag").alias("level"),
                    "score",
                    pl.col("n").cast(pl.UInt32),
                )
            )
    return pl.concat(frames) if frames else pl.DataFrame()


def windows_of(
    folded: np.ndarray, ends: np.ndarray, window_chars: int
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return prepared windows, the document of each, and script (0 other or short, 1 Han, 2 Latin) and borders."""
    out, cuts, docs, script, begins = _prepare(folded, np.ascontiguousarray(ends, np.int64), window_chars)
    text = out.tobytes()
    pieces = [
        text[a:b].decode("utf-8", "replace")
        for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    ]
    return pieces, docs, script, begins


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@numba.njit(cache=True, nogil=True)
def _prepare(folded, ends, window_chars):
    """Space Han characters apart, cut windows at token borders, and say each window's main script."""
    n = ends.size - 1
    out = np.empty(folded.size * 2 + n + 8, np.uint8)
    limit = n + folded.size // max(window_chars // 2, 1) + 8
    cuts, docs, script = np.empty(limit + 1, np.int64), np.empty(limit, np.int64), np.empty(limit, np.uint8)
    begins = np.zeros(limit + 1, np.int64)
    o, w = 0, 0
    cuts[0] = 0
    for d in range(n):
        han, latin, other, tokens, chars, in_word = 0, 0, 0, 0, 0, False
        i = ends[d]
        while i < ends[d + 1] - 1:
            c, length = _decode(folded, i)
            i += length
            chars += 1
            if _is_han(c):
                if in_word:
                    out[o] = 0x20
                    o += 1
                o = _encode(out, o, c)
                out[o] = 0x20
                o += 1
                han, tokens, in_word = han + 1, tokens + 1, False
            elif (
                c <= 0x20
                or (0x21 <= c <= 0x2F and c != 0x27)
                or 0x3A <= c <= 0x40
                or 0x5B <= c <= 0x60
                or (
                    0x7B <= c <= 0x7F
                    or 0x2000 <= c <= 0x206F
                    or 0x3000 <= c <= 0x303F
                    or 0xFF00 <= c <= 0xFF0F
                )
            ):
                if in_word:
                    out[o] = 0x20
                    o += 1
                in_word = False
            else:
                tokens += not in_word
                in_word = True
                latin += 0x61 <= c <= 0x7A
                other += c >= 0x250
                o = _encode(out, o, c)
            last = i >= ends[d + 1] - 1
            if last or (chars >= window_chars and not in_word) or chars >= 2 * window_chars:
                kind = 0
                if tokens >= 3:
                    kind = 1 if 4 * han >= latin and han >= other else (2 if latin > 2 * other else 0)
                docs[w], script[w] = d, kind
                w += 1
                cuts[w], begins[w] = o, i
                han, latin, other, tokens, chars, in_word = 0, 0, 0, 0, 0, False
    return out[:o], cuts[: w + 1], docs[:w], script[:w], begins[: w + 1]
