"""The election among verified duplicates: who stays, who leaves, and with whom."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.decide.keepers import elect

REASONS = {
    "kept": (None,),
    "removed": ("licence-missing", "low-quality", "prohibited-content", "removal-request"),
    "quarantined": ("secrecy-marking",),
}
CONTENT = ("prohibited-content", "removal-request", "secrecy-marking")


def name(i: int) -> bytes:
    return bytes([i]) * 32


def table(rows: list[tuple[str, str | None, int]]) -> pl.DataFrame:
    """Build candidates from (disposition, reason, priority)."""
    return pl.DataFrame(
        {
            "doc_id": [name(i) for i in range(len(rows))],
            "disposition": [r[0] for r in rows],
            "reason": pl.Series([r[1] for r in rows], dtype=pl.String),
            "order_priority": [r[2] for r in rows],
            "order_licence": [0] * len(rows),
            "order_quality": [0.0] * len(rows),
            "order_chars": [0] * len(rows),
            "order_date": ["9999"] * len(rows),
        },
        schema_overrides={"doc_id": pl.Binary, "order_priority": pl.Int64},
    )


def edge_table(pairs: list[tuple[int, int, float, str]]) -> pl.DataFrame:
    rows = [(name(min(a, b)), name(max(a, b)), j, k) for a, b, j, k in pairs]
    schema = {"a": pl.Binary, "b": pl.Binary, "jaccard": pl.Float64, "kind": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def lost(rows, pairs) -> dict[int, tuple]:
    result = elect(table(rows), edge_table(pairs))
    return {
        r["doc_id"][0]: (r["reason"], r["keeper"][0] if r["keeper"] else None, r["jaccard"])
        for r in result.to_dicts()
    }


def test_the_document_of_the_higher_priority_source_stays() -> None:
    assert lost([("kept", None, 1), ("kept", None, 9)], [(0, 1, 0.9, "near")]) == {
        0: ("near-duplicate", 1, 0.9)
    }


def test_a_keeper_lost_for_its_licence_passes_its_place_on() -> None:
    rows = [("kept", None, 1), ("removed", "licence-missing", 9), ("kept", None, 5)]
    pairs = [(0, 1, 1.0, "exact"), (1, 2, 1.0, "exact")]
    assert lost(rows, pairs) == {0: ("exact-duplicate", 2, 1.0)}


def test_a_document_lost_for_content_takes_its_verified_neighbours_along() -> None:
    rows = [("kept", None, 1), ("removed", "prohibited-content", 9), ("kept", None, 5)]
    assert lost(rows, [(0, 1, 0.9, "near"), (0, 2, 0.85, "near")]) == {0: ("twin-of-removed", 1, None)}


def test_a_duplicate_of_a_duplicate_stays_where_it_has_no_verified_keeper() -> None:
    rows = [("kept", None, 9), ("kept", None, 5), ("kept", None, 1)]
    assert lost(rows, [(0, 1, 0.9, "near"), (1, 2, 0.9, "near")]) == {1: ("near-duplicate", 0, 0.9)}


def test_members_of_an_exact_group_share_the_groups_keeper_and_jaccard() -> None:
    rows = [("kept", None, 9), ("kept", None, 5), ("kept", None, 1)]
    assert lost(rows, [(1, 2, 1.0, "exact"), (0, 1, 0.9, "near")]) == {
        1: ("near-duplicate", 0, 0.9),
        2: ("near-duplicate", 0, 0.9),
    }


def test_equal_shingle_sets_are_one_group_even_around_a_star() -> None:
    rows = [("removed", "low-quality", 9), ("kept", None, 5), ("kept", None, 1)]
    assert lost(rows, [(0, 1, 1.0, "near"), (0, 2, 1.0, "near")]) == {2: ("near-duplicate", 1, 1.0)}


def test_no_edges_no_losses() -> None:
    assert lost([("kept", None, 1)], []) == {}


documents = st.lists(
    st.sampled_from([(d, r) for d, reasons in REASONS.items() for r in reasons]).flatmap(
        lambda dr: st.integers(0, 3).map(lambda p: (*dr, p))
    ),
    min_size=2,
    max_size=12,
)


@st.composite
def graphs(draw):
    rows = draw(documents)
    # exact edges are stars around the smallest id of a group, as the dedup stage stores them
    groups = draw(st.lists(st.integers(0, len(rows) - 1), min_size=len(rows), max_size=len(rows)))
    heads = {g: min(i for i, x in enumerate(groups) if x == g) for g in groups}
    exact = [(heads[g], i, 1.0, "exact") for i, g in enumerate(groups) if heads[g] != i]
    reps = sorted(heads.values())
    pairs = [(a, b) for i, a in enumerate(reps) for b in reps[i + 1 :]]
    near = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return rows, groups, exact + [(a, b, 0.9, "near") for a, b in near], near


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_laws_of_the_election(graph) -> None:
    rows, groups, pairs, near = graph
    gone = lost(rows, pairs)
    live = {i for i, r in enumerate(rows) if r[0] == "kept"}
    linked = {(groups[a], groups[b]) for a, b in near} | {(groups[b], groups[a]) for a, b in near}

    def close(a: int, b: int) -> bool:
        return groups[a] == groups[b] or (groups[a], groups[b]) in linked

    assert set(gone) <= live
    stays = live - set(gone)
    tainted = {i for i, r in enumerate(rows) if r[1] in CONTENT}
    for i in live:
        twin = any(close(i, t) for t in tainted)
        assert (gone.get(i, ("",))[0] == "twin-of-removed") == twin
        if i in gone and not twin:
            keeper = gone[i][1]
            assert keeper in stays, "the keeper itself stays"
            assert close(i, keeper), "the Jaccard with the keeper is verified"
    for a in stays:
        assert not any(close(a, b) for b in stays if a != b), "no verified duplicates are left"


@settings(max_examples=50, deadline=None)
@given(graphs(), st.randoms())
def test_the_result_does_not_depend_on_the_order_of_rows_and_edges(graph, random) -> None:
    rows, _, pairs, _ = graph
    candidates, edges = table(rows), edge_table(pairs)
    order = list(range(len(rows)))
    random.shuffle(order)
    once = elect(candidates, edges).sort("doc_id")
    again = elect(candidates[order], edges.sample(fraction=1, shuffle=True, seed=3)).sort("doc_id")
    assert once.equals(again)
