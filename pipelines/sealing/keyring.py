"""Keys over their life: made, trusted, rotated, retired, revoked; each act changes the trust file and is journalled."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from lineage import journal, keys, trust
from lineage.errors import TrustError
from pipelines.project import write_bytes


def init(path: Path, passphrase: bytes | None = None) -> tuple[keys.KeyInfo, bool]:
    """Make the project's keys if there are none and name the public one in the trust file at `path`.

    Returns the keys and whether the trust file changed.
    """
    info = keys.init(keys.default_folder(), passphrase)
    added = admit(path, info.public_pem, "pipeline")
    if info.created or added:
        note(path, "made" if info.created else "trusted", info.keyid, "pipeline")
    return info, added


def others(path: Path, keyid: str) -> list[str]:
    """Return the ids of the pipeline keys that the trust file names besides this one, revoked ones left out."""
    known = trust.parse(_read(path), str(path)).keys
    return [k.keyid for k in known if k.role == "pipeline" and k.keyid != keyid and not k.revoked]


def admit(
    path: Path, public_pem: str, role: str, valid_from: date | None = None, valid_until: date | None = None
) -> bool:
    """Name a public key in the trust file at `path` (made if absent); False if it stood there already."""
    entry = trust.trust_entry(public_pem, role, valid_from, valid_until)
    if not path.is_file():
        write_bytes(path, trust.trust_file([entry]))
        return True
    data = path.read_bytes()
    if any(key.keyid == entry["keyid"] for key in trust.parse(data, str(path)).keys):
        return False
    write_bytes(path, trust.add_key(data, entry))
    return True


def rotate(
    path: Path, retire: date | None = None, passphrase: bytes | None = None
) -> tuple[keys.Signer, keys.KeyInfo]:
    """Make a new signing key, name it in the trust file, and return (old signer, new key).

    The trust file is written first with the new key only once that exists; the old key stays trusted so that what it
    signed still verifies, until `retire` if given.
    """
    folder = keys.default_folder()
    old = keys.load_signer(folder, passphrase)
    made = keys.rotate(folder, passphrase)
    admit(path, made.public_pem, "pipeline")
    if retire is not None:
        _change(path, old.keyid, lambda entry: entry.update(valid_until=retire.isoformat()))
    note(path, "rotated", made.keyid, "pipeline", replaces=old.keyid)
    return old, made


def revoke(path: Path, keyid: str, on: date, reason: str) -> trust.TrustedKey:
    """Mark a key as revoked in the trust file: nothing that it signed counts any more; return the key."""
    write_bytes(path, trust.revoke_key(_read(path), keyid, on))
    known = trust.parse(path.read_bytes(), str(path)).keys
    key = next(k for k in known if k.keyid.startswith(keyid))
    note(path, "revoked", key.keyid, key.role, on=on.isoformat(), reason=reason)
    return key


def trust_key(
    path: Path, public: Path, role: str, valid_from: date | None, valid_until: date | None
) -> tuple[str, bool]:
    """Name the public key in a PEM file in the trust file; return its id, and False if it stood there already."""
    try:
        pem = public.read_bytes()
    except OSError as error:
        raise TrustError(f"cannot be read: {error.strerror}", where=str(public)) from None
    key = keys.load_public(pem, str(public))
    added = admit(path, keys.public_pem(key), role, valid_from, valid_until)
    if added:
        note(path, "trusted", keys.keyid(key), role)
    return keys.keyid(key), added


def note(path: Path, act: str, keyid: str, role: str, **more: Any) -> None:
    """Journal an act on keys beside the trust file, if that stands in a project."""
    if (path.parent / "params.yaml").is_file():
        journal.append(path.parent / journal.FILE, "key", {"act": act, "keyid": keyid, "role": role, **more})


def _change(path: Path, keyid: str, edit: Callable[[dict[str, Any]], None]) -> None:
    body = json.loads(_read(path))
    for entry in body["keys"]:
        if entry["keyid"] == keyid:
            edit(entry)
    data = (json.dumps(body, indent=2, sort_keys=True) + "\n").encode("ascii")
    trust.parse(data, str(path))
    write_bytes(path, data)


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise TrustError("there is no trust file", where=str(path), cure="hallmark keys init")
    return path.read_bytes()
