"""What left on the way and why: the funnel with its books, reasons, quality rules, duplicates."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.funnel import funnel
from lineage.sheets.model import Block, Facts, Section
from lineage.sheets.reader import Reader


def flow(read: Reader) -> Section:
    """Return the funnel with its books, and every reason a document left for."""
    reasons = tables.counted(
        read,
        read.say("reasons"),
        "/reasons",
        lambda at: [
            read.code(f"{at}/reason", "reason"),
            read.code(f"{at}/stage", "stage", bare=False),
            read.code(f"{at}/disposition", "disposition", bare=False),
        ],
        ("reason", "stage", "disposition"),
        of="/flow/in",
    )
    rules = tables.counted(
        read,
        read.say("rules"),
        "/quality/rules",
        lambda at: [read.code(f"{at}/rule", "rule")],
        ("rule",),
        of="/flow/in",
    )
    return Section("flow", read.say("ch.flow"), [funnel(read), reasons, rules])


def duplicates(read: Reader) -> Section:
    """Return how duplicates were found, how many left, and which sources share text."""
    counts = read.present("/dedup", "exact_removed", "near_removed", "twins_removed", "clusters")
    method = read.get("/dedup/method") or {}
    blocks: list[Block] = [
        Facts(read.say("dedup"), read.pairs("/dedup", *counts)),
        Facts(read.say("dedup.method"), read.pairs("/dedup/method", *sorted(method))),
    ]
    if "dup_sources" in read.manifest:
        blocks.append(
            tables.counted(
                read,
                read.say("dup_sources"),
                "/dup_sources",
                lambda at: [read.any(f"{at}/a"), read.any(f"{at}/b")],
                ("source", "source"),
                of="/dup_sources/*/pairs",
                count="pairs",
                note=read.say("dup_sources.note"),
            )
        )
    return Section("duplicates", read.say("ch.duplicates"), blocks)
