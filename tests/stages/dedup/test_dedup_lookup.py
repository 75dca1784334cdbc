"""A few texts are looked up in an index of signatures: every near one is found, with no text beside the index."""

from __future__ import annotations

import datasketch
import dedup_reference as reference
import numpy as np
import polars as pl
import pytest
from test_dedup_pairs import variants

from stages.dedup import DedupSettings, sign, similar
from stages.dedup.lookup import SIMILAR


@pytest.fixture
def index(tmp_path):
    files = []
    for n, texts in enumerate([variants(5, 30, (1, 30)), ["short", None, "!"]]):
        files.append(tmp_path / f"{n}.parquet")
        sign(reference.documents(texts, str(n)), DedupSettings()).write_parquet(files[-1])
    return files


def test_every_document_at_or_over_the_estimate_is_found_and_no_other(index):
    settings = DedupSettings()
    texts = variants(5, 30, (1, 30))[:9]
    found = similar(pl.Series(texts), index, settings, least=0.3)
    table = pl.read_parquet(index[0])
    stored = np.frombuffer(b"".join(table["signature"]), "<u4").reshape(-1, 128)
    expected = set()
    for query, text in enumerate(texts):
        mine = np.frombuffer(sign(reference.documents([text], "q"), settings)["signature"][0], "<u4")
        hashes = [datasketch.MinHash(scheme="affine32", seed=1, hashvalues=v) for v in (mine, *stored)]
        for row, other in enumerate(hashes[1:]):
            if hashes[0].jaccard(other) >= 0.3:
                expected.add((query, 0, row, round(hashes[0].jaccard(other), 4)))
    assert {(q, f, r, e) for q, f, r, _, _, e in found.rows()} == expected
    assert len(expected) > 9


def test_the_same_text_is_exact_and_the_default_is_the_threshold(index):
    asked = pl.Series(["short", "Short", None, "!", "nowhere to be found"])
    found = similar(asked, index, DedupSettings())
    assert found.select("query", "file", "row", "kind", "estimate").rows() == [
        (0, 1, 0, "exact", 1.0),
        (1, 1, 0, "near", 1.0),
        (3, 1, 2, "exact", 1.0),
    ]


def test_nothing_asked_or_nothing_kept_finds_nothing(index):
    assert similar(pl.Series([], dtype=pl.String), index, DedupSettings()).is_empty()
    assert dict(similar(pl.Series(["short"]), [], DedupSettings()).schema) == SIMILAR
