"""What the published text consists of: languages, lengths, time span, labels of generated content."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader


def composition(read: Reader) -> Section:
    """Return the make-up of the published documents; every share is of the published ones."""
    span = [(read.say(f"span.{end}"), [read.any(f"/time_span/{end}")]) for end in ("from", "to")]
    blocks: list[Block] = [_languages(read), _lengths(read), Facts(read.say("span"), span)]
    blocks.append(tables.mix(read, "ai_labels", "verdict", "ai_label"))
    if read.entries("/flags"):
        blocks.append(tables.mix(read, "flags", "rule", "rule", of="/flow/kept /flow/redacted"))
    return Section("composition", read.say("ch.composition"), blocks)


def _languages(read: Reader) -> Table:
    table = tables.mix(read, "languages", "code", "language")
    order = tables.ranked(read.entries("/languages"), "docs")[: tables.CAP]
    rows = [(*row, read.int(f"/languages/{i}/chars")) for row, i in zip(table.rows, order, strict=True)]
    rest = (*table.rest, Value("")) if table.rest else ()
    return table._replace(rows=rows, rest=rest, columns=table.columns + read.columns("chars#"))


def _lengths(read: Reader) -> Table:
    """Return the classes in the order of their length; the last one has no upper end."""
    table = tables.plain(
        read,
        read.say("lengths"),
        "/lengths",
        lambda at: (
            read.any(f"{at}/upto", absent="longer"),
            read.int(f"{at}/docs"),
            read.share(f"{at}/docs", "/lengths/*/docs"),
        ),
        read.columns("upto#", "docs#", "share#"),
        note=read.say("lengths.note"),
    )
    return tables.with_bars(table, [entry.get("docs") or 0 for entry in read.entries("/lengths")])
