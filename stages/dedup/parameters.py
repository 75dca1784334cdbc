"""Bands, rows and thresholds that follow from the settings, and the definition that manifests quote."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from functools import lru_cache

import numpy as np

from stages.dedup.scripts import folding_digest
from stages.dedup.settings import DedupSettings

DEFINITION = "hallmark-dedup@1"
_LOST = 1e-4  # chance that the estimate turns away a pair exactly at the threshold
_CURVE = (0.5, 0.6, 0.7, 0.8, 0.9)


@lru_cache(maxsize=8)
def bands_rows(settings: DedupSettings) -> tuple[int, int]:
    """Return (bands, rows): those set, else the best for threshold and weights by datasketch's integral."""
    if settings.bands and settings.rows:
        return settings.bands, settings.rows
    return _least_error(settings.threshold, settings.num_perm, settings.miss_weight)


def _least_error(threshold: float, num_perm: int, miss_weight: float) -> tuple[int, int]:
    """Return the (bands, rows) of least weighted error, the first of equals, as datasketch's MinHashLSH chooses.

    The error is (1 - miss_weight) times the integral of the detection curve up to the threshold, plus miss_weight
    times that of its complement above. The curve is a polynomial of degree bands * rows, so Gauss's rule with half
    as many points integrates it exactly; 256 points leave nothing to see above that. scipy, which datasketch
    asks, takes longer to import than all of this to run.
    """
    points, weights = np.polynomial.legendre.leggauss(min(num_perm // 2 + 1, 256))
    below, above = (points + 1) / 2 * threshold, threshold + (points + 1) / 2 * (1 - threshold)
    least, chosen = math.inf, (0, 0)
    for bands in range(1, num_perm + 1):
        rows = np.arange(1, num_perm // bands + 1)[:, None]
        needless = (1 - (1 - below**rows) ** bands) @ weights * threshold / 2
        missed = (1 - above**rows) ** bands @ weights * (1 - threshold) / 2
        error = needless * round(1 - miss_weight, 6) + missed * miss_weight
        best = int(np.argmin(error))
        if error[best] < least:
            least, chosen = error[best], (bands, best + 1)
    return chosen


def least_matches(settings: DedupSettings) -> int:
    """Return the fewest equal signature values with which a pair is verified.

    Equal values of a pair of similarity s follow Binomial(num_perm, s); the tail below the answer is at most
    1e-4 at the threshold.
    """
    n, s, tail = settings.num_perm, settings.threshold, 0.0
    for equal in range(n):
        tail += math.comb(n, equal) * s**equal * (1 - s) ** (n - equal)
        if tail > _LOST:
            return equal
    return n


def detection(settings: DedupSettings, similarity: float) -> float:
    """Return the chance that a pair of this Jaccard similarity shares a band: 1 - (1 - s^rows)^bands."""
    bands, rows = bands_rows(settings)
    return round(1 - (1 - similarity**rows) ** bands, 4)


def method(settings: DedupSettings) -> dict:
    """Return what manifests say about the method: enough to recompute any signature with datasketch."""
    from stages.dedup.signing import permutations

    bands, rows = bands_rows(settings)
    drawn = b"".join(array.astype("<u4").tobytes() for array in permutations(settings))
    return {
        "definition": DEFINITION,
        "normalisation_exact": "exact@1",
        "normalisation_near": "nfc, then per code point NFKC, case folding, NFKC",
        "folding_sha256": folding_digest(),
        "unicode": unicodedata.unidata_version,
        "shingle": {"word_ngram": settings.word_ngram, "char_ngram": settings.char_ngram},
        "hash": "xxh32",
        "scheme": "datasketch-affine32",
        "seed": settings.seed,
        "num_perm": settings.num_perm,
        "permutations_sha256": hashlib.sha256(drawn).hexdigest(),
        "bands": bands,
        "rows": rows,
        "threshold": settings.threshold,
        "least_matches": least_matches(settings),
        "hot_band_size": settings.hot_band_size,
        "detection": [{"jaccard": s, "chance": detection(settings, s)} for s in _CURVE],
    }
