"""What somebody may do to a release, and what the verifier must answer; writes the documentation's table.

`python tests/lineage/attacks.py` rewrites the table of docs/verification.md from this list.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import small_release as small

from lineage import canonical, certificate, dsse, latest, trust
from lineage.digests import sha256_file
from lineage.keys import Signer
from lineage.verify import files

FAILED, INCOMPLETE, STALE = 1, 2, 3
TABLE = Path(__file__).parents[2] / "docs" / "verification.md"
BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"


@dataclass
class World:
    """A copy of a good release, the keys around it, and how it will be verified."""

    root: Path
    pipeline: Signer
    reviewer: Signer
    stranger: Signer
    trust: Path
    options: dict[str, Any] = field(default_factory=dict)

    def resign(self) -> None:
        """Let the pipeline certify everything again, as its operator could."""
        small.sign_shards(self.root, self.pipeline)
        small.sign_release(self.root, self.pipeline)

    def retrust(self, **change: Any) -> None:
        """Trust the pipeline's key with a change, as a trust file would state it."""
        entry = trust.trust_entry(self.pipeline.public_pem, "pipeline") | change
        self.trust.write_bytes(trust.trust_file([entry]))


class Attack(NamedTuple):
    """One attack: what is done, how, the exit code, and words of the reason."""

    what: str
    do: Callable[[World], None]
    code: int
    reason: str


def flip(path: str | Callable[[World], str], at: float) -> Callable[[World], None]:
    """Change one bit of a file, at a fraction of its length."""

    def do(world: World) -> None:
        file = world.root / (path if isinstance(path, str) else path(world))
        data = bytearray(file.read_bytes())
        data[min(int(len(data) * at), len(data) - 1)] ^= 0x04
        file.write_bytes(data)

    return do


def _shard(world: World) -> str:
    return small.shard_of(world.root)


def _edit_manifest(world: World, change: Callable[[dict[str, Any]], None], path: str = "") -> None:
    source, part = small.PARTS[0]
    file = world.root / (path or f"meta/shards/{source}/{part}.json")
    body = canonical.loads(file.read_bytes())
    change(body)
    file.write_bytes(canonical.dumps(body))
    if not path:
        _edit_manifest(
            world, lambda m: m["shards"][0].update(manifest_sha256=sha256_file(file)), "meta/manifest.json"
        )


def _edit_statement(
    world: World, change: Callable[[dict[str, Any]], None], signers: list[Signer] | None = None
) -> None:
    path = world.root / certificate.RELEASE_CERTIFICATE
    statement = canonical.loads(dsse.parse(path.read_bytes()).payload)
    change(statement)
    payload = canonical.dumps(statement)
    path.write_bytes(dsse.sign(dsse.STATEMENT_TYPE, payload, signers or [world.pipeline]))


def _edit_envelope(world: World, change: Callable[[dict[str, Any]], None]) -> None:
    path = world.root / certificate.RELEASE_CERTIFICATE
    body = json.loads(path.read_bytes())
    change(body)
    path.write_bytes(canonical.dumps(body))


def _swap_contents(world: World) -> None:
    a, b = (world.root / small.shard_of(world.root, n) for n in (0, 1))
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second), b.write_bytes(first)


def _swap_certificates(world: World) -> None:
    a, b = (world.root / certificate.certificate_path(*small.PARTS[n]) for n in (0, 1))
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second), b.write_bytes(first)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "wiki/*"


def _swap_parts(world: World) -> None:
    _swap_contents(world)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "data/*"


def _rename(world: World) -> None:
    shard = world.root / _shard(world)
    shard.rename(shard.with_name("00aa00aa-0009" + shard.name[-21:]))


def _rename_alone(world: World) -> None:
    _rename(world)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "data/*"


def _unsigned_shard(world: World) -> None:
    shutil.copy(world.root / _shard(world), world.root / "data/wiki/ffffffff-0000-000000000000.parquet")


def _unsigned_shard_alone(world: World) -> None:
    _unsigned_shard(world)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "data/*/*"


def _symlink(world: World) -> None:
    shard = world.root / _shard(world)
    outside = world.root.parent / "outside.parquet"
    shard.rename(outside)
    shard.symlink_to(outside)


def _symlinked_folder(world: World) -> None:
    outside = world.root.parent / "outside"
    (world.root / "sheets").rename(outside)
    (world.root / "sheets").symlink_to(outside)


def _escape(world: World) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["subject"][0]["name"] = "../outside.md"

    _edit_statement(world, change)


def _oversize(world: World) -> None:
    source, part = small.PARTS[0]
    file = world.root / f"meta/shards/{source}/{part}.json"
    file.write_bytes(file.read_bytes() + b" " * files.SHARD_MANIFEST_LIMIT)
    _edit_manifest(
        world, lambda m: m["shards"][0].update(manifest_sha256=sha256_file(file)), "meta/manifest.json"
    )
    world.resign()


def _duplicate_key(world: World) -> None:
    source, part = small.PARTS[0]
    world.resign()
    file = world.root / f"meta/shards/{source}/{part}.json"
    file.write_bytes(file.read_bytes().replace(b'{"flow"', b'{"part":"other","flow"', 1))
    cert = world.root / certificate.certificate_path(source, part)
    statement = canonical.loads(dsse.parse(cert.read_bytes()).payload)
    told = certificate.descriptor(world.root, f"meta/shards/{source}/{part}.json")
    statement["predicate"]["manifest"] = told
    cert.write_bytes(dsse.sign(dsse.STATEMENT_TYPE, canonical.dumps(statement), [world.pipeline]))
    small.sign_release(world.root, world.pipeline)


def _duplicate_key_in_envelope(world: World) -> None:
    path = world.root / certificate.RELEASE_CERTIFICATE
    path.write_bytes(path.read_bytes().replace(b"{", b'{"payloadType":"x",', 1))


def _open_books(world: World) -> None:
    _edit_manifest(world, lambda m: m["flow"].update(removed=m["flow"]["removed"] + 1))
    world.resign()


def _hidden_removal(world: World) -> None:
    def change(m: dict[str, Any]) -> None:
        m["flow"].update(removed=m["flow"]["removed"] - 1, quarantined=m["flow"]["quarantined"] + 1)

    _edit_manifest(world, change)
    total = canonical.loads((world.root / "meta/manifest.json").read_bytes())["flow"]
    moved = {"removed": total["removed"] - 1, "quarantined": total["quarantined"] + 1}
    _edit_manifest(world, lambda m: m["flow"].update(moved), "meta/manifest.json")
    world.resign()
    world.options["deep"] = True


def _other_text(world: World) -> None:
    """Publish another text than the lineage table names, everything else made to fit and signed again."""
    old = _shard(world)
    table = pq.read_table(world.root / old)
    texts = table.column("text").to_pylist()
    pq.write_table(table.set_column(1, "text", pa.array(["changed", *texts[1:]])), world.root / old)
    digest, size = sha256_file(world.root / old), (world.root / old).stat().st_size
    new = old[: -len("0" * 12 + ".parquet")] + digest[:12] + ".parquet"
    (world.root / old).rename(world.root / new)
    number = next(n for n, (s, p) in enumerate(small.PARTS) if old.startswith(f"data/{s}/{p}"))
    source, part = small.PARTS[number]
    path = f"meta/shards/{source}/{part}.json"
    _edit_manifest(world, lambda m: m["shard"].update(path=new, sha256=digest, bytes=size), path)
    manifest_digest = sha256_file(world.root / path)

    def release(m: dict[str, Any]) -> None:
        from lineage import merkle

        m["shards"][number].update(path=new, sha256=digest, manifest_sha256=manifest_digest)
        m["merkle"]["shard_root"] = merkle.shard_root(m["shards"])

    _edit_manifest(world, release, "meta/manifest.json")
    world.resign()
    world.options["deep"] = True


def _revoked_in_release(world: World) -> None:
    cert = (world.root / certificate.certificate_path(*small.PARTS[0])).read_bytes()
    entry = {"certificate": certificate.certificate_id(cert), "reason": "superseded"}
    _edit_manifest(world, lambda m: m.update(revocations=[entry]), "meta/manifest.json")
    small.sign_release(world.root, world.pipeline)


def _revoked_in_trust(world: World) -> None:
    cert = (world.root / certificate.RELEASE_CERTIFICATE).read_bytes()
    body = json.loads(world.trust.read_bytes())
    body["revoked_certificates"] = [certificate.certificate_id(cert)]
    world.trust.write_text(json.dumps(body))


def _failed_gate(world: World) -> None:
    gates = [small.GATES[0] | {"status": "fail", "measured": 2}]
    shutil.rmtree(world.root)
    small.build(world.root, world.pipeline, gates=gates)


def _trust_inside(world: World) -> None:
    inside = world.root / "trust.json"
    inside.write_bytes(world.trust.read_bytes())
    world.options["trust"] = inside


def _claims_another_role(world: World) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["subject"][0]["annotations"]["role"] = "data"

    _edit_statement(world, change)


def _flip_signature(world: World) -> None:
    def change(body: dict[str, Any]) -> None:
        raw = bytearray(base64.b64decode(body["signatures"][0]["sig"]))
        raw[10] ^= 1
        body["signatures"][0]["sig"] = base64.b64encode(raw).decode()

    _edit_envelope(world, change)


def _payload_type(world: World) -> None:
    _edit_envelope(world, lambda b: b.update(payloadType="application/json"))


def _kind(world: World) -> None:
    shard_certificate = world.root / certificate.certificate_path(*small.PARTS[0])
    shutil.copy(shard_certificate, world.root / certificate.RELEASE_CERTIFICATE)


def _remove(path: str) -> Callable[[World], None]:
    return lambda world: (world.root / path).unlink()


def _incomplete(world: World) -> None:
    (world.root / f"sheets/{SOURCE}/{PART}.en.md").unlink()
    world.options["require"] = ["complete"]


def _certified_wanted(world: World) -> None:
    world.options["require"] = ["certified"]


def _latest(
    world: World,
    history_ends: bool = True,
    expires: date = small.TODAY + timedelta(days=30),
    revoke: bool = False,
    signer: Signer | None = None,
) -> None:
    """Publish a record of the newest release, then show this copy against it."""
    old = world.root / certificate.RELEASE_CERTIFICATE
    kept = old.read_bytes()
    if not history_ends:
        _edit_manifest(world, lambda m: m["dataset"].update(version="2"), "meta/manifest.json")
        small.sign_release(world.root, world.pipeline)
    shard = (world.root / certificate.certificate_path(*small.PARTS[0])).read_bytes()
    revoked = [{"certificate": certificate.certificate_id(shard), "reason": "superseded"}] if revoke else []
    history = [certificate.certificate_id(kept)]
    if not history_ends:
        history.append(certificate.certificate_id(old.read_bytes()))
    made = latest.certify_latest(world.root, signer or world.pipeline, small.AS_OF, expires, history, revoked)
    small.write(world.root.parent / "latest.json", made)
    world.options["latest"] = world.root.parent / "latest.json"
    if not history_ends:
        _edit_manifest(world, lambda m: m["dataset"].update(version="1"), "meta/manifest.json")
        old.write_bytes(kept)
    if revoke:
        old.unlink()
        world.options["shards"] = "*"


SOURCE, PART = small.PARTS[0]
CLASSES: dict[str, str | Callable[[World], str]] = {
    "a shard": _shard,
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
            f"flip a bit of {name}, {place} byte", flip(path, at), FAILED, "not the bytes that were certified"
        )
        for name, path in CLASSES.items()
        for place, at in PLACES.items()
    ),
    Attack(
        "flip a bit of the release certificate, first byte",
        flip(certificate.RELEASE_CERTIFICATE, 0),
        FAILED,
        "",
    ),
    Attack("flip a bit of the signed payload", flip(certificate.RELEASE_CERTIFICATE, 0.5), FAILED, ""),
    Attack(
        "flip a bit of the release certificate, last byte",
        flip(certificate.RELEASE_CERTIFICATE, 1),
        FAILED,
        "",
    ),
    Attack("flip a bit of the signature", _flip_signature, FAILED, "signed by no trusted key"),
    Attack(
        "rename the key of a signature",
        lambda w: _edit_envelope(w, lambda b: b["signatures"][0].update(keyid="00")),
        FAILED,
        "under another key's id",
    ),
    Attack(
        "put more fields into the envelope",
        lambda w: _edit_envelope(w, lambda b: b.update(note="x")),
        FAILED,
        "canonical",
    ),
    Attack(
        "strip the signatures",
        lambda w: _edit_envelope(w, lambda b: b.update(signatures=[])),
        FAILED,
        "no signature",
    ),
    Attack(
        "sign with an unknown key", lambda w: _edit_statement(w, dict, [w.stranger]), FAILED, "no trusted key"
    ),
    Attack(
        "sign with a reviewer's key in place of the pipeline's",
        lambda w: _edit_statement(w, dict, [w.reviewer]),
        FAILED,
        "wrong role",
    ),
    Attack("change the payload type", _payload_type, FAILED, "in-toto"),
    Attack("put a shard certificate in place of the release certificate", _kind, FAILED, "another kind"),
    Attack("swap the contents of two shards", _swap_contents, FAILED, "certified"),
    Attack("swap two shards of a partial pull", _swap_parts, FAILED, "certified"),
    Attack(
        "swap the certificates of two parts of a partial pull", _swap_certificates, FAILED, "another part"
    ),
    Attack("rename a shard", _rename, FAILED, "does not list it"),
    Attack("rename a shard of a partial pull", _rename_alone, INCOMPLETE, "not here"),
    Attack("add a file", lambda w: small.write(w.root / "extra.txt", b"x"), FAILED, "does not list it"),
    Attack("add an unsigned shard", _unsigned_shard, FAILED, "does not list it"),
    Attack("add an unsigned shard to a partial pull", _unsigned_shard_alone, INCOMPLETE, "not here"),
    Attack("replace a shard by a symbolic link", _symlink, FAILED, "link"),
    Attack("replace a folder by a symbolic link", _symlinked_folder, FAILED, "link"),
    Attack("sign a path with ..", _escape, FAILED, "unsafe path"),
    Attack("sign a wrong role for a file", _claims_another_role, FAILED, "it calls"),
    Attack("sign a manifest over the size limit", _oversize, FAILED, "over the limit"),
    Attack("sign a manifest that has a key twice", _duplicate_key, FAILED, "same key twice"),
    Attack("put a key twice into an envelope", _duplicate_key_in_envelope, FAILED, "same key twice"),
    Attack("sign books that do not close", _open_books, FAILED, "books do not close"),
    Attack(
        "sign counts that the lineage table contradicts (--deep)", _hidden_removal, FAILED, "do not add up"
    ),
    Attack("publish another text than lineage names (--deep)", _other_text, FAILED, "not the texts"),
    Attack("sign a release with a failed gate", _failed_gate, FAILED, "gate books failed"),
    Attack(
        "sign a withheld release",
        lambda w: _edit_statement(w, lambda s: s["predicate"].update(grade_allowed="none")),
        FAILED,
        "withheld",
    ),
    Attack(
        "remove the release certificate", _remove(certificate.RELEASE_CERTIFICATE), INCOMPLETE, "--shards"
    ),
    Attack(
        "remove a shard certificate", _remove(f"meta/certs/{SOURCE}/{PART}.dsse.json"), INCOMPLETE, "not here"
    ),
    Attack("remove a shard manifest", _remove(f"meta/shards/{SOURCE}/{PART}.json"), INCOMPLETE, "not here"),
    Attack(
        "remove a sheet, where completeness is required",
        _incomplete,
        INCOMPLETE,
        "required: complete",
    ),
    Attack(
        "verify without any trusted key", lambda w: w.options.update(trust=None), INCOMPLETE, "no trusted key"
    ),
    Attack("bring the trust file inside the release", _trust_inside, INCOMPLETE, "inside the release"),
    Attack("require `certified` without a reviewer's signature", _certified_wanted, INCOMPLETE, "screened"),
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
    Attack("show a shard certificate that the release revokes", _revoked_in_release, STALE, "revoked"),
    Attack("show a certificate that the trust file revokes", _revoked_in_trust, STALE, "revoked"),
    Attack(
        "replay an old release against --latest",
        lambda w: _latest(w, history_ends=False),
        STALE,
        "not the newest release",
    ),
    Attack(
        "hold back newer records: show one that has ended (--latest)",
        lambda w: _latest(w, expires=small.TODAY - TWO_DAYS),
        STALE,
        "ended",
    ),
    Attack(
        "use a shard without its release after it was revoked (--latest)",
        lambda w: _latest(w, revoke=True),
        STALE,
        "record of the newest release lists",
    ),
    Attack(
        "show a record of the newest release that a stranger signed (--latest)",
        lambda w: _latest(w, signer=w.stranger),
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
    return "\n".join([*lines, *(f"| {what} | {code} | {reason} |" for what, (code, reason) in rows.items())])


def documented() -> str:
    """Return the table that the documentation holds."""
    return TABLE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()


if __name__ == "__main__":
    text = TABLE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    TABLE.write_text(f"{head}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    sys.exit(0)
