"""Which release is the newest: a signed record that expires, and a signed tree head over all sealed releases.

The record stops the replay of an old release and of a release without its revocations; the tree head (a C2SP
checkpoint, so that outside witnesses can co-sign it) stops a history that is told differently to different people.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lineage import canonical, certificate, dsse, merkle
from lineage.errors import InputError, TrustError
from lineage.keys import Signer, load_public

LATEST_TYPE = "urn:hallmark:latest:1"
_ED25519_NOTE = b"\x01"


def certify_latest(
    release: Path,
    signer: Signer,
    issued: date,
    expires: date,
    history: Sequence[str],
    revocations: Iterable[Mapping[str, str]] = (),
) -> bytes:
    """Return the signed record that names `release` as the newest until `expires`.

    `history`: certificate ids (hex) of all sealed releases, oldest first, this one last. `revocations`: entries
    {certificate, reason} that hold for every release, also for shards that were copied without one. The record also
    carries the release's Merkle roots, so that proofs about one document need no other file (lineage.proofs).
    """
    release = Path(release)
    subject = certificate.descriptor(release, certificate.RELEASE_CERTIFICATE)
    named = certificate.certificate_id((release / certificate.RELEASE_CERTIFICATE).read_bytes())
    if not history or history[-1] != named:
        raise InputError("the history must end with the release that is named as the newest")
    if expires <= issued:
        raise InputError(f"a record of {issued} cannot end on {expires}")
    manifest = canonical.loads((release / certificate.MANIFEST).read_bytes(), where=certificate.MANIFEST)
    predicate = {
        "dataset": manifest["dataset"]["id"],
        "version": manifest["dataset"]["version"],
        "certificate": named,
        "merkle": manifest["merkle"] | {"docs": manifest["flow"]["kept"] + manifest["flow"]["redacted"]},
        "history": {"size": len(history), "root": history_tree(history).root.hex()},
        "revocations": sorted((dict(r) for r in revocations), key=lambda r: r["certificate"]),
        "validity": {"as_of": issued.isoformat(), "valid_until": expires.isoformat()},
    }
    body = {"_type": certificate.STATEMENT, "subject": [subject], "predicateType": LATEST_TYPE}
    return dsse.sign(dsse.STATEMENT_TYPE, canonical.dumps(body | {"predicate": predicate}), [signer])


def history_tree(history: Sequence[str]) -> merkle.Tree:
    """Return the Merkle tree over sealed releases: leaves are certificate ids (32 bytes), oldest first."""
    return merkle.Tree([bytes.fromhex(entry) for entry in history])


def history_grew(old: Mapping[str, Any], new: Mapping[str, Any], proof: Sequence[str]) -> bool:
    """Say whether the history {size, root} of a newer record continues that of an older one (proof: hex hashes)."""
    heads = (bytes.fromhex(old["root"]), bytes.fromhex(new["root"]))
    return merkle.verify_consistency(
        old["size"], new["size"], *heads, [bytes.fromhex(step) for step in proof]
    )


def checkpoint(origin: str, history: Sequence[str], signer: Signer) -> bytes:
    """Return the tree head of a history as a C2SP checkpoint: origin, size, root, and a signed-note signature."""
    if not origin or "\n" in origin or any(c.isspace() or c == "+" for c in origin):
        raise InputError("the origin of a checkpoint is one word without spaces or plus signs")
    tree = history_tree(history)
    body = f"{origin}\n{tree.size}\n{base64.b64encode(tree.root).decode()}\n"
    signature = _note_key(origin, signer.public_pem) + signer.sign(body.encode())
    return f"{body}\n\N{EM DASH} {origin} {base64.b64encode(signature).decode()}\n".encode()


def read_checkpoint(data: bytes, origin: str, public_pem: str) -> tuple[int, bytes]:
    """Return (size, root) of a checkpoint that the key signed under this origin; else TrustError."""
    try:
        body, signatures = data.decode().split("\n\n", 1)
        named, size, root = body.split("\n")[:3]
        head = (int(size), base64.b64decode(root, validate=True))
        if named == origin and any(
            _signed(line, origin, body + "\n", public_pem) for line in signatures.splitlines()
        ):
            return head
    except ValueError:
        raise TrustError("not a checkpoint") from None
    raise TrustError("the checkpoint is of another origin, or not signed by this key")


def _signed(line: str, origin: str, body: str, public_pem: str) -> bool:
    from cryptography.exceptions import InvalidSignature

    dash, name, encoded = line.split(" ")
    raw = base64.b64decode(encoded, validate=True)
    if dash != "\N{EM DASH}" or name != origin or raw[:4] != _note_key(origin, public_pem):
        return False
    try:
        load_public(public_pem).verify(raw[4:], body.encode())
    except InvalidSignature:
        return False
    return True


def _note_key(name: str, public_pem: str) -> bytes:
    """The key hash of signed notes: first four bytes of SHA-256(name, newline, algorithm, public key)."""
    key = load_public(public_pem).public_bytes_raw()
    return hashlib.sha256(name.encode() + b"\n" + _ED25519_NOTE + key).digest()[:4]
