"""`hallmark purge`: delete what still holds removed documents, with receipts and a list of what is out of reach."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from lineage import ledger as chain
from lineage.digests import sha256_file
from lineage.records import STATUS_UNREADABLE
from lineage.removals import accepted, keyed_id, keyed_value, standing
from pipelines import parts
from pipelines.project import PartRef, Project
from pipelines.quarantine import store as quarantine
from pipelines.questions import decided
from pipelines.removal import erase, releases, similarities
from pipelines.removal.carriers import Wanted, holds
from pipelines.removal.find import Matches, locate, twins_of
from pipelines.removal.keys import hmac_of
from pipelines.removal.request import Ground, ledger_path, record
from pipelines.removal.selector import ByReason
from pipelines.removal.stores import delete_far, dvc_object, far_remotes, objects, stores
from stages.ingest.places import cached

#: Removed for these reasons, a document's text is erased without anybody's request.
MINORS, ENDED = "sexual-minors", "retention-ended"
AGAIN = "tombstoned"
GONE = ("removal-request", "twin-of-removed", AGAIN, MINORS, ENDED)
#: Where copies go that nothing on this machine can follow.
BEYOND = (
    "copies that others pulled, and the caches of their tools (for example of Hugging Face datasets)",
    "backups and snapshots of these disks",
    "other clones of this project, with their own DVC cache and data/",
    "models trained on a release that held the documents",
)


@dataclass
class Plan:
    """What a purge would do: files to delete, rows to erase, documents still published, what is out of reach."""

    files: list[tuple[str, str, Path]] = field(default_factory=list)  # store, name, path
    rows: dict[PartRef, dict[bytes, str]] = field(default_factory=dict)
    gone: tuple[bytes, ...] = ()
    held: dict[PartRef, list[bytes]] = field(default_factory=dict)  # to take out of quarantine/
    waiting: int = 0
    sources: list[str] = field(default_factory=list)
    far: list[str] = field(default_factory=list)
    indexes: list[Path] = field(default_factory=list)  # indexes of sealed releases that hold a signature

    @property
    def row_count(self) -> int:
        return sum(len(r) for r in self.rows.values())


def plan(project: Project) -> Plan:
    """Return what a purge of all standing requests would do; nothing is changed."""
    _, key = hmac_of(project)
    fates = _removed(project, key)
    found = Plan(waiting=sum(reason is None for _, reason in fates.values()))
    gone = {d: (ref, reason) for d, (ref, reason) in fates.items() if reason}
    found.gone = tuple(sorted(gone))
    for doc_id, (ref, reason) in gone.items():
        found.rows.setdefault(ref, {})[doc_id] = reason
        found.held.setdefault(ref, []).append(doc_id)
    _drop_erased(project, found)
    wanted = Wanted(pl.Series("doc_id", sorted(gone), dtype=pl.Binary), _texts(project, gone, key), key)
    found.indexes = [
        p for p in sorted((project.data / "dedup_index").glob("*.parquet")) if _in_index(p, wanted)
    ]
    inputs = {f["sha256"] for s in project.inventory("ingest")["sources"] for f in s["files"]}
    found.files += [("remote-cache", path.name, path) for path in _fetched(project, found)]
    places, found.far = stores(project)
    own = set(quarantine.files(project))  # of these, `drop` takes out the entries alone
    for store in places:
        hits = ((n, p) for n, p in objects(store) if holds(p, wanted) and not _is_source(p, inputs))
        found.files += [f for f in ((store.name, n, p) for n, p in hits) if f[2] not in own]
    found.far += BEYOND
    return found


def purge(project: Project, on: dt.date, *, apply: bool = False, remotes: bool = False) -> list[str]:
    """Carry the plan out if `apply`, write the receipts to the ledger, and return it in lines.

    `remotes`: also delete the objects, as far as they are known here, in DVC's remotes that are not folders.
    """
    found = plan(project)
    if not apply:
        return [*_lines(found), "nothing was changed; `hallmark purge --apply` does it"]
    key_id, key = hmac_of(project)
    _enter_unasked(project, found, on)
    stale = [*_old_tables(project, found), *(releases.md5_file(p) for p in found.indexes)]
    edges, texts = similarities.carried(project, found.rows)
    stale += [releases.md5_file(edges)] if len(texts) else []
    forgotten = similarities.forget(edges, texts)  # before the rows, which alone know the digests
    erased = sum(erase.erase(project, ref, reasons, key) for ref, reasons in found.rows.items())
    held = sum(quarantine.drop(project, ref, ids, key) for ref, ids in found.held.items())
    receipts = [_delete(store, name, path) for store, name, path in found.files]
    receipts += [r for name in stale for r in _delete_object(project, name)]
    signatures = sum(_unsign(path, found, key) for path in found.indexes)
    if remotes:
        receipts += _delete_far(project, found, {*stale, *(r["md5"] for r in receipts if r["md5"])})
    if not receipts and not erased and not signatures and not held:
        return [*_lines(found), "nothing was left to purge"]
    body = {
        "event": "purge",
        "received_on": on.isoformat(),
        "hmac_key_id": key_id,
        "requests": [e["seq"] for e in accepted(chain.entries(ledger_path(project)))],
        "erased_rows": erased,
        "erased_signatures": signatures,
        "erased_similarities": forgotten,
        "quarantine_entries": held,
        "physical": receipts,
        "out_of_reach": [
            *found.far,
            *([f"{found.row_count} records in the sources"] if found.sources else []),
        ],
    }
    entry = chain.append(ledger_path(project), body)
    done = f"done: {len(receipts)} files deleted, {erased} rows erased, {held} taken out of quarantine/; "
    done += f"receipts are entry {entry['seq']}"
    return [*_lines(found), done, "next: `dvc repro` (the ledger has grown)"]


def _removed(project: Project, key: bytes) -> dict[bytes, tuple[PartRef, str | None]]:
    """Return where every document of a standing request lies and why it was removed; None: still published."""
    rules = standing(ledger_path(project))
    named = rules.ids | rules.twins
    found: dict[bytes, tuple[PartRef, str | None]] = {}
    for ref in project.parts():
        table = decided(project, ref, ["doc_id", "disposition", "reason"])
        for doc_id, how, why in table.rows() if named else ():
            if keyed_id(key, doc_id) in named:
                found[doc_id] = (ref, None if how in releases.LIVE else why if why in GONE else GONE[0])
        unasked = table.filter(
            pl.col("reason").is_in([AGAIN, MINORS, ENDED]) & (pl.col("disposition") == "removed")
        )
        found |= {d: (ref, why) for d, _, why in unasked.rows()}
    return found


def _enter_unasked(project: Project, found: Plan, on: dt.date) -> None:
    """Write a request for what is erased without one: its twins must stay out when its signature is gone."""
    _, key = hmac_of(project)
    rules = standing(ledger_path(project))
    every = [d for reasons in found.rows.values() for d, why in reasons.items() if why in (MINORS, AGAIN)]
    ids = [d for d in every if keyed_id(key, d) not in rules.ids]
    if ids:
        direct = locate(project, pl.Series("doc_id", ids, dtype=pl.Binary), "reason")
        record(
            project,
            ByReason(MINORS),
            Matches(direct, twins_of(project, direct), None),
            Ground("illegal-content", on),
        )


def _drop_erased(project: Project, found: Plan) -> None:
    """Leave only rows whose text is still there, and note where the sources hold it."""
    for ref, reasons in list(found.rows.items()):
        there = erase.at_hand(project, ref, pl.Series(sorted(reasons), dtype=pl.Binary))
        found.rows[ref] = {d: reasons[d] for d in there["doc_id"]}
        files = there.group_by("file").agg(n=pl.len(), first=pl.col("record").min()).sort("file")
        found.sources += [
            f"{ref.source}: {file}" + (f"#{first}" if n == 1 else f" ({n} records)")
            for file, n, first in files.rows()
        ]
    found.rows = {ref: reasons for ref, reasons in found.rows.items() if reasons}


def _fetched(project: Project, found: Plan) -> list[Path]:
    """Return the local copies of remote files that hold a document to erase; they are fetched again if read again."""
    copies: set[Path] = set()
    for ref, reasons in found.rows.items():
        there = erase.at_hand(project, ref, pl.Series(sorted(reasons), dtype=pl.Binary))
        copies |= {path for file in there["file"].unique() if (path := cached(project.root, file))}
    return sorted(copies)


def _old_tables(project: Project, found: Plan) -> list[str]:
    """Return DVC's names of the tables that erasing replaces, so that their old content goes from the cache too."""
    tables = [
        project.table(n, ref)
        for ref in found.rows
        for n in ("ingest", "pii_spans", "dedup_signatures", "dedup")
    ]
    return [releases.md5_file(t) for t in tables if t.is_file()]


def _texts(project: Project, gone: dict[bytes, tuple[PartRef, str]], key: bytes) -> frozenset[bytes]:
    """Return the keyed digests of the texts of removed documents, erased from data/ already or not."""
    found: set[bytes] = set()
    for ref in {ref for ref, _ in gone.values()}:
        table = parts.read_part(project.table("ingest", ref), ["doc_id", "status", "text_sha256"])
        mine = table.filter(pl.col("doc_id").is_in(list(gone))).drop_nulls("text_sha256")
        for _, status, digest in mine.rows():
            found.add(digest if status == STATUS_UNREADABLE else keyed_value(key, "text-sha256", digest))
    return frozenset(found)


def _is_source(path: Path, inputs: set[str]) -> bool:
    """Tell whether a file is an input as it stands: its records are deleted in the source, not with the file."""
    return sha256_file(path) in inputs


def _in_index(path: Path, wanted: Wanted) -> bool:
    return bool(_signed_rows(path, {keyed_id(wanted.key, d) for d in wanted.ids}).any())


def _signed_rows(path: Path, named: set[bytes]) -> pl.Series:
    table = parts.read_part(path, ["doc_id", "signature"])
    mine = pl.col("doc_id").is_in(sorted(named)) & pl.col("signature").is_not_null()
    return table.select(mine=mine)["mine"]


def _unsign(path: Path, found: Plan, key: bytes) -> int:
    """Take the signatures and digests of removed documents out of an index of a sealed release."""
    mine = _signed_rows(path, {keyed_id(key, d) for d in found.gone})
    schema, table = pq.read_schema(path), parts.read_part(path)
    wiped = [pl.when(~mine).then(pl.col(n)).alias(n) for n in ("exact", "signature")]
    fresh = table.with_columns(wiped).to_arrow().cast(schema)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    pq.write_table(
        fresh.replace_schema_metadata(schema.metadata),
        temporary,
        compression="zstd",
        row_group_size=parts.ROW_GROUP,
    )
    os.replace(temporary, path)
    return int(mine.sum())


def _delete_far(project: Project, found: Plan, oids: set[str]) -> list[dict[str, Any]]:
    """Delete known objects in far remotes; one that cannot be reached is named among what is out of reach."""
    held = {s["md5"] for e in accepted(chain.entries(ledger_path(project))) for r in e["matched"]["releases"]
            for s in r["shards"]}  # fmt: skip
    rows: list[dict[str, Any]] = []
    for name, settings in far_remotes(project).items():
        found.far = [line for line in found.far if f"`{name}`" not in line]
        try:
            gone = delete_far(settings, sorted(oids | held))
        except Exception as error:  # drivers of object stores raise kinds of their own
            found.far.append(
                f"DVC remote `{name}`: not reached ({type(error).__name__}); nothing was deleted there"
            )
            continue
        found.far.append(f"DVC remote `{name}`: objects that are not known here were not read")
        rows += [
            {
                "store": f"dvc-remote {name}",
                "object": f"{o[:2]}/{o[2:]}",
                "md5": o,
                "sha256": None,
                "bytes": None,
            }
            for o in gone
        ]
    return rows


def _delete_object(project: Project, md5: str) -> list[dict[str, Any]]:
    rows = []
    for store in stores(project)[0]:
        for name in (f"files/md5/{md5[:2]}/{md5[2:]}", f"{md5[:2]}/{md5[2:]}"):
            if store.name.startswith("dvc-") and (store.folder / name).is_file():
                rows.append(_delete(store.name, name, store.folder / name))
    return rows


def _delete(store: str, name: str, path: Path) -> dict[str, Any]:
    """Delete one file and return its receipt."""
    receipt = {"store": store, "object": name, "md5": dvc_object(name), "sha256": sha256_file(path)}
    receipt["bytes"] = path.stat().st_size
    path.chmod(0o600)  # DVC protects its objects
    path.unlink()
    return receipt


def _lines(found: Plan) -> list[str]:
    lines = [
        f"{len(found.files)} files hold removed documents; {found.row_count} rows of data/ hold their text"
    ]
    lines += [f"  {store}: {name}" for store, name, _ in found.files]
    lines += [f"  data/dedup_index/{path.name}: signatures of removed documents" for path in found.indexes]
    for ref, reasons in found.rows.items():
        counts = Counter(reasons.values())
        why = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items()))
        lines.append(f"  data/ingest/{ref.file()}: {why}")
    if found.waiting:
        lines.append(f"{found.waiting} documents are still published: run `dvc repro` first")
    if found.sources:
        lines.append("the sources themselves hold them; delete them there, or they are read again:")
        lines += [f"  {place}" for place in found.sources]
    return [*lines, "out of reach:", *(f"  {what}" for what in found.far)]
