"""Whom a verifier trusts: public keys with roles, validity and thresholds; never from inside a release."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from lineage import canonical, keys
from lineage.errors import HallmarkError, TrustError

SCHEMA = "urn:hallmark:trust:1"
ROLES = ("pipeline", "reviewer")
GRADES = ("screened", "certified")
THRESHOLDS: dict[str, dict[str, int]] = {
    "screened": {"pipeline": 1},
    "certified": {"pipeline": 1, "reviewer": 1},
}
VARIABLE = "HALLMARK_TRUST"
LIMIT = 1 << 20
_KEY_FIELDS = {"keyid", "public_pem", "role", "valid_from", "valid_until", "revoked"}


@dataclass(frozen=True)
class TrustedKey:
    """One public key: its id, role, days of validity (inclusive; None is open) and the day it was revoked."""

    keyid: str
    public_pem: str
    role: str
    valid_from: date | None = None
    valid_until: date | None = None
    revoked: date | None = None

    def objection(self, today: date) -> str | None:
        """Say why the key does not count today, or None."""
        if self.revoked:
            return f"revoked on {self.revoked}"
        if self.valid_until and today > self.valid_until:
            return f"expired on {self.valid_until}"
        if self.valid_from and today < self.valid_from:
            return f"not valid before {self.valid_from}"
        return None


@dataclass(frozen=True)
class Trust:
    """Keys, how many of each role a grade needs, and certificates (payload SHA-256) that are revoked."""

    keys: tuple[TrustedKey, ...]
    thresholds: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: THRESHOLDS)
    revoked_certificates: frozenset[str] = frozenset()
    origin: str = ""


def trust_entry(
    public_pem: str,
    role: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> dict[str, Any]:
    """Return the entry of a trust file for one public key."""
    if role not in ROLES:
        raise TrustError(f"no such role: {role}", cure=" or ".join(ROLES))
    return {
        "keyid": keys.keyid(keys.load_public(public_pem)),
        "public_pem": public_pem,
        "role": role,
        "valid_from": valid_from.isoformat() if valid_from else None,
        "valid_until": valid_until.isoformat() if valid_until else None,
        "revoked": None,
    }


def trust_file(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the bytes of a trust file with these entries (by `trust_entry`) and the usual thresholds."""
    ordered = sorted((dict(e) for e in entries), key=lambda e: e["keyid"])
    body = {"schema": SCHEMA, "keys": ordered, "thresholds": THRESHOLDS, "revoked_certificates": []}
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode("ascii")


def add_key(data: bytes, entry: Mapping[str, Any]) -> bytes:
    """Return the trust file with one more key; a key that is there already is an error."""
    body = json.loads(data) if parse(data) else {}
    if any(key["keyid"] == entry["keyid"] for key in body["keys"]):
        raise TrustError("the key is in the trust file already", where=entry["keyid"][:16])
    body["keys"] = sorted([*body["keys"], dict(entry)], key=lambda e: e["keyid"])
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode("ascii")


def revoke_key(data: bytes, keyid: str, on: date) -> bytes:
    """Return the trust file with one key revoked; `keyid` may be shortened to 8 or more characters."""
    body = json.loads(data) if parse(data) else {}
    named = [key for key in body["keys"] if len(keyid) >= 8 and key["keyid"].startswith(keyid)]
    if len(named) != 1:
        raise TrustError(f"{len(named)} keys have this id", where=keyid, cure="give the whole id")
    named[0]["revoked"] = on.isoformat()
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode("ascii")


def load(explicit: Path | None, env: Mapping[str, str], cwd: Path, *, release: Path | None = None) -> Trust:
    """Return the trust: `explicit` (trust file or PEM), else $HALLMARK_TRUST, else trust.json in `cwd`.

    None of them, or one inside `release`, is a TrustError.
    """
    named = explicit or env.get(VARIABLE)
    path = Path(named) if named else Path(cwd) / "trust.json"
    if not named and not path.is_file():
        cure = f"name a trust file or public key (--trust, --key), set {VARIABLE}, or put trust.json here"
        raise TrustError("no trusted key: nothing can be verified", cure=cure)
    if release is not None and path.resolve().is_relative_to(Path(release).resolve()):
        raise TrustError("trust must not come from inside the release", where=str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrustError(f"cannot be read: {error.strerror}", where=str(path)) from None
    return from_pem(data, str(path)) if data.lstrip().startswith(b"-----BEGIN") else parse(data, str(path))


def from_pem(data: bytes, origin: str = "") -> Trust:
    """Return the trust in one public key, as the pipeline's."""
    public = keys.load_public(data, origin)
    return Trust((TrustedKey(keys.keyid(public), keys.public_pem(public), "pipeline"),), origin=origin)


def parse(data: bytes, origin: str = "") -> Trust:
    """Return the trust that a trust file states; every irregularity is a TrustError."""
    try:
        body = canonical.loads(data, where=origin, limit=LIMIT)
        if body["schema"] != SCHEMA:
            raise TrustError("not a trust file of this version", where=origin)
        found = tuple(_key(entry, origin) for entry in body["keys"])
        thresholds = _thresholds(body.get("thresholds") or THRESHOLDS, origin)
        revoked = frozenset(body.get("revoked_certificates") or ())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrustError(f"the trust file is malformed ({type(error).__name__})", where=origin) from None
    except HallmarkError as error:
        raise TrustError(error.what, where=error.where or origin, cure=error.cure) from None
    if not found:
        raise TrustError("the trust file names no key", where=origin)
    if len({key.keyid for key in found}) != len(found):
        raise TrustError("the trust file names a key twice", where=origin)
    return Trust(found, thresholds, revoked, origin)


def _key(entry: Mapping[str, Any], origin: str) -> TrustedKey:
    extra = set(entry) - _KEY_FIELDS
    if extra or entry["role"] not in ROLES:
        raise TrustError("a key has an unknown field or role", where=origin)
    public = keys.load_public(entry["public_pem"], origin)
    if keys.keyid(public) != entry["keyid"]:
        raise TrustError("a key id does not belong to its key", where=origin)
    days = [_day(entry.get(name)) for name in ("valid_from", "valid_until", "revoked")]
    return TrustedKey(entry["keyid"], entry["public_pem"], entry["role"], *days)


def _thresholds(stated: Mapping[str, Any], origin: str) -> dict[str, dict[str, int]]:
    found = {grade: dict(stated[grade]) for grade in GRADES}
    numbers = [n for needs in found.values() for n in needs.values()]
    roles = {role for needs in found.values() for role in needs}
    sound = all(type(n) is int and n >= 1 for n in numbers) and roles <= set(ROLES)
    if not sound or any("pipeline" not in needs for needs in found.values()):
        raise TrustError(
            "each grade needs at least one pipeline key, and whole numbers per role", where=origin
        )
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
