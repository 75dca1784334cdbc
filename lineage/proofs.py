"""One small file that proves, to anybody with the public key, that a document is or is not in a release."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from lineage import canonical, dsse, merkle
from lineage.errors import TrustError
from lineage.latest import LATEST_TYPE
from lineage.trust import Trust
from lineage.verify.report import Report
from lineage.verify.statement import Notary

SCHEMA = "urn:hallmark:document-proof:1"
LIMIT = 32 << 20


class Proved(NamedTuple):
    """What a proof shows: the document, whether it is in that release, and which release."""

    doc_id: bytes
    present: bool
    dataset: str
    version: str
    certificate: str
    as_of: date


def prove(record: bytes, doc_ids: Iterable[bytes], doc_id: bytes) -> bytes:
    """Return the proof file (JSON) of presence or absence of `doc_id` in the release that `record` names.

    `record`: by `latest.certify_latest`; `doc_ids`: all published ids of that release (32 bytes each, any order).
    Ids that do not give the signed root are a TrustError.
    """
    ids = sorted(doc_ids)
    signed = canonical.loads(dsse.parse(record).payload)["predicate"]["merkle"]
    if merkle.doc_root(ids) != signed["kept_root"] or len(ids) != signed["docs"]:
        raise TrustError("these are not the documents of the release that the record names")
    make = merkle.presence_proof if doc_id in set(ids) else merkle.absence_proof
    body = {"schema": SCHEMA, "doc_id": doc_id.hex(), "proof": make(ids, doc_id)}
    return canonical.plain_dumps(body | {"record": base64.b64encode(record).decode("ascii")})


def check(data: bytes, trust: Trust, today: date) -> Proved:
    """Return what a proof file shows; anything that does not hold is a TrustError.

    The record's own end does not count here: it says which release was meant, not that it still is the newest.
    """
    body = canonical.loads(data, where="proof", limit=LIMIT)
    report = Report()
    try:
        if body["schema"] != SCHEMA:
            raise TrustError("not a proof about a document")
        record = Notary(trust, today, {}, report).open(
            dsse.from_base64(body["record"]), "record", LATEST_TYPE
        )
        if record is None:
            raise TrustError(report.problems[0].what)
        says, doc_id, proof = record.predicate, bytes.fromhex(body["doc_id"]), body["proof"]
        present = proof["kind"] == "presence"
        holds = merkle.verify_presence if present else merkle.verify_absence
        signed = says["merkle"]
        if not holds(proof, doc_id, bytes.fromhex(signed["kept_root"]), signed["docs"]):
            raise TrustError("the proof does not hold under the signed root")
        as_of = date.fromisoformat(says["validity"]["as_of"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TrustError("not a proof about a document") from None
    return Proved(doc_id, present, says["dataset"], says["version"], says["certificate"], as_of)
