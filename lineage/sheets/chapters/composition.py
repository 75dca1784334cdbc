"""What the published text consists of: languages, lengths, time span, labels of generated content."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.formula import token
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader


def composition(read: Reader) -> Section:
    """Return the make-up of the published documents; every share is of the published ones."""
    span = [(read.say(f"span.{end}"), [read.any(f"/time_span/{end}")]) for end in ("from", "to")]
    blocks: list[Block] = [_languages(read), _lengths(read), Facts(read.say("span"), span)]
    blocks += [_years(read)] if "fairness" in read.manifest else []
    blocks.append(tables.mix(read, "ai_labels", "verdict", "ai_label"))
    if read.entries("/flags"):
        blocks.append(tables.mix(read, "flags", "rule", "rule", of="/flow/kept /flow/redacted"))
    return Section("composition", read.say("ch.composition"), blocks)


def _years(read: Reader) -> Table:
    """Return the published documents by the year of their text, in order, those without a date last."""
    at = "/fairness/diversity/years" if "dataset" in read.manifest else "/fairness/years"
    years = read.get(at) or {}
    order = sorted(years)  # "unknown" stands after digits
    rows = [
        (
            Value(read.say("undated") if year == "unknown" else year, f"{at}/{token(year)}", "key"),
            read.int(f"{at}/{token(year)}"),
            read.share(f"{at}/{token(year)}", f"{at}/*"),
        )
        for year in order[: tables.CAP]
    ]
    table = Table(
        read.say("years"),
        at,
        read.columns("year", "docs#", "share#"),
        rows,
        note=read.say("years.note"),
        empty=read.say("none"),
    )
    return tables.with_bars(table, [years[year] for year in order])


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
