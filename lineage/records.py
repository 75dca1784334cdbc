"""The schema of every table that passes between stages; the floor plan of all Parquet files.

Every per-part table has exactly the rows of its part, in the order of `row`; unreadable records keep their row.
Digests and document ids are 32 raw bytes in tables and lower-case hex in JSON, on screen and in shards.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa

STATUS_OK = "ok"
STATUS_UNREADABLE = "unreadable"
DISPOSITIONS = ("kept", "redacted", "removed", "quarantined", "unreadable")
#: Noted in `transforms` where a document's own licence is no SPDX expression, so that the source's stands for it.
LICENCE_UNREAD = "licence-unread"

TURN = pa.struct([("role", pa.large_string()), ("content", pa.large_string())])

#: data/ingest/<source>/<part>.parquet: the only table before publish that holds text. Restricted.
DOCUMENTS = pa.schema(
    [
        ("row", pa.uint32()),  # position in the part, 0-based
        ("doc_id", pa.large_binary()),  # sha256(source_id, 0x00, native id)
        ("source", pa.large_string()),
        ("status", pa.large_string()),  # ok | unreadable
        ("error", pa.large_string()),  # reason slug when unreadable, else null
        ("native_id", pa.large_string()),  # the data's own id, else "<file>#<record>"
        ("file", pa.large_string()),  # path inside the source, "/"-separated; members as "a.tar!b.txt"
        ("record", pa.int64()),  # record number in the file, 0-based
        ("offset", pa.int64()),  # byte offset in the uncompressed stream; null where the format has none
        ("length", pa.int64()),  # bytes; null as above
        ("url", pa.large_string()),
        ("warc_id", pa.large_string()),
        ("title", pa.large_string()),
        ("author", pa.large_string()),
        ("date", pa.large_string()),  # ISO date as found in the data
        ("licence", pa.large_string()),  # SPDX expression: the document's own, else the source's
        ("kind", pa.large_string()),  # text | pair | messages
        ("text", pa.large_string()),  # null when unreadable; turns joined by two newlines
        ("turns", pa.large_list(TURN)),  # null for plain text
        ("raw_sha256", pa.large_binary()),  # of the record's bytes as found
        ("text_sha256", pa.large_binary()),  # of the UTF-8 text
        ("chars", pa.uint32()),
        ("bytes", pa.uint32()),  # of the UTF-8 text
        ("ai_label", pa.large_string()),  # GB 45438-2025 verdict: labelled-1|2|3, explicit-only, ..., none
        ("ai_label_json", pa.large_string()),  # the label as found, canonical JSON, else null
        ("transforms", pa.large_list(pa.large_string())),  # e.g. decoded:gb18030, nfc, newlines
        ("meta", pa.large_string()),  # other columns as canonical JSON, else null; never published by default
    ]
)

#: data/quality/...: evidence about language and form; thresholds live in the policy.
QUALITY_FIXED = pa.schema(
    [
        ("row", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("lang", pa.large_string()),  # BCP 47: en, zh-Hans, zh-Hant, lzh, ...; und
        ("lang_score", pa.float64()),
        ("quality_score", pa.float64()),  # 0..1, higher is better; used by the keeper order
    ]
)

#: data/dedup/...: where a document stands among its near-duplicates; removes nothing.
DEDUP = pa.schema(
    [
        ("row", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("exact", pa.large_binary()),  # sha256 of the normalised text: the exact group
        ("shingles", pa.uint32()),
        ("cluster", pa.large_binary()),  # smallest doc_id of the component; null for a document on its own
        ("degree", pa.uint32()),  # verified edges
    ]
)

#: data/dedup_edges/edges.parquet: verified pairs, a < b, sorted.
EDGES = pa.schema(
    [
        ("a", pa.large_binary()),
        ("b", pa.large_binary()),
        ("jaccard", pa.float64()),  # of shingle sets, 4 decimals; 1.0 for exact
        ("kind", pa.large_string()),  # exact | near
        ("bands", pa.uint16()),  # bands in which the two signatures are equal; null for exact
    ]
)

PII_COUNT = pa.struct([("type", pa.large_string()), ("n", pa.uint32())])

#: data/pii/...: counts by type only.
PII = pa.schema(
    [
        ("row", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("counts", pa.large_list(PII_COUNT)),  # sorted by type; empty list where nothing was found
        ("sensitive", pa.large_list(pa.large_string())),  # PIPL Art. 28 classes, sorted
        ("per_kchar", pa.float64()),  # findings per 1,000 characters, 4 decimals
        ("not_run", pa.large_list(pa.large_string())),  # detectors not run on this document
    ]
)

#: data/pii_spans/...: restricted, cache: false, never leaves the machine; one row per finding.
PII_SPANS = pa.schema(
    [
        ("row", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("type", pa.large_string()),
        ("start", pa.uint32()),  # character (code point) offsets into `text`
        ("end", pa.uint32()),
        ("score", pa.float64()),
        ("detector", pa.large_string()),  # name@version
        ("selector", pa.large_binary()),  # HMAC-SHA256(project key, type 0x00 normalised value)
    ]
)

HIT = pa.struct(
    [
        ("code", pa.large_string()),  # A.1-d, cbrn-chemical, secrecy-state, poison-hidden-text, ...
        ("detector", pa.large_string()),  # name@version
        ("level", pa.large_string()),  # mention | context | restricted | marking | exam-paper | flag
        ("score", pa.float64()),  # 4 decimals
        ("n", pa.uint32()),
    ]
)

#: data/screen/...: evidence by risk code; no snippet, no position.
SCREEN = pa.schema(
    [
        ("row", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("hits", pa.large_list(HIT)),  # sorted by (code, detector, level)
        ("not_run", pa.large_list(pa.large_string())),
    ]
)

#: data/sample/draws.parquet: seeded draws.
DRAWS = pa.schema(
    [
        ("draw", pa.large_string()),  # probe | audit | quarantine | detector
        ("stratum", pa.large_string()),  # source id (probe, audit), "*", or detector, language, stratum
        ("rank", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("source", pa.large_string()),
        ("part", pa.large_string()),
        ("row", pa.uint32()),
        ("text_sha256", pa.large_binary()),
    ]
)

#: data/decide/...: one verdict per document.
DECISIONS = pa.schema(
    [
        ("row", pa.uint32()),
        ("doc_id", pa.large_binary()),
        ("disposition", pa.large_string()),  # one of DISPOSITIONS
        ("reason", pa.large_string()),  # slug of lineage.reasons; null when kept untouched
        ("stage", pa.large_string()),  # whose evidence decided
        ("rule", pa.large_string()),  # rule id in the policy
        ("detector", pa.large_string()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("keeper", pa.large_binary()),  # the document that stands for this one, or took it along
        ("jaccard", pa.float64()),  # with the keeper, verified
        ("reviewer", pa.large_string()),  # pseudonym, when a person decided
    ]
)


def doc_id(source_id: str, native_id: str) -> bytes:
    """Return the 32-byte document id, stable across releases: sha256(source_id, 0x00, native id)."""
    return hashlib.sha256(source_id.encode() + b"\x00" + native_id.encode("utf-8", "surrogatepass")).digest()
