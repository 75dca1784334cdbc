"""The files of the quarantine: written after `decide`, an unchanged entry stays the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from lineage import keys
from lineage.errors import InputError
from lineage.removals import keyed_id
from pipelines import parts
from pipelines.project import PartRef, Project, close_restricted_zone
from pipelines.quarantine import register
from pipelines.quarantine.vault import FIELDS, Vault, plaintexts, seal_of

ENTRIES = pa.schema(
    [
        ("entry", pa.large_binary()),  # keyed id of the document
        ("seal", pa.large_binary()),  # keyed hash of the plaintext
        ("form", pa.large_string()),  # plain | fernet:<key id>
        ("body", pa.large_binary()),
    ]
)


def place(project: Project, ref: PartRef) -> Path:
    """Return quarantine/<source>/<part>.parquet."""
    return project.root / "quarantine" / ref.file()


def sync(
    project: Project, results: dict[PartRef, pl.DataFrame], hmac_key: bytes, mode: str
) -> dict[str, int]:
    """Bring the store in line with the decisions of every part; return how many documents it holds, by source.

    `results`: DECISIONS by part. Entries that nothing holds any more leave; the register keeps their line.
    """
    close_restricted_zone(project.root)
    vault, kept, lines = Vault(mode, keys.default_folder()), set(), []
    for ref, table in results.items():
        held = table.filter(pl.col("disposition") == "quarantined").sort("row")
        if held.is_empty():
            continue
        entries = _entries(project, ref, held, vault, hmac_key)
        kept.add(place(project, ref))
        lines.append(register.held(ref, held, entries))
    _forget({p for p in files(project) if p not in kept})
    register.write(project, lines, results, hmac_key)
    totals: dict[str, int] = {}
    for ref, table in results.items():
        n = table.filter(pl.col("disposition") == "quarantined").height
        totals[ref.source] = totals.get(ref.source, 0) + n
    return totals


def _entries(project: Project, ref: PartRef, held: pl.DataFrame, vault: Vault, key: bytes) -> pl.DataFrame:
    """Return (entry, seal) of a part's held documents; the file is written only where one is new or changed."""
    path = place(project, ref)
    digest = parts.table_digest(held.select("row", "doc_id"))
    done = parts.content_key(
        held=digest, ingest=parts.stored_key(project.table("ingest", ref)), form=vault.form, fields=FIELDS
    )
    if parts.is_done([path], done):
        return parts.read_part(path, ["entry", "seal"])
    docs = parts.read_part(project.table("ingest", ref), ["row", "doc_id", *FIELDS])
    plain = plaintexts(held.select("row").join(docs, on="row", how="left", maintain_order="left"))
    ids = [keyed_id(key, d) for d in held["doc_id"]]
    seals = [seal_of(key, p) for p in plain]
    before = _bodies(path, vault.form)
    bodies = [before.get((i, s)) or vault.lock(p) for i, s, p in zip(ids, seals, plain, strict=True)]
    table = pa.table({"entry": ids, "seal": seals, "form": [vault.form] * len(ids), "body": bodies}, ENTRIES)
    parts.write_part(path, table, ENTRIES, done)
    path.chmod(0o600)
    return pl.DataFrame({"entry": ids, "seal": seals})


def _bodies(path: Path, form: str) -> dict[tuple[bytes, bytes], bytes]:
    if not path.is_file():
        return {}
    own = parts.read_part(path).filter(pl.col("form") == form)
    return {(e, s): b for e, s, b in own.select("entry", "seal", "body").iter_rows()}


def read(project: Project, ref: PartRef, doc_id: bytes, hmac_key: bytes) -> dict[str, Any] | None:
    """Return the fields of a held document; None where the store does not hold it; needs the key it is locked with."""
    path = place(project, ref)
    if not path.is_file():
        return None
    found = parts.read_part(path).filter(pl.col("entry") == keyed_id(hmac_key, doc_id))
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    vault = Vault("plain", keys.default_folder())
    return vault.open(row["form"], row["body"], row["seal"], hmac_key, str(path))


def check(project: Project, hmac_key: bytes) -> int:
    """Open every entry of the store and return how many there are; the first that does not open is a TrustError."""
    vault, n = Vault("plain", keys.default_folder()), 0
    for path in files(project):
        for row in parts.read_part(path).iter_rows(named=True):
            vault.open(row["form"], row["body"], row["seal"], hmac_key, str(path))
            n += 1
    return n


def _forget(gone: set[Path]) -> None:
    """Delete entries of parts that hold nothing any more; what else an operator lays into the folder stays."""
    for path in sorted(gone):
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def files(project: Project) -> list[Path]:
    """Return the files of the store, sorted."""
    return sorted((project.root / "quarantine").rglob("*.parquet"))


def drop(project: Project, ref: PartRef, doc_ids: list[bytes], hmac_key: bytes) -> int:
    """Take documents out of the store for good, locked or not, without opening any; return how many it held."""
    path = place(project, ref)
    if not path.is_file():
        return 0
    key = parts.stored_key(path)
    if key is None:
        raise InputError("the file cannot be read", where=str(path), cure="delete it and run `dvc repro`")
    table = parts.read_part(path)
    names = pl.Series([keyed_id(hmac_key, d) for d in doc_ids], dtype=pl.Binary)
    left = table.filter(~pl.col("entry").is_in(names.implode()))
    if left.height == table.height:
        return 0
    if left.is_empty():
        path.unlink()
    else:
        parts.write_part(path, left, ENTRIES, parts.content_key(erased=key, left=parts.table_digest(left)))
        path.chmod(0o600)
    register.erased(project, names)
    return table.height - left.height
