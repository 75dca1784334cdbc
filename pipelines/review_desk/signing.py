"""A reader's signature over the own decisions file: a DSSE envelope beside it, over its bytes so far."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineage import canonical, dsse, keys
from lineage.errors import HallmarkError, TrustError
from lineage.trust import Trust
from pipelines.project import write_bytes
from pipelines.review_desk.people import own_keys
from stages.decide.reviews import read_reviews

PREDICATE = "urn:hallmark:review-signature:1"
STATEMENT = "https://in-toto.io/Statement/v1"
LIMIT = 1_000_000


@dataclass(frozen=True)
class Signed:
    """What a signature beside a decisions file says now: state, lines covered, lines in the file, key id."""

    file: str
    state: str  # signed | older | unvouched | unsigned | broken
    covered: int
    lines: int
    keyid: str
    trusted: bool
    upto: int = 0  # the last line of the file that the signature covers, blank lines counted


def signature_path(path: Path) -> Path:
    """Return where the signature of a decisions file stands."""
    return path.with_name(f"{path.name}.dsse.json")


def default_key(person: str) -> Path:
    """Return where a reader's private key is kept unless named otherwise: beside the project's keys."""
    return keys.default_folder() / f"reviewer-{person}.pem"


def sign_file(folder: Path, person: str, signer: keys.Signer) -> Signed:
    """Sign the whole decisions file of a person; every line must be sound and the person's own."""
    path = folder / f"{person}.jsonl"
    if not path.is_file() or not path.read_bytes().strip():
        raise HallmarkError(
            "no decisions to sign", where=str(path), cure="read some items: `hallmark review serve`"
        )
    lines = read_reviews(folder)
    own = lines.filter(file=path.name)
    if set(own["reviewer"]) != {person}:
        raise HallmarkError(
            f"the file holds decisions of others than {person}", where=str(path), cure="move them out"
        )
    content = path.read_bytes()
    write_bytes(
        signature_path(path), dsse.sign(dsse.STATEMENT_TYPE, _statement(path, content, own), [signer])
    )
    return Signed(path.name, "signed", own.height, own.height, signer.keyid, False)


def _statement(path: Path, content: bytes, own: Any) -> bytes:
    verdicts = dict(own.group_by("verdict").len().sort("verdict").rows())
    return canonical.dumps(
        {
            "_type": STATEMENT,
            "subject": [{"name": f"reviews/{path.name}", "digest": {"sha256": _digest(content)}}],
            "predicateType": PREDICATE,
            "predicate": {
                "bytes": len(content),
                "lines": own.height,
                "reviewer": path.stem,
                "rulebooks": sorted(own["rulebook"].drop_nulls().unique().to_list()),
                "verdicts": verdicts,
            },
        }
    )


def check_file(path: Path, trust: Trust | None) -> Signed:
    """Return what the signature of one decisions file covers; `trusted` if a reviewer's key of `trust` made it.

    `broken`: the covered bytes were changed, or the envelope is not sound. `unvouched`: the bytes fit, but no
    reviewer's key of the trust file made the signature, so it proves nothing about who did.
    """
    content = path.read_bytes()
    total = sum(1 for line in content.split(b"\n") if line.strip())
    beside = signature_path(path)
    if not beside.is_file():
        return Signed(path.name, "unsigned", 0, total, "", False)
    known = [k.public_pem for k in trust.keys if k.role == "reviewer" and not k.revoked] if trust else []
    try:
        envelope = dsse.parse(beside.read_bytes(), where=str(beside), limit=LIMIT)
        body = canonical.loads(envelope.payload, where=str(beside))
        size, lines = int(body["predicate"]["bytes"]), int(body["predicate"]["lines"])
        stated = body["subject"][0]["digest"]["sha256"]
        sound = body["predicateType"] == PREDICATE and body["subject"][0]["name"] == f"reviews/{path.name}"
    except (HallmarkError, KeyError, TypeError, ValueError, IndexError):
        return Signed(path.name, "broken", 0, total, "", False)
    good = dsse.verified_by(envelope, known)
    keyid = min(good) if good else (envelope.signatures[0][0] if envelope.signatures else "")
    if not sound or _digest(content[:size]) != stated:
        return Signed(path.name, "broken", 0, total, keyid, False)
    if not good:
        return Signed(path.name, "unvouched", lines, total, keyid, False)
    upto = content[:size].count(b"\n") + (content[size - 1 : size] not in (b"", b"\n"))
    state = "signed" if size == len(content) else "older"
    return Signed(path.name, state, lines, total, keyid, True, upto)


def signed_lines(folder: Path, trust: Trust | None) -> dict[str, int]:
    """Return, by decisions file, the last line that a trusted reviewer's signature covers; 0 where none does.

    Where people.yaml states a reader's key, a signature by another reader's key covers nothing.
    """
    own, found = own_keys(folder), [check_file(path, trust) for path in sorted(folder.glob("*.jsonl"))]
    return {s.file: s.upto if s.keyid.startswith(own.get(Path(s.file).stem, "")) else 0 for s in found}


def reviewer_keys(root: Path) -> list[str]:
    """Return the ids of the reviewers' keys in force in the project's trust."""
    trust = load_trust(root)
    return sorted(k.keyid for k in trust.keys if k.role == "reviewer" and not k.revoked) if trust else []


def load_trust(root: Path) -> Trust | None:
    """Return the project's trust; None where there is none."""
    import os

    from lineage import trust

    try:
        return trust.load(None, os.environ, root)
    except TrustError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
