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

    def open(self, data: bytes, path: str, kind: str, voucher: Statement | None = None) -> Statement | None:
        """Return the statement of a certificate's bytes, or report why it cannot be believed.

        `voucher`: a statement whose signatures are good already and which lists these very bytes by digest. Then its
        signatures speak for them, with its grade, and the certificate's own are not checked again.
        """
        try:
            return self._open(data, path, kind, voucher)
        except _Refused as refused:
            self.report.refuse(refused.code, path, refused.what)
        except HallmarkError as error:
            self.report.refuse(FAILED, path, error.what)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.report.refuse(FAILED, path, f"the statement is malformed: {error}")
        return None

    def _open(self, data: bytes, path: str, kind: str, voucher: Statement | None) -> Statement:
        envelope = dsse.parse(data, where=path)
        if voucher is None and dsse.encode(envelope) != data:
            raise _Refused(FAILED, "the envelope is not in its one canonical form")
        if envelope.payload_type != dsse.STATEMENT_TYPE:
            raise _Refused(FAILED, "the envelope does not hold an in-toto statement")
        digest = sha256_bytes(envelope.payload)
        extra = self.countersignatures.get(digest, ())
        signed = dsse.Envelope(envelope.payload_type, envelope.payload, envelope.signatures + extra)
        grade = voucher.grade if voucher else self._grade(signed)
        body = canonical.loads(envelope.payload, where=path)
        if body["_type"] != certificate.STATEMENT or body["predicateType"] != kind:
            raise _Refused(FAILED, "a certificate of another kind stands here")
        if digest in self.trust.revoked_certificates:
            self.report.refuse(STALE, path, "the trust file lists this certificate as revoked")
        known = voucher.subjects if voucher else None
        return Statement(body["predicate"], expectations(body["subject"], known), grade, digest)

    def _grade(self, envelope: dsse.Envelope) -> str:
        """Return the best grade that the good signatures reach by role, or refuse."""
        if not envelope.signatures:
            raise _Refused(FAILED, "the certificate carries no signature")
        good = dsse.verified_by(envelope, [key.public_pem for key in self.trust.keys])
        signers = [key for key in self.trust.keys if key.keyid in good]
        if not signers:
            raise _Refused(FAILED, "signed by no trusted key, or changed after signing")
        if not {key.keyid for key in signers} <= {hint for hint, _ in envelope.signatures}:
            # hints decide nothing, but a wrong one in our own envelope means that somebody touched it
            raise _Refused(FAILED, "a signature stands under another key's id")
        objections = [(key, key.objection(self.today)) for key in signers]
        roles = [key.role for key, objection in objections if not objection]
        for grade in reversed(GRADES):
            if all(roles.count(role) >= n for role, n in self.trust.thresholds[grade].items()):
                return grade
        reasons = [f"{key.role} key {key.keyid[:8]}: {why}" for key, why in objections if why]
        if reasons:
            raise _Refused(STALE, "; ".join(reasons))
        needs = self.trust.thresholds[GRADES[0]]
        lack = ", ".join(f"{n} {role}" for role, n in needs.items() if roles.count(role) < n)
        raise _Refused(FAILED, f"signatures of the wrong role or too few: {lack} needed")

    def check_date(self, statement: Statement, path: str) -> None:
        """Report a certificate whose validity has ended."""
        until = date.fromisoformat(statement.predicate["validity"]["valid_until"])
        if self.today > until:
            self.report.refuse(STALE, path, f"the certificate ended on {until}")


class _Refused(Exception):
    """Why a certificate is not believed: exit code and one line."""

    def __init__(self, code: int, what: str) -> None:
        self.code, self.what = code, what
        super().__init__(what)


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
