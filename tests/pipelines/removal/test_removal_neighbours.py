"""The twins that a request names are exactly those that the election takes along."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.removal.addresses import canonical_url, domains_of, host_of, one
from pipelines.removal.find import neighbours
from stages.decide.keepers import elect


def doc(n: int) -> bytes:
    return bytes([n]) * 32


@st.composite
def graphs(draw):
    """Exact groups as stars around their smallest id; near edges between representatives; some documents asked for."""
    group = draw(st.lists(st.integers(0, 7), min_size=1, max_size=16))
    members = {g: [n for n, of in enumerate(group) if of == g] for g in set(group)}
    heads = sorted(m[0] for m in members.values())
    pairs = [(a, b) for a in heads for b in heads if a < b]
    near = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    rows = [(doc(m[0]), doc(n), 1.0, "exact") for m in members.values() for n in m[1:]]
    rows += [(doc(a), doc(b), 0.9, "near") for a, b in near]
    asked = draw(st.sets(st.integers(0, len(group) - 1), min_size=1))
    edges = pl.DataFrame(
        rows,
        schema={"a": pl.Binary, "b": pl.Binary, "jaccard": pl.Float64, "kind": pl.String},
        orient="row",
    )
    return len(group), edges.sort("a", "b"), asked


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_named_twins_are_those_that_the_election_takes_along(graph):
    count, edges, asked = graph
    ids = pl.Series("doc_id", [doc(n) for n in sorted(asked)], dtype=pl.Binary)
    named = set(neighbours(edges, ids)) - set(ids)
    table = pl.DataFrame(
        {
            "doc_id": [doc(n) for n in range(count)],
            "disposition": ["removed" if n in asked else "kept" for n in range(count)],
            "reason": ["removal-request" if n in asked else None for n in range(count)],
            **{f"order_{name}": [0] * count for name in ("priority", "licence", "quality", "chars")},
            "order_date": ["2026"] * count,
        },
        schema_overrides={"doc_id": pl.Binary, "reason": pl.String},
    )
    taken = elect(table, edges).filter(pl.col("reason") == "twin-of-removed")
    assert set(taken["doc_id"]) == named


def test_spellings_of_one_address_are_one():
    spellings = [
        "https://www.Example.org/A/b?c=1", "http://WWW.EXAMPLE.ORG:80/A/b?c=1#top", "www.example.org/A/b?c=1",
        " https://user@www.example.org:443/A/b?c=1 ",
    ]  # fmt: skip
    assert {one(canonical_url, s) for s in spellings} == {"www.example.org/A/b?c=1"}
    assert one(canonical_url, "http://example.org/") == one(canonical_url, "example.org") == "example.org"
    assert one(canonical_url, "http://a.org/X") != one(canonical_url, "http://a.org/x")


def test_a_domain_covers_the_hosts_below_it_and_no_other():
    assert one(host_of, "https://A.b.Example.org.:8080/x") == "a.b.example.org"
    assert domains_of("a.example.org") == ["a.example.org", "example.org", "org"]
    assert "example.org" not in domains_of("notexample.org")
