"""What the removal ledger says: which documents, texts and selectors stay out, and which certificates are revoked.

The ledger names nothing in the open: documents by HMAC-SHA256(project key, document id), the same value under which
public lineage shows a removed row; texts and requests by keyed hashes with a purpose in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lineage.keyed import keyed_id, keyed_text, keyed_value
from lineage.ledger import append, entries, head
from lineage.removals.words import BASES, SELECTORS

#: Basis of the requests that purge writes for what it erases unasked.
ILLEGAL = "illegal-content"

__all__ = [
    "BASES",
    "ILLEGAL",
    "SELECTORS",
    "Standing",
    "accepted",
    "append",
    "entries",
    "keyed_id",
    "keyed_text",
    "keyed_value",
    "release_facts",
    "requested_ids",
    "standing",
]


@dataclass(frozen=True)
class Standing:
    """The requests that stand: accepted and not rejected since. All values are keyed hashes (32 bytes)."""

    ids: frozenset[bytes] = frozenset()  # documents that were asked for
    twins: frozenset[bytes] = frozenset()  # their verified near-duplicates
    texts: frozenset[bytes] = frozenset()  # normalised texts of the documents asked for
    twin_texts: frozenset[bytes] = frozenset()
    selectors: dict[str, frozenset[bytes]] = field(default_factory=dict)  # url, domain, subject
    signatures: tuple[dict[str, Any], ...] = ()  # sealed MinHash signatures: seq, path, sha256, method
    key_ids: frozenset[str] = frozenset()
    illegal: frozenset[bytes] = frozenset()  # ids and texts that were erased as illegal content: tombstones

    def __bool__(self) -> bool:
        return bool(self.ids or self.texts or self.signatures or any(self.selectors.values()))


def standing(ledger: Path) -> Standing:
    """Return what the ledger keeps out of every release; a broken ledger is a TrustError."""
    live = accepted(entries(ledger))
    illegal = [e for e in live if e.get("basis") == ILLEGAL]
    return Standing(
        ids=_keyed(live, "ids"),
        twins=_keyed(live, "twins"),
        texts=_keyed(live, "texts"),
        twin_texts=_keyed(live, "twin_texts"),
        selectors={
            kind: frozenset(
                bytes.fromhex(e["selector"]["value"]) for e in live if e["selector"]["kind"] == kind
            )
            for kind in SELECTORS
        },
        signatures=tuple(e["signatures"] | {"seq": e["seq"]} for e in live if e.get("signatures")),
        key_ids=frozenset(e["selector"]["hmac_key_id"] for e in live),
        illegal=_keyed(illegal, "ids") | _keyed(illegal, "texts"),
    )


def accepted(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the requests among entries that were accepted and not rejected later."""
    withdrawn = {e["target"] for e in found if e["event"] == "reject"}
    return [
        e
        for e in found
        if e["event"] == "request" and e["decision"] == "accept" and e["seq"] not in withdrawn
    ]


def requested_ids(ledger: Path, hmac_key: bytes, doc_ids: Iterable[bytes]) -> list[bytes]:
    """Return those of `doc_ids` (32 bytes each) that standing requests name, sorted."""
    ids = standing(ledger).ids
    return sorted(d for d in doc_ids if keyed_id(hmac_key, d) in ids) if ids else []


def release_facts(ledger: Path) -> dict[str, Any]:
    """Return what a release manifest says of the ledger: {ledger: {entries, head_hash}, revocations: [...]}.

    revocations: {certificate, reason}, sorted, once each: certificates of shards and releases that hold a document
    which has been removed since.
    """
    found = entries(ledger)
    revoked = {c["certificate"] for e in accepted(found) for c in e["revoked_certs"]}
    rows = [{"certificate": c, "reason": "removal-request"} for c in sorted(revoked)]
    return {"ledger": head(found)._asdict(), "revocations": rows}


def _keyed(live: Sequence[dict[str, Any]], name: str) -> frozenset[bytes]:
    return frozenset(bytes.fromhex(v) for e in live for v in e["matched"][f"keyed_{name}"])
