"""Exact and near duplicates: evidence only, nothing is removed here.

Phases, each a pure function that a runner maps over its unit of work and stores in between:

1. per part         `sign(docs, settings)` -> SIGNATURES, written as one Parquet file per part
2. once             `exact(signature_files, settings)` -> MEMBERS: who repeats whose normalised text
3. per partition p  `candidates(signature_files, settings, p, n, members)` -> PAIRS, n = `partitions(...)`;
                    then `merge_pairs(tables)` and `batches(pairs, settings)`
                    `split(named(pairs, files), carried)` leaves those whose two texts no earlier run compared
4. per batch        `verify(batch, texts, settings)` -> VERIFIED: exact Jaccard of every candidate
                    `carry(pairs, verified)` -> CARRIED, for the next run
5. once             `merge(members, verified, settings)` -> EDGES; `clusters(edges)` -> CLUSTERS
6. per part         `annotate(signed, clusters)` -> DEDUP; once, for metrics, `report(edges, origins, settings)`
   if asked, per part `pieces(docs, settings)` -> LINES; per partition `repeated(files, settings, p, n)`; per part
                     `shares(lines, repeated)`; and `index_test_sets(sets, settings)`, `overlap(docs, index, settings)`
   any time          `earlier(signature_files, index_files, settings)` -> EARLIER: who was in an older release;
                     `similar(texts, index_files, settings)` -> SIMILAR: who in an index resembles a few texts

Files are passed as lists in one fixed order: the text file of a part stands at the place of its signature
file.

How to read EDGES: an exact edge joins a document with its representative, the smallest document id of the
same normalised text. Only representatives are compared with others, and the members of an exact group share
one shingle set, so a representative's near edges hold for all of them with the same Jaccard. An edge of 1.0
means equal sets, which is transitive; no other edge is.

The names below are imported on first use: settings are read at every start of the command line.
"""

from __future__ import annotations

from lineage import lazy

__getattr__, __all__ = lazy.names(
    __name__,
    {
        "CARRIED": "carried",
        "DedupSettings": "settings",
        "annotate": "clustering",
        "batches": "verification",
        "candidates": "banding",
        "carry": "carried",
        "clusters": "clustering",
        "earlier": "releases",
        "exact": "repeats",
        "index_test_sets": "contamination",
        "merge": "clustering",
        "merge_pairs": "banding",
        "method": "parameters",
        "named": "carried",
        "overlap": "contamination",
        "partitions": "banding",
        "pieces": "lines",
        "repeated": "lines",
        "report": "reporting",
        "shares": "lines",
        "sign": "signing",
        "similar": "lookup",
        "split": "carried",
        "verify": "verification",
    },
)
