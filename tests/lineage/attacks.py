"""Every attack on a release, and what the verifier must answer; writes the documentation's table.

`python tests/lineage/attacks.py` rewrites the table of docs/verification.md from this list.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import attacks_beside
import small_release as small
import tampering as do

from lineage import certificate

FAILED, INCOMPLETE, STALE = 1, 2, 3
TABLE = Path(__file__).parents[2] / "docs" / "verification.md"
BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"


class Attack(NamedTuple):
    """One attack: what is done, how, the exit code, and words of the reason."""

    what: str
    act: Callable[[do.World], None]
    code: int
    reason: str


SOURCE, PART = small.PARTS[0]
CLASSES: dict[str, str | Callable[[do.World], str]] = {
    "a shard": do.first_shard,
    "a shard manifest": f"meta/shards/{SOURCE}/{PART}.json",
    "a lineage table": f"lineage/{SOURCE}/{PART}.parquet",
    "a data sheet": f"sheets/{SOURCE}/{PART}.zh.html",
    "the policy": "meta/policy.yaml",
    "detector evidence": "meta/evidence/demo-lexicon.json",
    "the dataset card": "README.md",
    "the release manifest": "meta/manifest.json",
    "a shard certificate": f"meta/certs/{SOURCE}/{PART}.dsse.json",
}
PLACES = {"first": 0.0, "middle": 0.5, "last": 1.0}
TWO_DAYS = timedelta(days=2)

ATTACKS: tuple[Attack, ...] = (
    *(
        Attack(
            f"flip a bit of {name}, {place} byte",
            do.flip(path, at),
            FAILED,
            "not the bytes that were certified",
        )
        for name, path in CLASSES.items()
        for place, at in PLACES.items()
    ),
    Attack(
        "flip a bit of the release certificate, first byte",
        do.flip(certificate.RELEASE_CERTIFICATE, 0),
        FAILED,
        "",
    ),
    Attack("flip a bit of the signed payload", do.flip(certificate.RELEASE_CERTIFICATE, 0.5), FAILED, ""),
    Attack(
        "flip a bit of the release certificate, last byte",
        do.flip(certificate.RELEASE_CERTIFICATE, 1),
        FAILED,
        "",
    ),
    Attack("flip a bit of the signature", do.flip_signature, FAILED, "signed by no trusted key"),
    Attack(
        "rename the key of a signature",
        lambda w: do.edit_envelope(w, lambda b: b["signatures"][0].update(keyid="00")),
        FAILED,
        "under another key's id",
    ),
    Attack(
        "put more fields into the envelope",
        lambda w: do.edit_envelope(w, lambda b: b.update(note="x")),
        FAILED,
        "canonical",
    ),
    Attack(
        "strip the signatures",
        lambda w: do.edit_envelope(w, lambda b: b.update(signatures=[])),
        FAILED,
        "no signature",
    ),
    Attack(
        "sign with an unknown key",
        lambda w: do.edit_statement(w, dict, [w.stranger]),
        FAILED,
        "no trusted key",
    ),
    Attack(
        "sign with a reviewer's key in place of the pipeline's",
        lambda w: do.edit_statement(w, dict, [w.reviewer]),
        FAILED,
        "wrong role",
    ),
    Attack("change the payload type", do.payload_type, FAILED, "in-toto"),
    Attack(
        "put a shard certificate in place of the release certificate", do.other_kind, FAILED, "another kind"
    ),
    Attack("swap the contents of two shards", do.swap_contents, FAILED, "certified"),
    Attack("swap two shards of a partial pull", do.swap_parts, FAILED, "certified"),
    Attack(
        "swap the certificates of two parts of a partial pull", do.swap_certificates, FAILED, "another part"
    ),
    Attack("rename a shard", do.rename, FAILED, "does not list it"),
    Attack("rename a shard of a partial pull", do.rename_alone, INCOMPLETE, "not here"),
    Attack("add a file", lambda w: small.write(w.root / "extra.txt", b"x"), FAILED, "does not list it"),
    Attack("add an unsigned shard", do.unsigned_shard, FAILED, "does not list it"),
    Attack("add an unsigned shard to a partial pull", do.unsigned_shard_alone, INCOMPLETE, "not here"),
    Attack(
        "lay a second shard beside that of a part", do.second_shard_alone, INCOMPLETE, "no good certificate"
    ),
    Attack(
        "lay a stray file into data/ of a partial pull",
        do.stray_file_alone,
        INCOMPLETE,
        "no good certificate",
    ),
    Attack("replace a shard by a symbolic link", do.symlink, FAILED, "link"),
    Attack("replace a folder by a symbolic link", do.symlinked_folder, FAILED, "link"),
    Attack("sign a path with ..", do.escape, FAILED, "unsafe path"),
    Attack("sign a wrong role for a file", do.claims_another_role, FAILED, "it calls"),
    Attack("sign a manifest over the size limit", do.oversize, FAILED, "over the limit"),
    Attack("sign a manifest that has a key twice", do.duplicate_key, FAILED, "same key twice"),
    Attack("put a key twice into an envelope", do.duplicate_key_in_envelope, FAILED, "same key twice"),
    Attack("sign books that do not close", do.open_books, FAILED, "books do not close"),
    Attack(
        "sign counts that the lineage table contradicts (--deep)", do.hidden_removal, FAILED, "do not add up"
    ),
    Attack("publish another text than lineage names (--deep)", do.other_text, FAILED, "not the texts"),
    Attack("sign a release with a failed gate", do.failed_gate, FAILED, "gate books failed"),
    Attack(
        "sign a withheld release",
        lambda w: do.edit_statement(w, lambda s: s["predicate"].update(grade_allowed="none")),
        FAILED,
        "withheld",
    ),
    Attack(
        "remove the release certificate", do.remove(certificate.RELEASE_CERTIFICATE), INCOMPLETE, "--shards"
    ),
    Attack(
        "remove a shard certificate",
        do.remove(f"meta/certs/{SOURCE}/{PART}.dsse.json"),
        INCOMPLETE,
        "not here",
    ),
    Attack("remove a shard manifest", do.remove(f"meta/shards/{SOURCE}/{PART}.json"), INCOMPLETE, "not here"),
    Attack(
        "remove a sheet, where completeness is required",
        do.incomplete,
        INCOMPLETE,
        "required: complete",
    ),
    Attack(
        "verify without any trusted key", lambda w: w.options.update(trust=None), INCOMPLETE, "no trusted key"
    ),
    Attack("bring the trust file inside the release", do.trust_inside, INCOMPLETE, "inside the release"),
    Attack("require `certified` without a reviewer's signature", do.certified_wanted, INCOMPLETE, "screened"),
    Attack(
        "use an expired key",
        lambda w: w.retrust(valid_until=(small.TODAY - TWO_DAYS).isoformat()),
        STALE,
        "expired",
    ),
    Attack(
        "use a key before its time",
        lambda w: w.retrust(valid_from=(small.TODAY + TWO_DAYS).isoformat()),
        STALE,
        "not valid before",
    ),
    Attack("use a revoked key", lambda w: w.retrust(revoked=small.AS_OF.isoformat()), STALE, "revoked"),
    Attack(
        "show a certificate after its end", lambda w: w.options.update(today=date(2027, 1, 1)), STALE, "ended"
    ),
    Attack("show a shard certificate that the release revokes", do.revoked_in_release, STALE, "revoked"),
    Attack("show a certificate that the trust file revokes", do.revoked_in_trust, STALE, "revoked"),
    Attack(
        "replay an old release against --latest",
        lambda w: do.show_latest(w, history_ends=False),
        STALE,
        "not the newest release",
    ),
    Attack(
        "hold back newer records: show one that has ended (--latest)",
        lambda w: do.show_latest(w, expires=small.TODAY - TWO_DAYS),
        STALE,
        "ended",
    ),
    Attack(
        "use a shard without its release after it was revoked (--latest)",
        lambda w: do.show_latest(w, revoke=True),
        STALE,
        "record of the newest release lists",
    ),
    Attack(
        "show a record of the newest release that a stranger signed (--latest)",
        lambda w: do.show_latest(w, signer=w.stranger),
        FAILED,
        "no trusted key",
    ),
    Attack(
        "replay an old release against --require max-age=20d",
        lambda w: w.options.update(require=["max-age=20d"]),
        STALE,
        "at most 20 days",
    ),
)


def table() -> str:
    """Return the Markdown table of all attacks, one row per kind; the three places of a flip make one row."""
    rows: dict[str, tuple[int, str]] = {}
    for attack in ATTACKS:
        reason = attack.reason or "not an envelope, or signed by no trusted key"
        rows.setdefault(
            attack.what.split(", first")[0].split(", middle")[0].split(", last")[0], (attack.code, reason)
        )
    lines = ["| attack | exit code | the reason says |", "|---|---|---|"]
    first = "\n".join([*lines, *(f"| {what} | {code} | {reason} |" for what, (code, reason) in rows.items())])
    return f"{first}\n\n{attacks_beside.table()}"


def documented() -> str:
    """Return the table that the documentation holds."""
    return TABLE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()


if __name__ == "__main__":
    text = TABLE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    TABLE.write_text(f"{head}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    sys.exit(0)
