"""How often each term of the lexicons is met: what finds nothing any more can be taken out or mended."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from stages.screen import fold
from stages.screen.lexicon import expand
from stages.screen.matcher import Matcher

TERMS = {
    "detector": pl.String,
    "origin": pl.String,
    "set": pl.String,
    "term": pl.String,
    "updated": pl.Date,  # of its lexicon
    "hits": pl.UInt64,  # before context rules, overlapping ones included
    "docs": pl.UInt64,
}
_TERM = ["detector", "origin", "set", "term", "updated"]


def count(texts: Iterable[pl.Series], matcher: Matcher) -> pl.DataFrame:
    """Return TERMS, one row per term of every lexicon, also those met nowhere; texts: blocks without nulls."""
    listed = _listed(matcher)
    found = [pl.DataFrame(schema={"id": pl.UInt32, "hits": pl.UInt64, "docs": pl.UInt64})]
    for block in texts:
        folded, ends = fold.fold(*fold.utf8_parts(block.to_arrow()))
        met = matcher.match(folded, ends)
        hits = pl.DataFrame({"pattern": met.pattern, "doc": met.doc}).join(listed, on="pattern")
        sums = hits.group_by("id").agg(hits=pl.len(), docs=pl.col("doc").n_unique())
        found.append(sums.select("id", pl.col("hits", "docs").cast(pl.UInt64)))
    totals = pl.concat(found).group_by("id").agg(pl.sum("hits", "docs"))
    named = listed.unique("id", keep="first").join(totals, on="id", how="left")
    rows = named.with_columns(pl.col("hits", "docs").fill_null(0)).group_by(_TERM).agg(pl.max("hits", "docs"))
    return rows.select(pl.col(name).cast(kind) for name, kind in TERMS.items()).sort(
        "detector", "set", "term"
    )


def _listed(matcher: Matcher) -> pl.DataFrame:
    """Return (pattern of the automaton, id and facts of the term whose form it is)."""
    rows, number = [], 0
    for lexicon in matcher.lexicons:
        for name, terms in {**lexicon.sets, "but": lexicon.but}.items():
            for term in terms:
                facts = (lexicon.name, lexicon.origin, name, term, lexicon.updated)
                forms = expand(term, name in lexicon.leet)
                rows += [(matcher._forms[form], number, *facts) for form in forms]
                number += 1
    schema = {"pattern": pl.Int64, "id": pl.UInt32, **{name: TERMS[name] for name in _TERM}}
    return pl.DataFrame(rows, schema=schema, orient="row")
