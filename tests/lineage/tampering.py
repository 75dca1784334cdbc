"""What somebody does to a release in the attack tests: each function changes one copy, its keys or its options."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import small_release as small

from lineage import canonical, certificate, dsse, latest, merkle, trust
from lineage.digests import sha256_file
from lineage.keys import Signer
from lineage.verify import files


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


SOURCE, PART = small.PARTS[0]


def flip(path: str | Callable[[World], str], at: float) -> Callable[[World], None]:
    """Change one bit of a file, at a fraction of its length."""

    def do(world: World) -> None:
        file = world.root / (path if isinstance(path, str) else path(world))
        data = bytearray(file.read_bytes())
        data[min(int(len(data) * at), len(data) - 1)] ^= 0x04
        file.write_bytes(data)

    return do


def first_shard(world: World) -> str:
    return small.shard_of(world.root)


def edit_manifest(world: World, change: Callable[[dict[str, Any]], None], path: str = "") -> None:
    source, part = small.PARTS[0]
    file = world.root / (path or f"meta/shards/{source}/{part}.json")
    body = canonical.loads(file.read_bytes())
    change(body)
    file.write_bytes(canonical.dumps(body))
    if not path:
        edit_manifest(
            world, lambda m: m["shards"][0].update(manifest_sha256=sha256_file(file)), "meta/manifest.json"
        )


def edit_statement(
    world: World, change: Callable[[dict[str, Any]], None], signers: list[Signer] | None = None
) -> None:
    path = world.root / certificate.RELEASE_CERTIFICATE
    statement = canonical.loads(dsse.parse(path.read_bytes()).payload)
    change(statement)
    payload = canonical.dumps(statement)
    path.write_bytes(dsse.sign(dsse.STATEMENT_TYPE, payload, signers or [world.pipeline]))


def edit_envelope(world: World, change: Callable[[dict[str, Any]], None]) -> None:
    path = world.root / certificate.RELEASE_CERTIFICATE
    body = json.loads(path.read_bytes())
    change(body)
    path.write_bytes(canonical.dumps(body))


def swap_contents(world: World) -> None:
    a, b = (world.root / small.shard_of(world.root, n) for n in (0, 1))
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second), b.write_bytes(first)


def swap_certificates(world: World) -> None:
    a, b = (world.root / certificate.certificate_path(*small.PARTS[n]) for n in (0, 1))
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second), b.write_bytes(first)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "wiki/*"


def swap_parts(world: World) -> None:
    swap_contents(world)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "data/*"


def rename(world: World) -> None:
    shard = world.root / first_shard(world)
    shard.rename(shard.with_name("00aa00aa-0009" + shard.name[-21:]))


def rename_alone(world: World) -> None:
    rename(world)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "data/*"


def unsigned_shard(world: World) -> None:
    shutil.copy(world.root / first_shard(world), world.root / "data/wiki/ffffffff-0000-000000000000.parquet")


def unsigned_shard_alone(world: World) -> None:
    unsigned_shard(world)
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = "data/*/*"


def second_shard_alone(world: World) -> None:
    """Lay another file beside the shard of a part, under a name that the part could have."""
    shard = first_shard(world)
    shutil.copy(world.root / shard, world.root / (shard[: -len("0.parquet") - 11] + "f" * 12 + ".parquet"))
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = f"{SOURCE}/{PART}"


def stray_file_alone(world: World) -> None:
    shutil.copy(world.root / first_shard(world), world.root / f"data/{SOURCE}/extra.parquet")
    (world.root / certificate.RELEASE_CERTIFICATE).unlink()
    world.options["shards"] = f"{SOURCE}/{PART}"


def symlink(world: World) -> None:
    shard = world.root / first_shard(world)
    outside = world.root.parent / "outside.parquet"
    shard.rename(outside)
    shard.symlink_to(outside)


def symlinked_folder(world: World) -> None:
    outside = world.root.parent / "outside"
    (world.root / "sheets").rename(outside)
    (world.root / "sheets").symlink_to(outside)


def escape(world: World) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["subject"][0]["name"] = "../outside.md"

    edit_statement(world, change)


def oversize(world: World) -> None:
    source, part = small.PARTS[0]
    file = world.root / f"meta/shards/{source}/{part}.json"
    file.write_bytes(file.read_bytes() + b" " * files.SHARD_MANIFEST_LIMIT)
    edit_manifest(
        world, lambda m: m["shards"][0].update(manifest_sha256=sha256_file(file)), "meta/manifest.json"
    )
    world.resign()


def duplicate_key(world: World) -> None:
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


def duplicate_key_in_envelope(world: World) -> None:
    path = world.root / certificate.RELEASE_CERTIFICATE
    path.write_bytes(path.read_bytes().replace(b"{", b'{"payloadType":"x",', 1))


def open_books(world: World) -> None:
    edit_manifest(world, lambda m: m["flow"].update(removed=m["flow"]["removed"] + 1))
    world.resign()


def hidden_removal(world: World) -> None:
    def change(m: dict[str, Any]) -> None:
        m["flow"].update(removed=m["flow"]["removed"] - 1, quarantined=m["flow"]["quarantined"] + 1)

    edit_manifest(world, change)
    total = canonical.loads((world.root / "meta/manifest.json").read_bytes())["flow"]
    moved = {"removed": total["removed"] - 1, "quarantined": total["quarantined"] + 1}
    edit_manifest(world, lambda m: m["flow"].update(moved), "meta/manifest.json")
    world.resign()
    world.options["deep"] = True


def other_text(world: World) -> None:
    """Publish another text than the lineage table names, everything else made to fit and signed again."""
    old = first_shard(world)
    table = pq.read_table(world.root / old)
    texts = table.column("text").to_pylist()
    pq.write_table(table.set_column(1, "text", pa.array(["changed", *texts[1:]])), world.root / old)
    digest, size = sha256_file(world.root / old), (world.root / old).stat().st_size
    new = old[: -len("0" * 12 + ".parquet")] + digest[:12] + ".parquet"
    (world.root / old).rename(world.root / new)
    number = next(n for n, (s, p) in enumerate(small.PARTS) if old.startswith(f"data/{s}/{p}"))
    source, part = small.PARTS[number]
    path = f"meta/shards/{source}/{part}.json"
    edit_manifest(world, lambda m: m["shard"].update(path=new, sha256=digest, bytes=size), path)
    manifest_digest = sha256_file(world.root / path)

    def release(m: dict[str, Any]) -> None:
        m["shards"][number].update(path=new, sha256=digest, manifest_sha256=manifest_digest)
        m["merkle"]["shard_root"] = merkle.shard_root(m["shards"])

    edit_manifest(world, release, "meta/manifest.json")
    world.resign()
    world.options["deep"] = True


def revoked_in_release(world: World) -> None:
    cert = (world.root / certificate.certificate_path(*small.PARTS[0])).read_bytes()
    entry = {"certificate": certificate.certificate_id(cert), "reason": "superseded"}
    edit_manifest(world, lambda m: m.update(revocations=[entry]), "meta/manifest.json")
    small.sign_release(world.root, world.pipeline)


def revoked_in_trust(world: World) -> None:
    cert = (world.root / certificate.RELEASE_CERTIFICATE).read_bytes()
    body = json.loads(world.trust.read_bytes())
    body["revoked_certificates"] = [certificate.certificate_id(cert)]
    world.trust.write_text(json.dumps(body))


def failed_gate(world: World) -> None:
    gates = [small.GATES[0] | {"status": "fail", "measured": 2}]
    shutil.rmtree(world.root)
    small.build(world.root, world.pipeline, gates=gates)


def trust_inside(world: World) -> None:
    inside = world.root / "trust.json"
    inside.write_bytes(world.trust.read_bytes())
    world.options["trust"] = inside


def claims_another_role(world: World) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["subject"][0]["annotations"]["role"] = "data"

    edit_statement(world, change)


def flip_signature(world: World) -> None:
    def change(body: dict[str, Any]) -> None:
        raw = bytearray(base64.b64decode(body["signatures"][0]["sig"]))
        raw[10] ^= 1
        body["signatures"][0]["sig"] = base64.b64encode(raw).decode()

    edit_envelope(world, change)


def payload_type(world: World) -> None:
    edit_envelope(world, lambda b: b.update(payloadType="application/json"))


def other_kind(world: World) -> None:
    shard_certificate = world.root / certificate.certificate_path(*small.PARTS[0])
    shutil.copy(shard_certificate, world.root / certificate.RELEASE_CERTIFICATE)


def remove(path: str) -> Callable[[World], None]:
    return lambda world: (world.root / path).unlink()


def incomplete(world: World) -> None:
    (world.root / f"sheets/{SOURCE}/{PART}.en.md").unlink()
    world.options["require"] = ["complete"]


def certified_wanted(world: World) -> None:
    world.options["require"] = ["certified"]


def show_latest(
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
        edit_manifest(world, lambda m: m["dataset"].update(version="2"), "meta/manifest.json")
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
        edit_manifest(world, lambda m: m["dataset"].update(version="1"), "meta/manifest.json")
        old.write_bytes(kept)
    if revoke:
        old.unlink()
        world.options["shards"] = "*"
