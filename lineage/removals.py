"""The removal ledger: append-only JSON lines, each chained to the one before by its hash."""

from __future__ import annotations

import json
from pathlib import Path

from lineage.errors import InputError


def requested_ids(ledger: Path) -> list[bytes]:
    """Return the document ids that accepted removal requests name, sorted; none where there is no ledger."""
    ids: set[bytes] = set()
    for entry in entries(ledger):
        if entry.get("decision") == "accept":
            ids.update(bytes.fromhex(d) for d in entry["matched"]["doc_ids"])
    return sorted(ids)


def entries(ledger: Path) -> list[dict]:
    """Return the ledger's entries in order; a broken line is an error that names it."""
    if not ledger.is_file():
        return []
    rows = []
    for number, line in enumerate(ledger.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise InputError(
                "not a ledger line", where=f"{ledger}:{number}", cure="restore the ledger from git"
            ) from None
    return rows
