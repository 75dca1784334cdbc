"""Exact and near duplicates: evidence only, nothing is removed here.

Phases, each a pure function that a runner maps over its unit of work and stores in between:

1. per part         `sign(docs, settings)` -> SIGNATURES, written as one Parquet file per part
2. once             `exact(signature_files, settings)` -> MEMBERS: who repeats whose normalised text
3. per partition p  `candidates(signature_files, settings, p, n, members)` -> PAIRS, n = `partitions(...)`;
                    then `merge_pairs(tables)` and `batches(pairs, settings)`
4. per batch        `verify(batch, texts, settings)` -> VERIFIED: exact Jaccard of every candidate
5. once             `merge(members, verified, settings)` -> EDGES; `clusters(edges)` -> CLUSTERS
6. per part         `annotate(signed, clusters)` -> DEDUP; once, for metrics, `report(edges, origins, settings)`
   any time          `earlier(signature_files, index_files, settings)` -> EARLIER: who was in an older release

Files are passed as lists in one fixed order: the text file of a part stands at the place of its signature
file.

How to read EDGES: an exact edge joins a document with its representative, the smallest document id of the
same normalised text. Only representatives are compared with others, and the members of an exact group share
one shingle set, so a representative's near edges hold for all of them with the same Jaccard. An edge of 1.0
means equal sets, which is transitive; no other edge is.
"""

from __future__ import annotations

from stages.dedup.banding import candidates, merge_pairs, partitions
from stages.dedup.clustering import annotate, clusters, merge
from stages.dedup.parameters import method
from stages.dedup.releases import earlier
from stages.dedup.repeats import exact
from stages.dedup.reporting import report
from stages.dedup.settings import DedupSettings
from stages.dedup.signing import sign
from stages.dedup.verification import batches, verify

__all__ = [
    "DedupSettings",
    "annotate",
    "batches",
    "candidates",
    "clusters",
    "earlier",
    "exact",
    "merge",
    "merge_pairs",
    "method",
    "partitions",
    "report",
    "sign",
    "verify",
]
