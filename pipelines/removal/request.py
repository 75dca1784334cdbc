"""`hallmark remove request`: what is meant, what holds it, and the ledger entry that keeps it out from now on."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from lineage import ledger as chain
from lineage.digests import sha256_bytes
from lineage.errors import InputError
from lineage.removals import BASES, accepted, keyed_id, keyed_value
from lineage.removals.sealed import seal
from pipelines import parts
from pipelines.parts import content_key
from pipelines.project import PartRef, Project, write_bytes, write_json
from pipelines.removal import releases
from pipelines.removal.find import Matches, find, sign_text
from pipelines.removal.keys import hmac_of
from pipelines.removal.selector import ByReason, Selector
from stages import dedup

SEALED = "removal-signatures"


@dataclass(frozen=True)
class Ground:
    """Why and for whom: the part of a request that is not about documents."""

    basis: str
    received_on: dt.date
    request_id: str | None = None
    jurisdiction: str | None = None
    verified_by: str | None = None


def ledger_path(project: Project) -> Path:
    """Return where the ledger of a project stands."""
    return project.root / "ledger" / "ledger.jsonl"


def request(
    project: Project,
    selector: Selector,
    ground: Ground,
    *,
    dry_run: bool = False,
    others: Sequence[Path] = (),
) -> dict[str, Any]:
    """Find the documents, write the ledger entry, and return it; with `dry_run` nothing is written.

    `others`: folders of earlier releases that are still on this machine, besides release/.
    """
    check_ground(ground)
    matches = find(project, selector, hmac_of(project)[1])
    return record(project, selector, matches, ground, dry_run=dry_run, others=others)


def record(
    project: Project,
    selector: Selector | ByReason,
    matches: Matches,
    ground: Ground,
    *,
    dry_run: bool = False,
    others: Sequence[Path] = (),
) -> dict[str, Any]:
    """Write the ledger entry for documents that are found already, and return it."""
    key_id, key = hmac_of(project)
    ids = pl.concat([matches.direct["doc_id"], matches.twins["doc_id"]])
    held = [h for r in (project.release, *others) if (h := releases.holding(Path(r), ids))]
    found = chain.entries(ledger_path(project))
    seq = len(found) + 1
    sealed, content = _signatures(project, selector, matches, key, seq)
    body = _asked(ground, seq) | {
        "selector": {
            "kind": selector.kind,
            "value": _keyed(selector, matches, key).hex(),
            "hmac_key_id": key_id,
        },
        "decision": "accept",
        "matched": _matched(project, matches, key, held),
        "signatures": sealed,
        "revoked_certs": _revoked(held),
    }
    _not_twice(found, body)
    if dry_run:
        return {"seq": seq} | body
    if content:
        write_bytes(ledger_path(project).parent / sealed["path"], content)
    entry = chain.append(ledger_path(project), body)
    _keep_presence(project, entry, ids)
    return entry


def _asked(ground: Ground, seq: int) -> dict[str, Any]:
    return {
        "event": "request",
        "request_id": ground.request_id or f"R-{seq:04d}",
        "received_on": ground.received_on.isoformat(),
        "basis": ground.basis,
        "jurisdiction": ground.jurisdiction,
        "verified_by": ground.verified_by,
    }


def check_ground(ground: Ground) -> None:
    """Refuse an unknown basis, and names that could hold more than a reference."""
    if ground.basis not in BASES:
        raise InputError(f"no basis is called {ground.basis!r}", cure=f"use one of: {', '.join(BASES)}")
    for name, value, shape in (
        ("--request-id", ground.request_id, r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        ("--verified-by", ground.verified_by, r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        ("--jurisdiction", ground.jurisdiction, r"[A-Z]{2}(-[A-Z0-9]{1,3})?"),
    ):
        if value is not None and not re.fullmatch(shape, value):
            raise InputError(
                "not a reference",
                where=name,
                cure=f"the ledger holds no personal data: use a code of the form {shape}",
            )


def reject(project: Project, target: int, ground: str, on: dt.date) -> dict[str, Any]:
    """Record that the request `target` does not stand; its documents may come back at the next run."""
    found = chain.entries(ledger_path(project))
    if target not in {e["seq"] for e in accepted(found)}:
        raise InputError(f"no standing request has the number {target}", cure="see `hallmark remove list`")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", ground):
        raise InputError("not a reason slug", where="--reason", cure="words in lower case, joined by hyphens")
    body = {"event": "reject", "target": target, "received_on": on.isoformat(), "reason": ground}
    return chain.append(ledger_path(project), body)


def _keyed(selector: Selector | ByReason, matches: Matches, key: bytes) -> bytes:
    if selector.kind == "doc-id" and matches.direct.height:
        selector = Selector("doc-id", matches.direct["doc_id"][0].hex())  # a beginning was given
    if selector.kind == "doc-id" and len(selector.value) != 64:
        raise InputError("no document has an id that begins so", cure="give the id in full")
    return selector.keyed(key, matches.exact)


def _matched(project: Project, matches: Matches, key: bytes, held: list[dict[str, Any]]) -> dict[str, Any]:
    direct, twins = matches.direct["doc_id"].to_list(), matches.twins["doc_id"].to_list()
    exact = exact_of(project, [*direct, *twins])
    texts = {exact[d] for d in direct} | {matches.exact}
    twin_texts = {exact[d] for d in twins} - texts
    return {
        "docs": len(direct),
        "twins": len(twins),
        "keyed_ids": sorted(keyed_id(key, d).hex() for d in direct),
        "keyed_twins": sorted(keyed_id(key, d).hex() for d in twins),
        "keyed_texts": sorted(keyed_value(key, "text", e).hex() for e in texts if e),
        "keyed_twin_texts": sorted(keyed_value(key, "text", e).hex() for e in twin_texts if e),
        "releases": held,
    }


def exact_of(project: Project, ids: list[bytes]) -> dict[bytes, bytes | None]:
    """Return the digest of the normalised text of documents, by document id."""
    wanted, found = pl.Series(ids, dtype=pl.Binary).implode(), {}
    for ref in project.parts():
        table = parts.read_part(project.table("dedup", ref), ["doc_id", "exact"])
        found.update(table.filter(pl.col("doc_id").is_in(wanted)).rows())
    return found


def _signatures(
    project: Project, selector: Selector | ByReason, matches: Matches, key: bytes, seq: int
) -> tuple[dict[str, Any] | None, bytes | None]:
    """Return (entry field, sealed bytes) of the signatures that know near copies after the text is gone."""
    tables = []
    for (source, part), rows in matches.direct.group_by("source", "part", maintain_order=True):
        path = project.table("dedup_signatures", PartRef(str(source), str(part)))
        tables.append(parts.read_part(path).filter(pl.col("doc_id").is_in(rows["doc_id"].implode())))
    if selector.kind == "text":
        tables.append(sign_text(project, selector.value))
    tables = [t for t in tables if t.height]
    if not tables:
        return None, None
    table = pl.concat(tables).sort("doc_id").filter(pl.col("signature").is_not_null())
    buffer = io.BytesIO()
    table.write_ipc(buffer, compat_level=pl.CompatLevel.oldest())
    content = seal(key, SEALED, buffer.getvalue())
    return {
        "path": f"signatures/{seq:04d}.bin",
        "sha256": sha256_bytes(content),
        "docs": table.height,
        "method": signature_method(project),
    }, content


def signature_method(project: Project) -> str:
    """Return the digest of what makes two MinHash signatures comparable."""
    full = dedup.method(project.params.dedup)
    names = ("definition", "normalisation_near", "folding_sha256", "shingle", "hash", "permutations_sha256")
    return content_key(**{n: full[n] for n in names})


def _revoked(held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        {"certificate": s["certificate"], "path": f"{s['source']}/{s['part']}"}
        for h in held
        for s in h["shards"]
    ]
    rows += [{"certificate": h["certificate"], "path": "release"} for h in held]
    return sorted(rows, key=lambda r: (r["path"], r["certificate"]))


def _not_twice(found: list[dict[str, Any]], body: dict[str, Any]) -> None:
    if any(e.get("request_id") == body["request_id"] for e in found):
        raise InputError(
            f"the request id {body['request_id']} stands in the ledger already", where="--request-id"
        )
    same = [
        e["seq"]
        for e in accepted(found)
        if e["selector"] == body["selector"] and e["matched"]["keyed_ids"] == body["matched"]["keyed_ids"]
    ]
    if same:
        raise InputError(f"request {same[0]} asks for the same", cure=f"see `hallmark remove show {same[0]}`")


def _keep_presence(project: Project, entry: dict[str, Any], ids: pl.Series) -> None:
    """Keep the proofs of presence in the restricted zone: after the next run the old release is gone."""
    if not releases.holding(project.release, ids):
        return
    wanted = sorted(set(ids))
    proofs = releases.presence(project.release, wanted)
    value = {
        "release": releases.identity(project.release),
        "documents": [{"doc_id": d.hex(), "proof": p} for d, p in zip(wanted, proofs, strict=True)],
    }
    write_json(before_path(project, entry["seq"]), value)


def before_path(project: Project, seq: int) -> Path:
    """Return where the proofs of presence of a request lie."""
    return project.data / "removals" / f"{seq:04d}-before.json"
