"""Web addresses in a release, by domain: where a source publishes them; counted in columns, not row by row."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

from lineage.exports.facts import Release


class Domain(NamedTuple):
    """One registrable domain with its published documents and the UTF-8 bytes of their texts."""

    domain: str
    docs: int
    bytes: int


class Domains(NamedTuple):
    """All domains, largest first; the sources that publish addresses; documents of those without one."""

    rows: list[Domain]
    sources: list[str]
    without: int

    def top(self, share: float, at_least: int = 1) -> list[Domain]:
        """Return the largest `share` (0..1) of the domains by bytes, `at_least` of them where there are so many."""
        return self.rows[: max(at_least, math.ceil(round(len(self.rows) * share, 9)))]


def domains(release: Release, classes: tuple[str, ...] | None = None) -> Domains:
    """Count documents and bytes by domain over the shards of sources that publish `url`."""
    import polars as pl

    wanted = {
        s["id"]
        for s in release.used
        if "url" in (s.get("publish_fields") or ()) and (classes is None or s["class"] in classes)
    }
    files = [release.staging / s["path"] for s in release.shards if s["source"] in wanted]
    if not files:
        return Domains([], sorted(wanted), 0)
    host = (
        pl.col("url").str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/@?#]*@)?([^/:?#\s]+)").str.to_lowercase()
    )
    counts = (
        pl.scan_parquet(files)
        .select(host=host.str.strip_chars("."), bytes=pl.col("text").str.len_bytes().cast(pl.Int64))
        .group_by("host")
        .agg(docs=pl.len(), bytes=pl.col("bytes").sum())
        .collect(engine="streaming")
    )
    without = int(counts.filter(pl.col("host").is_null())["docs"].sum() or 0)
    named = counts.drop_nulls("host")
    named = named.with_columns(domain=pl.Series([_domain(h) for h in named["host"]], dtype=pl.String))
    table = named.group_by("domain").agg(pl.col("docs", "bytes").sum())
    table = table.sort(["bytes", "docs", "domain"], descending=[True, True, False])
    return Domains([Domain(*row) for row in table.rows()], sorted(wanted), without)


def _domain(host: str) -> str:
    """Return the registrable domain of a host by the bundled public-suffix list; the host where there is none."""
    found = _extractor()(host)
    return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else host


@cache
def _extractor() -> Any:
    import tldextract

    return tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None
    )  # no network, no file outside the package
