"""Figures of a run: histogram, source pairs, flagged sources."""

from __future__ import annotations

import polars as pl

from stages.dedup import DedupSettings, report
from stages.dedup.clustering import EDGE_TABLE

ORIGINS = pl.DataFrame(
    {"doc_id": [bytes([n]) for n in range(8)], "source": ["x", "x", "x", "x", "y", "y", "z", "z"]},
    schema={"doc_id": pl.Binary, "source": pl.String},
)


def edges(*rows: tuple[int, int, float, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(bytes([a]), bytes([b]), j, k, None) for a, b, j, k in rows], orient="row", schema=EDGE_TABLE
    )


def test_pairs_are_counted_by_the_sources_they_join():
    found = report(
        edges((0, 4, 0.9, "near"), (1, 5, 1.0, "exact"), (2, 3, 0.8, "near")), ORIGINS, DedupSettings()
    )
    assert found["source_pairs"] == [
        {"a": "x", "b": "y", "exact": 1, "near": 1},
        {"a": "x", "b": "x", "exact": 0, "near": 1},
    ]
    assert (found["documents"], found["exact_pairs"], found["near_pairs"]) == (8, 1, 2)


def test_the_histogram_counts_every_near_pair_once():
    rows = [(0, 1, 0.8, "near"), (0, 2, 0.8199, "near"), (0, 3, 0.82, "near"), (1, 2, 1.0, "near")]
    found = report(edges(*rows, (4, 5, 1.0, "exact")), ORIGINS, DedupSettings())
    assert found["histogram"] == [
        {"from": 0.8, "pairs": 2},
        {"from": 0.82, "pairs": 1},
        {"from": 1.0, "pairs": 1},
    ]


def test_source_loss_warn_flags_a_source_with_too_large_a_share_of_duplicates():
    pairs = edges((0, 4, 0.9, "near"), (1, 5, 0.9, "near"))
    flags = {s["source"]: s["flagged"] for s in report(pairs, ORIGINS, DedupSettings())["sources"]}
    assert flags == {"x": False, "y": True, "z": False}
    strict = report(pairs, ORIGINS, DedupSettings(source_loss_warn=0.4))["sources"]
    assert [s["flagged"] for s in strict] == [True, True, False]
    assert [s["share"] for s in strict] == [0.5, 1.0, 0.0]


def test_a_run_without_duplicates_has_figures_too():
    found = report(edges(), ORIGINS, DedupSettings())
    assert (found["histogram"], found["source_pairs"]) == ([], [])
    assert len(found["sources"]) == 3
