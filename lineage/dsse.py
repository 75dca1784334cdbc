"""DSSE 1.0 envelopes: signatures over a payload type and the exact payload bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lineage import canonical
from lineage.errors import TrustError
from lineage.keys import Signer, keyid, load_public

STATEMENT_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope: payload type, exact payload bytes, signatures as (key id hint, raw signature)."""

    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signers: Iterable[Signer]) -> bytes:
    """Return the envelope as canonical JSON, with one signature per signer in order of key id."""
    message = pae(payload_type, payload)
    made = sorted({s.keyid: s.sign(message) for s in signers}.items())
    if not made:
        raise TrustError("an envelope needs at least one signer")
    return encode(Envelope(payload_type, payload, tuple(made)))


def encode(envelope: Envelope) -> bytes:
    """Return the envelope's JSON bytes."""
    signatures = [{"keyid": k, "sig": to_base64(s)} for k, s in envelope.signatures]
    body = {
        "payload": to_base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": signatures,
    }
    return canonical.plain_dumps(body)


def parse(data: bytes, *, where: str = "", limit: int | None = None) -> Envelope:
    """Return the parsed envelope without judging its signatures; a malformed one is a TrustError."""
    body = canonical.loads(data, where=where, limit=limit)
    try:
        signatures = tuple((str(s.get("keyid", "")), from_base64(s["sig"])) for s in body["signatures"])
        kind, payload = body["payloadType"], from_base64(body["payload"])
    except (KeyError, TypeError, AttributeError, binascii.Error, ValueError):
        raise TrustError("not a DSSE envelope", where=where) from None
    if not isinstance(kind, str):
        raise TrustError("not a DSSE envelope", where=where)
    return Envelope(kind, payload, signatures)


def verified_by(envelope: Envelope, public_pems: Iterable[str]) -> set[str]:
    """Return the ids of the keys that made a good signature of the envelope; key id hints decide nothing."""
    message = pae(envelope.payload_type, envelope.payload)
    good = set()
    for pem in public_pems:
        key, named = _key(pem)
        for _, signature in envelope.signatures:
            try:
                key.verify(signature, message)
            except InvalidSignature:
                continue
            good.add(named)
    return good


@lru_cache(maxsize=64)
def _key(pem: str) -> tuple[Ed25519PublicKey, str]:
    key = load_public(pem)
    return key, keyid(key)


def to_base64(data: bytes) -> str:
    """Return the standard base64 text of bytes."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return the bytes of standard base64 text; anything else is a ValueError."""
    return base64.b64decode(text.encode("ascii"), validate=True)
