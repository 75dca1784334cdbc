"""Builds tables from list fields: ranked or in order, capped, with the books of what the cap left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineage.sheets.model import Column, Table, Value
from lineage.sheets.reader import Reader

#: Rows printed per table; the manifest holds the others and the last row sums them.
CAP = 200


def counted(
    read: Reader,
    title: str,
    pointer: str,
    label: Callable[[str], list[Value]],
    heads: tuple[str, ...],
    *,
    of: str,
    count: str = "docs",
    note: str = "",
) -> Table:
    """Return label columns, the count, its share of `of` and a bar, for every entry of a list field."""
    entries = read.entries(pointer)
    order = ranked(entries, count)
    rows = []
    for i in order[:CAP]:
        at = f"{pointer}/{i}"
        rows.append((*label(at), read.int(f"{at}/{count}"), read.share(f"{at}/{count}", of)))
    rest: tuple[Value, ...] = ()
    if len(order) > CAP:
        shown = " ".join(f"-{pointer}/{i}/{count}" for i in order[:CAP])
        left = f"{pointer}/*/{count} {shown}"
        rest = (*_left_out(read, pointer, len(order) - CAP, len(heads)), read.int(left), read.share(left, of))
    columns = read.columns(*heads, f"{count}#", "share#")
    table = Table(title, pointer, columns, rows, rest=rest, note=note, empty=read.say("none"))
    return with_bars(table, [entries[i].get(count) or 0 for i in order])


def mix(read: Reader, field: str, key: str, group: str, *, of: str = "") -> Table:
    """Return a list field of {key, docs} by size, with the names of its codes."""
    return counted(
        read,
        read.say(field),
        f"/{field}",
        lambda at: [read.code(f"{at}/{key}", group)],
        (key,),
        of=of or f"/{field}/*/docs",
    )


def plain(
    read: Reader,
    title: str,
    pointer: str,
    row: Callable[[str], tuple[Value, ...]],
    columns: tuple[Column, ...],
    *,
    order: list[int] | None = None,
    note: str = "",
    empty: str = "",
) -> Table:
    """Return one row per entry of a list field, in the manifest's order unless told otherwise."""
    order = list(range(len(read.entries(pointer)))) if order is None else order
    rows = [row(f"{pointer}/{i}") for i in order[:CAP]]
    rest = _left_out(read, pointer, len(order) - CAP, len(columns), "rest.plain") if len(order) > CAP else ()
    return Table(title, pointer, columns, rows, rest=rest, note=note, empty=empty or read.say("none"))


def ranked(entries: list[dict[str, Any]], count: str) -> list[int]:
    """Return the positions of the entries, largest count first, ties in the manifest's order."""
    return sorted(range(len(entries)), key=lambda i: (-(entries[i].get(count) or 0), i))


def with_bars(table: Table, sizes: list[int], *, after: list[int] | None = None) -> Table:
    """Return the table with a bar per row, the largest filling its cell; `after` draws a second one below it."""
    largest = max([*sizes, *(after or ())], default=0) or 1
    second = [size / largest for size in after[:CAP]] if after is not None else None
    return table._replace(bars=[size / largest for size in sizes[:CAP]], after=second)


def _left_out(read: Reader, pointer: str, n: int, width: int, phrase: str = "rest") -> tuple[Value, ...]:
    more = Value(read.say(phrase, n=f"{n:,}"), f"#{pointer}", "rest")
    return (more, *(Value("") for _ in range(width - 1)))
