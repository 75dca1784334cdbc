"""One form for each web address, so that two spellings of it are found as the same."""

from __future__ import annotations

import polars as pl


def canonical_url(column: pl.Expr) -> pl.Expr:
    """Return addresses without scheme, user, default port, fragment and closing slash; the host in lower case."""
    bare = column.str.strip_chars().str.replace(r"^[A-Za-z][A-Za-z0-9+.-]*://", "").str.replace(r"#.*$", "")
    tail = bare.str.replace(r"^[^/?]*", "").str.strip_chars_end("/")
    return host_of(column) + tail


def host_of(column: pl.Expr) -> pl.Expr:
    """Return the host of addresses in lower case, without user, port and closing dot."""
    bare = column.str.strip_chars().str.replace(r"^[A-Za-z][A-Za-z0-9+.-]*://", "")
    place = bare.str.extract(r"^([^/?#]*)", 1).str.replace(r"^.*@", "").str.replace(r":\d*$", "")
    return place.str.to_lowercase().str.strip_chars_end(".")


def one(expression, value: str) -> str:
    """Return what an expression above makes of one value."""
    return pl.select(expression(pl.lit(value))).item()


def domains_of(host: str) -> list[str]:
    """Return the host and every domain above it: a.b.cn, b.cn, cn."""
    labels = host.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]
