"""Clause by clause: what the policy asks, what was measured, whether the clause's text was verified."""

from __future__ import annotations

from typing import Any

from lineage.sheets import tables
from lineage.sheets.glance import gate_name, measured, threshold
from lineage.sheets.model import Facts, Section
from lineage.sheets.reader import Reader


def clauses(read: Reader) -> Section:
    """Return every gate under the clause it answers, with measured figure and threshold."""
    found = read.entries("/gates")
    table = tables.plain(
        read,
        read.say("clauses.table"),
        "/gates",
        lambda at: (
            read.any(f"{at}/edition"),
            read.any(f"{at}/clause"),
            gate_name(read, at),
            read.status(f"{at}/status"),
            measured(read, at),
            threshold(read, at),
            read.any(f"{at}/verified"),
        ),
        read.columns("edition", "clause", "gate", "status", "measured#", "threshold#", "verified"),
        order=sorted(range(len(found)), key=lambda i: (*_clause(found[i]), i)),
        note=read.say("clauses.note"),
        empty=read.say("gates.none"),
    )
    policy = Facts(read.say("policy"), read.pairs("/policy", "id", "version", "sha256"))
    return Section("clauses", read.say("ch.clauses"), [table, policy])


def _clause(gate: dict[str, Any]) -> tuple[bool, str, str]:
    """Return the order: gates that answer a clause first, by document and clause."""
    return (not gate.get("clause"), str(gate.get("edition") or ""), str(gate.get("clause") or ""))
