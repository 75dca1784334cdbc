"""Clause by clause: what the policy asks, what was measured, whether the clause's text was verified."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.glance import gate_name, threshold
from lineage.sheets.model import Facts, Section
from lineage.sheets.reader import Reader


def clauses(read: Reader) -> Section:
    """Return every gate under the clause it answers, with measured figure and threshold."""
    found = read.entries("/gates")
    order = sorted(
        range(len(found)), key=lambda i: (not found[i].get("clause"), str(found[i].get("clause")), i)
    )
    table = tables.plain(
        read,
        read.say("clauses.table"),
        "/gates",
        lambda at: (
            read.any(f"{at}/clause"),
            gate_name(read, at),
            read.status(f"{at}/status"),
            read.any(f"{at}/measured", absent="unmeasured"),
            threshold(read, at),
            read.any(f"{at}/edition"),
            read.any(f"{at}/verified"),
        ),
        read.columns("clause", "gate", "status", "measured#", "threshold#", "edition", "verified"),
        order=order,
        note=read.say("clauses.note"),
        empty=read.say("gates.none"),
    )
    policy = Facts(read.say("policy"), read.pairs("/policy", "id", "version", "sha256"))
    return Section("clauses", read.say("ch.clauses"), [table, policy])
