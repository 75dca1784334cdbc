"""What one entry of the quarantine holds, its keyed hash, and the lock on it."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import polars as pl

from lineage import keys
from lineage.errors import TrustError
from lineage.merkle import doc_root

#: Of a held document; where it lies and why it is held stand beside the entry.
FIELDS = ("kind", "text", "turns", "title", "author", "date", "url", "warc_id", "ai_label_json", "meta")
PLAIN, FERNET = "plain", "fernet"
KEY_FILE = "quarantine.key"
_MAKE = "make one with `hallmark keys quarantine`, or point $HALLMARK_KEYS at the folder that holds it"


class Vault:
    """Opens and locks entries: `form` is `plain`, or `fernet:` and the first 16 hex digits of the key's id."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.folder, self.form = folder, PLAIN
        self._box, self._id = None, ""
        if mode == FERNET:
            self._load()
            self.form = self._id

    def lock(self, plain: bytes) -> bytes:
        """Return the body of an entry: as it is, or a Fernet token (AES-128-CBC and HMAC-SHA256, a new IV each)."""
        return self._box.encrypt(plain) if self._box else plain

    def open(self, form: str, body: bytes, seal: bytes, hmac_key: bytes, where: str = "") -> dict[str, Any]:
        """Return the fields of an entry; a missing or wrong key, or a changed entry, is a TrustError."""
        plain = body if form == PLAIN else self._unlock(form, body, where)
        if not hmac.compare_digest(seal_of(hmac_key, plain), seal):
            raise TrustError("the entry is not the one that was sealed", where=where, cure=_RENEW)
        return json.loads(plain)

    def _unlock(self, form: str, body: bytes, where: str) -> bytes:
        from cryptography.fernet import InvalidToken

        if self._box is None:
            self._load()
        if form != self._id:
            what = f"the entry is locked with key {form[7:]}, the key at hand is {self._id[7:]}"
            raise TrustError(what, where=where, cure=f"put the right {KEY_FILE} into $HALLMARK_KEYS")
        try:
            return self._box.decrypt(body)
        except InvalidToken:
            raise TrustError("the entry was changed after it was locked", where=where, cure=_RENEW) from None

    def _load(self) -> None:
        from cryptography.fernet import Fernet

        path = self.folder / KEY_FILE
        secret = keys.read_secret(path, _MAKE).strip()
        try:
            self._box = Fernet(secret)
        except ValueError:
            raise TrustError("not a key of the quarantine", where=str(path), cure=_MAKE) from None
        self._id = f"{FERNET}:{hmac.digest(secret, b'hallmark quarantine key id', 'sha256').hex()[:16]}"


_RENEW = "delete the file and run `dvc repro --single-item --force decide`"


def make_key(folder: Path) -> tuple[Path, bool]:
    """Make the quarantine's own key if there is none; return its file, and whether it was made."""
    from cryptography.fernet import Fernet

    path = folder / KEY_FILE
    return path, keys.create_secret(path, Fernet.generate_key() + b"\n")


def plaintexts(docs: pl.DataFrame) -> list[bytes]:
    """Return the canonical JSON of each held document, in row order."""
    rows = docs.select(pl.col("doc_id").bin.encode("hex"), *FIELDS).iter_rows(named=True)
    return [
        json.dumps(r, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()
        for r in rows
    ]


def manifest_facts(docs: pl.DataFrame, decisions: pl.DataFrame, hmac_key: bytes) -> dict[str, Any]:
    """Return {docs, root}: how many documents of a part are held, and the Merkle root over their keyed hashes."""
    held = decisions.filter(pl.col("disposition") == "quarantined").select("row")
    seals = [seal_of(hmac_key, p) for p in plaintexts(docs.join(held, on="row", how="semi"))]
    return {"docs": len(seals), "root": doc_root(seals)}


def seal_of(hmac_key: bytes, plain: bytes) -> bytes:
    """Return HMAC-SHA256(key, "quarantine", 0x00, plaintext): the entry's name in register and manifest."""
    return hmac.digest(hmac_key, b"quarantine\x00" + plain, "sha256")
