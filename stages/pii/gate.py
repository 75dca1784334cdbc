"""The gate: find in one pass where a recognizer could match, and cut the windows around those places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stages.pii.batch import JOINT, Batch


class Windows(NamedTuple):
    """Windows of a batch joined into one buffer: `text`; per window its begin there, its bounds in the batch, its document."""

    text: str
    at: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    docs: np.ndarray
    cut_left: np.ndarray
    cut_right: np.ndarray
    guard: int


def windows(batch: Batch, docs: np.ndarray, gate: str) -> Windows:
    """Return the windows of `docs` in which recognizers with this gate can match."""
    starts, ends = batch.starts[docs], batch.ends[docs]
    sizes = ends - starts + len(JOINT)
    at = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    text = JOINT.join(batch.text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True))
    no = np.zeros(len(docs), dtype=bool)
    return Windows(text, at, starts, ends, docs, no, no, 2)
