"""How a request says which documents it means; the value itself lives in memory only."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from lineage.errors import InputError
from lineage.removals import SELECTORS, keyed_id, keyed_value
from pipelines.removal.addresses import canonical_url, host_of, one


@dataclass(frozen=True)
class Selector:
    """One way to say which documents are meant: kind (see SELECTORS), value, and the type of a subject's value."""

    kind: str
    value: str
    type: str = ""

    def keyed(self, hmac_key: bytes, exact: bytes | None = None) -> bytes:
        """Return the selector as the ledger keeps it; `exact` is the digest of a text in normal form."""
        if self.kind == "doc-id":
            return keyed_id(hmac_key, bytes.fromhex(self.value))
        if self.kind == "subject":
            from stages.pii.values import selector

            return selector(self.type, self.value, hmac_key)
        if self.kind == "text":
            return keyed_value(hmac_key, "text", exact or b"")
        return keyed_value(hmac_key, self.kind, self.value.encode())


@dataclass(frozen=True)
class ByReason:
    """Documents that the pipeline removed for a reason under which nobody has to ask."""

    value: str
    kind: str = "reason"

    def keyed(self, hmac_key: bytes, exact: bytes | None = None) -> bytes:
        """Return the selector as the ledger keeps it."""
        return keyed_value(hmac_key, self.kind, self.value.encode())


def choose(
    *,
    doc_id: str | None = None,
    url: str | None = None,
    domain: str | None = None,
    text_file: Path | None = None,
    subject: str | None = None,
) -> Selector:
    """Return the one selector that is given; none or several are an InputError."""
    given = [
        (kind, value)
        for kind, value in zip(SELECTORS, (doc_id, url, domain, text_file, subject), strict=True)
        if value is not None
    ]
    if len(given) != 1:
        raise InputError(
            f"{len(given)} selectors given, one is needed",
            cure="give a document id, or one of --url, --text-file (a removal: --domain, --subject too)",
        )
    kind, value = given[0]
    return _MAKERS[kind](value)


def _doc_id(value: str) -> Selector:
    if len(value) < 8 or any(c not in "0123456789abcdefABCDEF" for c in value) or len(value) > 64:
        raise InputError("not a document id", cure="give at least its first 8 hex digits")
    return Selector("doc-id", value.lower())


def _url(value: str) -> Selector:
    if not (found := one(canonical_url, value)):
        raise InputError("not a web address", where="--url")
    return Selector("url", found)


def _domain(value: str) -> Selector:
    host = one(host_of, value.removeprefix("*.").removeprefix("."))
    if not host or "." not in host:
        raise InputError("not a domain", where="--domain", cure="give a name such as example.org")
    return Selector("domain", host)


def _text(path: Path) -> Selector:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read as UTF-8: {type(error).__name__}", where="--text-file") from None
    if not text.strip():
        raise InputError("the file holds no text", where="--text-file")
    return Selector("text", unicodedata.normalize("NFC", text))


def _subject(value: str) -> Selector:
    from stages.pii.catalogue import TYPES
    from stages.pii.values import normalise_value

    kind, separator, raw = value.partition("=")
    if not separator or not kind or not raw:
        cure = "for example EMAIL_ADDRESS=...; with TYPE=- the value is read from standard input"
        raise InputError("not of the form TYPE=VALUE", where="--subject", cure=cure)
    if kind not in TYPES:
        known = ", ".join(TYPES)
        raise InputError(
            "no such type of personal information", where="--subject", cure=f"use one of: {known}"
        )
    if not normalise_value(kind, raw):
        raise InputError("the value is empty in its normal form", where="--subject")
    return Selector("subject", raw, kind)


_MAKERS = {"doc-id": _doc_id, "url": _url, "domain": _domain, "text": _text, "subject": _subject}
