"""One small file that shows a removal: what was in the release before and is not in the release after.

It holds a statement signed by the pipeline's key, with the Merkle roots of both releases, and per document the paths
under these roots. It verifies alone: with this package's plain installation, a public key, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lineage import canonical, certificate, dsse, merkle
from lineage.digests import sha256_bytes
from lineage.errors import TrustError
from lineage.keys import Signer
from lineage.trust import Trust
from lineage.verify.report import Report
from lineage.verify.statement import Notary

SCHEMA = "urn:hallmark:removal-proof:1"
STATEMENT_TYPE = "urn:hallmark:removal-statement:1"
LIMIT = 256 << 20
REQUEST = ("seq", "request_id", "received_on", "basis", "jurisdiction", "entry_hash")


class Document(NamedTuple):
    """What is shown of one document: that it was in the release before (or not), and is not in the one after."""

    doc_id: bytes
    was_published: bool | None  # None: nothing is shown about before
    is_published: bool


class Removal(NamedTuple):
    """What a proof file shows: the request, both releases, and each document."""

    request: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any]
    documents: tuple[Document, ...]


def prove(
    entry: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    documents: Sequence[Mapping[str, Any]],
    signer: Signer,
) -> bytes:
    """Return the proof file (JSON). `entry`: the ledger's; `before`, `after`: release identities.

    A release identity is {dataset, version, as_of, certificate, kept_root, docs, ledger}. `documents`: {doc_id (hex),
    before (proof or null), after (proof)} with proofs as `merkle.presence_proof` and `absence_proof` make them.
    """
    rows = sorted((dict(d) for d in documents), key=lambda d: d["doc_id"])
    subject = {
        "name": certificate.RELEASE_CERTIFICATE,
        "digest": {"sha256": after["certificate"]},  # of the certificate's payload, as revocations name it
        "annotations": {"role": "release-certificate", "bytes": 0},
    }
    predicate = {
        "request": {name: entry.get(name) for name in REQUEST},
        "before": dict(before) if before else None,
        "after": dict(after),
        "documents": {"count": len(rows), "sha256": _listed(rows)},
    }
    body = {"_type": certificate.STATEMENT, "subject": [subject], "predicateType": STATEMENT_TYPE}
    signed = dsse.sign(dsse.STATEMENT_TYPE, canonical.dumps(body | {"predicate": predicate}), [signer])
    content = canonical.plain_dumps(
        {"schema": SCHEMA, "statement": dsse.to_base64(signed), "documents": rows}
    )
    _shown(predicate, rows)  # what we hand out holds
    return content


def check(data: bytes, trust: Trust, today: date) -> Removal:
    """Return what a proof file shows; anything that does not hold is a TrustError."""
    body = canonical.loads(data, where="proof", limit=LIMIT)
    report = Report()
    try:
        if body["schema"] != SCHEMA:
            raise TrustError("not a proof of a removal")
        notary = Notary(trust, today, {}, report)
        statement = notary.open(dsse.from_base64(body["statement"]), "statement", STATEMENT_TYPE)
        if statement is None or report.problems:
            raise TrustError(report.problems[0].what)
        says = statement.predicate
        shown = _shown(says, body["documents"])
        if statement.subjects[certificate.RELEASE_CERTIFICATE].sha256 != says["after"]["certificate"]:
            raise TrustError("the statement is about another release")
        return Removal(says["request"], says["before"], says["after"], shown)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TrustError("not a proof of a removal") from None


def _shown(says: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> tuple[Document, ...]:
    before, after = says["before"], says["after"]
    if says["documents"] != {"count": len(rows), "sha256": _listed(rows)}:
        raise TrustError("documents were left out of the proof, or added to it")
    if before and before["certificate"] == after["certificate"]:
        raise TrustError("before and after are the same release")
    found = []
    for row in rows:
        doc_id = bytes.fromhex(row["doc_id"])
        was = _holds(row["before"], doc_id, before) if before else None
        found.append(Document(doc_id, was, _holds(row["after"], doc_id, after)))
    if still := sum(d.is_published for d in found):
        raise TrustError(f"{still} of the documents are still in the release after")
    return tuple(found)


def _holds(proof: Mapping[str, Any], doc_id: bytes, release: Mapping[str, Any]) -> bool:
    """Return whether the document is in that release; a proof that does not hold is a TrustError."""
    present = proof["kind"] == "presence"
    verify = merkle.verify_presence if present else merkle.verify_absence
    if not verify(proof, doc_id, bytes.fromhex(release["kept_root"]), release["docs"]):
        raise TrustError("a proof does not hold under the signed root")
    return present


def _listed(rows: Iterable[Mapping[str, Any]]) -> str:
    return sha256_bytes("\n".join(row["doc_id"] for row in rows).encode())


def describe(shown: Removal) -> list[str]:
    """Return what a proof shows, in lines for people."""
    lines = ["request " + ", ".join(f"{k} {v}" for k, v in shown.request.items() if v is not None)]
    for name, release in (("before", shown.before), ("after", shown.after)):
        if release:
            title = f"{release['dataset']} {release['version']} of {release['as_of']}"
            lines.append(f"{name}: {title}, certificate {release['certificate']}")
    words = {
        True: "was in the release before",
        False: "was not in the release before",
        None: "before unknown",
    }
    lines += [f"{d.doc_id.hex()}: {words[d.was_published]}, is not in it after" for d in shown.documents]
    return lines
