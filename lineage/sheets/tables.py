"""Builds ranked tables from list fields: largest first, capped, with the books of what the cap left out."""

from __future__ import annotations

from collections.abc import Callable

from lineage.sheets.model import Column, Table, Value
from lineage.sheets.reader import Reader

#: Rows printed per table; the manifest holds the others and the last row sums them.
CAP = 200


def counted(
    read: Reader,
    title: str,
    pointer: str,
    label: Callable[[str], list[Value]],
    heads: list[str],
    *,
    of: str,
    count: str = "docs",
    note: str = "",
) -> Table:
    """Return label columns, the count, its share of `of` and a bar, for every entry of a list field."""
    entries = read.entries(pointer)
    order = sorted(range(len(entries)), key=lambda i: (-(entries[i].get(count) or 0), i))
    largest = max((e.get(count) or 0 for e in entries), default=0) or 1
    rows = []
    for i in order[:CAP]:
        at = f"{pointer}/{i}"
        rows.append((*label(at), read.int(f"{at}/{count}"), read.share(f"{at}/{count}", of)))
    rest = ()
    if len(order) > CAP:
        shown = " ".join(f"-{pointer}/{i}/{count}" for i in order[:CAP])
        left = f"{pointer}/*/{count} {shown}"
        rest = (*_left_out(read, len(order) - CAP, len(heads)), read.int(left), read.share(left, of))
    return Table(
        title,
        pointer,
        (
            *(Column(h) for h in heads),
            Column(read.say("col.docs"), True),
            Column(read.say("col.share"), True),
        ),
        rows,
        bars=[(entries[i].get(count) or 0) / largest for i in order[:CAP]],
        rest=rest,
        note=note,
        empty=read.say("none"),
    )


def plain(
    read: Reader,
    title: str,
    pointer: str,
    row: Callable[[str], tuple[Value, ...]],
    columns: list[Column],
    *,
    order: list[int] | None = None,
    note: str = "",
    empty: str = "",
) -> Table:
    """Return one row per entry of a list field, in the manifest's order unless told otherwise."""
    order = list(range(len(read.entries(pointer)))) if order is None else order
    rows = [row(f"{pointer}/{i}") for i in order[:CAP]]
    rest = _left_out(read, len(order) - CAP, len(columns)) if len(order) > CAP else ()
    return Table(title, pointer, tuple(columns), rows, rest=rest, note=note, empty=empty or read.say("none"))


def _left_out(read: Reader, n: int, width: int) -> tuple[Value, ...]:
    more = Value(read.say("rest", n=f"{n:,}"), "", "rest")
    return (more, *(Value("") for _ in range(width - 1)))
