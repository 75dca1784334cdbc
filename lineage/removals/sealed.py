"""Sealed files: what a later run must read, and nobody else may, next to a ledger that git tracks.

ChaCha20-Poly1305 under a key derived from the project's HMAC key. The nonce is a keyed hash of the content, so that
equal content gives equal bytes and a nonce never serves two contents.
"""

from __future__ import annotations

import hmac

from lineage.errors import TrustError

_MAGIC = b"hallmark-sealed-1\n"
_NONCE = 12


def seal(hmac_key: bytes, purpose: str, content: bytes) -> bytes:
    """Return `content` encrypted; only the same key and purpose open it."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = hmac.digest(_derive(hmac_key, "nonce " + purpose), content, "sha256")[:_NONCE]
    box = ChaCha20Poly1305(_derive(hmac_key, "seal " + purpose))
    return _MAGIC + nonce + box.encrypt(nonce, content, _MAGIC)


def unseal(hmac_key: bytes, purpose: str, data: bytes, where: str = "") -> bytes:
    """Return what `seal` was given; another key, purpose or a changed byte is a TrustError."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    body = data.removeprefix(_MAGIC)
    if body == data or len(body) < _NONCE:
        raise TrustError("not a sealed file", where=where)
    try:
        box = ChaCha20Poly1305(_derive(hmac_key, "seal " + purpose))
        return box.decrypt(body[:_NONCE], body[_NONCE:], _MAGIC)
    except InvalidTag:
        raise TrustError(
            "the file was changed, or sealed under another key", where=where, cure="restore it from git"
        ) from None


def _derive(hmac_key: bytes, label: str) -> bytes:
    return hmac.digest(hmac_key, b"hallmark " + label.encode(), "sha256")
