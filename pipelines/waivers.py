"""Waivers of the operator journal as gates read them: in force on the release's day, for gates that may be waived."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineage.errors import TrustError

if TYPE_CHECKING:
    from stages.decide.policy import Policy


def in_force(root: Path, policy: Policy, as_of: date) -> dict[str, dict[str, Any]]:
    """Return per gate its newest waiver in force: {approver, reason, expires, entry, entry_hash, keyid}.

    What counts for nothing (ended before `as_of`, a gate that the policy does not have or lets nobody waive) is told
    on stderr. A journal whose chain is broken is a TrustError as soon as it holds a waiver.
    """
    from lineage import journal

    path = root / journal.FILE
    if not path.is_file():
        return {}
    found = journal.read(path)
    newest = {e["facts"].get("gate"): e for e in found.entries if e["event"] == "waiver"}
    if newest and found.problems:
        raise TrustError(
            f"no waiver can be taken from a broken journal: {found.problems[0]}",
            where=str(path),
            cure="restore the journal from git",
        )
    valid = {}
    for gate, entry in sorted(newest.items()):
        if why := _void(gate, entry["facts"]["expires"], policy, as_of):
            print(f"warning: the waiver of gate {gate} (journal entry {entry['seq']}) {why}", file=sys.stderr)
        else:
            valid[gate] = _facts(entry)
    return valid


def _void(gate: str, expires: str, policy: Policy, as_of: date) -> str:
    known = {g.id: g for g in policy.gates}
    if gate not in known:
        return "counts for nothing: the policy has no such gate"
    if not known[gate].may_be_waived:
        return "counts for nothing: the policy lets nobody waive it"
    if date.fromisoformat(expires) < as_of:
        return f"ended on {expires}, before the release's day {as_of}: it counts for nothing"
    return ""


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    named = {k: str(entry["facts"][k]) for k in ("approver", "reason", "expires")}
    keyid = (entry.get("signature") or {}).get("keyid")
    return named | {"entry": entry["seq"], "entry_hash": entry["entry_hash"], "keyid": keyid}
