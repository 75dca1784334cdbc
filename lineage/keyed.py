"""Names under the project key (HMAC-SHA256, 32 bytes): whoever lacks the key cannot confirm a guess by them."""

from __future__ import annotations

import hmac


def keyed_id(hmac_key: bytes, doc_id: bytes) -> bytes:
    """Return the name under which the ledger and public lineage know a removed document."""
    return hmac.digest(hmac_key, doc_id, "sha256")


def keyed_text(hmac_key: bytes, text_sha256: bytes) -> bytes:
    """Return the name of a text in public lineage: a plain digest would confirm a guess at what was redacted."""
    return hmac.digest(hmac_key, b"text\x00" + text_sha256, "sha256")


def keyed_value(hmac_key: bytes, purpose: str, value: bytes) -> bytes:
    """Return HMAC-SHA256(key, "removal", 0x00, purpose, 0x00, value): the ledger's name for a text, address or host."""
    return hmac.digest(hmac_key, b"removal\x00" + purpose.encode() + b"\x00" + value, "sha256")
