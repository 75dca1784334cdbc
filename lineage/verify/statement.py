"""Opens a certificate: signatures over the exact bytes first, then those bytes as a statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lineage import canonical, certificate, dsse
from lineage.digests import sha256_bytes
from lineage.errors import HallmarkError
from lineage.trust import GRADES, Trust
from lineage.verify.files import Expected, expectations
from lineage.verify.report import FAILED, INCOMPLETE, STALE, Report

Signatures = Mapping[str, tuple[tuple[str, bytes], ...]]


@dataclass(frozen=True)
class Statement:
    """A certificate that a trusted key vouches for: what it says, and the best grade its signatures reach."""

    predicate: dict[str, Any]
    subjects: dict[str, Expected]
    grade: str
    certificate_id: str


@dataclass(frozen=True)
class Notary:
    """Whom to trust on which day, and the countersignatures at hand by payload SHA-256."""

    trust: Trust
    today: date
    countersignatures: Signatures
    report: Report

    def open(self, data: bytes, path: str, kind: str) -> Statement | None:
        """Return the statement of a certificate's bytes, or report why it cannot be believed."""
        try:
            envelope = dsse.parse(data, where=path)
        except HallmarkError as error:
            return self._refuse(FAILED, path, error.what)
        if dsse.encode(envelope) != data:
            return self._refuse(FAILED, path, "the envelope is not in its one canonical form")
        if envelope.payload_type != dsse.STATEMENT_TYPE:
            return self._refuse(FAILED, path, "the envelope does not hold an in-toto statement")
        payload_digest = sha256_bytes(envelope.payload)
        grade = self._grade(envelope, payload_digest, path)
        if grade is None:
            return None
        try:
            body = canonical.loads(envelope.payload, where=path)
            if body["_type"] != certificate.STATEMENT or body["predicateType"] != kind:
                return self._refuse(FAILED, path, "a certificate of another kind stands here")
            statement = Statement(body["predicate"], expectations(body["subject"]), grade, payload_digest)
            if statement.certificate_id in self.trust.revoked_certificates:
                self.report.refuse(STALE, path, "the trust file lists this certificate as revoked")
        except HallmarkError as error:
            return self._refuse(FAILED, path, error.what)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._refuse(FAILED, path, f"the statement is malformed: {error}")
        return statement

    def _grade(self, envelope: dsse.Envelope, digest: str, path: str) -> str | None:
        extra = self.countersignatures.get(digest, ())
        merged = dsse.Envelope(envelope.payload_type, envelope.payload, envelope.signatures + extra)
        if not merged.signatures:
            return self._refuse(FAILED, path, "the certificate carries no signature")
        good = dsse.verified_by(merged, [key.public_pem for key in self.trust.keys])
        signers = [key for key in self.trust.keys if key.keyid in good]
        if not signers:
            return self._refuse(FAILED, path, "signed by no trusted key, or changed after signing")
        if not {key.keyid for key in signers} <= {hint for hint, _ in merged.signatures}:
            # hints decide nothing, but a wrong one in our own envelope means that somebody touched it
            return self._refuse(FAILED, path, "a signature stands under another key's id")
        objections = [(key, key.objection(self.today)) for key in signers]
        roles = [key.role for key, objection in objections if not objection]
        reached = [g for g in GRADES if all(roles.count(r) >= n for r, n in self.trust.thresholds[g].items())]
        if reached:
            return reached[-1]
        for key, objection in objections:
            if objection:
                self.report.refuse(STALE, path, f"the {key.role} key {key.keyid[:8]} was {objection}")
        if not any(objection for _, objection in objections):
            needs = self.trust.thresholds[GRADES[0]]
            lack = ", ".join(f"{n} {role}" for role, n in needs.items() if roles.count(role) < n)
            self.report.refuse(FAILED, path, f"signatures of the wrong role: {lack} needed")
        return None

    def check_date(self, statement: Statement, path: str) -> None:
        """Report a certificate whose validity has ended."""
        until = date.fromisoformat(statement.predicate["validity"]["valid_until"])
        if self.today > until:
            self.report.refuse(STALE, path, f"the certificate ended on {until}")

    def _refuse(self, code: int, path: str, what: str) -> None:
        self.report.refuse(code, path, what)


def read_countersignatures(folder: Path | None, report: Report) -> Signatures:
    """Return the detached signatures of a folder by payload digest; None: ./countersignatures if there."""
    named = folder is not None
    folder = Path(folder or "countersignatures")
    if not folder.is_dir():
        if named:
            report.refuse(INCOMPLETE, str(folder), "no such folder of countersignatures")
        return {}
    found: dict[str, tuple[tuple[str, bytes], ...]] = {}
    for file in sorted(folder.rglob("*.json")):
        try:
            signatures = certificate.read_countersignatures(file.read_bytes())
        except (HallmarkError, OSError):
            report.notes.append(f"{file} holds no countersignatures and was left out")
            continue
        for digest, made in signatures.items():
            found[digest] = (*found.get(digest, ()), *made)
    return found


def gates_of(statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """Return the gates of statements, one after the other."""
    return [gate for statement in statements for gate in statement.predicate["gates"]]
