"""What sites and rights holders refused: robots.txt snapshots and the operator's refusal lists, judged by address.

Both are inputs with a digest, judged here and not at ingest: a new list or snapshot judges the stored documents anew
and reads no source again (law 2). robots.txt is judged by protego, which follows RFC 9309: the most specific group of
an agent, the longest matching path, `*` and `$`. The standard library's parser knows none of the three.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import InputError, SettingsError

KINDS = ("domain", "url", "sha256", "author")
_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]+)"


@dataclass(frozen=True)
class Snapshot:
    """One site's robots.txt as it was when the site was fetched; `status` is what the server answered."""

    site: str
    status: int
    sha256: str
    text: str = field(repr=False, default="")


@dataclass(frozen=True)
class Robots:
    """The snapshots of a source and the agents for which they are judged: one refused agent refuses the page."""

    agents: tuple[str, ...] = ("*",)
    files: tuple[Snapshot, ...] = ()


@dataclass(frozen=True)
class Refusals:
    """One list of refusals; its digest stands for its content."""

    sha256: str
    domains: frozenset[str] = field(repr=False, default=frozenset())
    urls: tuple[str, ...] = field(repr=False, default=())
    texts: frozenset[bytes] = field(repr=False, default=frozenset())
    authors: frozenset[str] = field(repr=False, default=frozenset())


def load_robots(value: dict[str, Any] | None, root: Path) -> Robots | None:
    """Return the snapshots that inventory listed ({agents, files: [{site, status, path, sha256}]})."""
    if not value:
        return None
    files = tuple(
        Snapshot(
            site_of(f["site"]), f["status"], f["sha256"],
            (root / f["path"]).read_bytes().decode("utf-8-sig", "replace") if f["path"] else "",
        )
        for f in value["files"]
    )  # fmt: skip
    return Robots(tuple(value["agents"]), files)


def load_refusals(path: Path, sha256: str) -> Refusals:
    """Read a list: one `domain|url|sha256|author VALUE` a line, # for comments; InputError names file and line.

    A domain stands for its subdomains; `*` in an address matches anything; sha256 is of the text as ingested.
    """
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            "the refusal list cannot be read",
            where=str(path),
            cure="write it as UTF-8 text, or correct the path",
        ) from None
    for number, line in enumerate(lines, 1):
        kind, _, value = line.strip().partition(" ")
        value = value.strip()
        if not kind or kind.startswith("#"):
            continue
        if (
            kind not in KINDS
            or not value
            or (kind == "sha256" and not re.fullmatch(r"[0-9a-fA-F]{64}", value))
        ):
            raise InputError(
                "not a line of a refusal list",
                where=f"{path}:{number}",
                cure="write `domain HOST`, `url ADDRESS` (* matches anything), `sha256 64 HEX DIGITS` or `author NAME`",
            )
        found[kind].append(value)
    return Refusals(
        sha256,
        frozenset(_host(v) for v in found["domain"]),
        tuple(found["url"]),
        frozenset(bytes.fromhex(v) for v in found["sha256"]),
        frozenset(_plain(v) for v in found["author"]),
    )


def disallowed(docs: pl.DataFrame, robots: Robots) -> pl.DataFrame:
    """Return (row, detector) of the documents whose address a snapshot refuses to one of the agents."""
    table = _addresses(docs)
    by_site = {snapshot.site: snapshot for snapshot in robots.files}
    pairs = (
        table.filter(pl.col("site").is_in(list(by_site))).select("site", "url").unique().sort("site", "url")
    )
    agents = [_refused_agent(by_site[site], url, robots.agents) for site, url in pairs.rows()]
    found = pairs.with_columns(agent=pl.Series(agents, dtype=pl.String)).drop_nulls("agent")
    joined = table.join(found, on=["site", "url"], how="inner").sort("row")
    return joined.select("row", detector=pl.lit("robots:") + pl.col("agent"))


def unjudged(docs: pl.DataFrame, robots: Robots | None) -> pl.DataFrame:
    """Return the rows that no snapshot can judge: without an address, or of a site without a snapshot."""
    sites = [snapshot.site for snapshot in robots.files] if robots else []
    judged = _addresses(docs).filter(pl.col("site").is_in(sites))
    return docs.select("row").join(judged, on="row", how="anti")


def refused(docs: pl.DataFrame, lists: tuple[Refusals, ...]) -> pl.DataFrame:
    """Return (row, detector) of the documents that a list names; the detector says by what kind of line."""
    sites = _addresses(docs).with_columns(host=pl.col("site").str.replace(r":\d+$", ""))
    found = [pl.DataFrame(schema={"row": pl.UInt32, "detector": pl.String})]
    for one in lists:
        hosts = [h for h in sites["host"].unique().sort() if _below(h, one.domains)]
        found.append(_named(sites.filter(pl.col("host").is_in(hosts)), "domain"))
        if one.urls:
            found.append(_named(sites.filter(pl.col("url").str.contains(_pattern(one.urls))), "url"))
        found.append(_named(docs.filter(pl.col("text_sha256").is_in(_binary(one.texts))), "sha256"))
        if one.authors:
            same = pl.col("author").str.strip_chars().str.to_lowercase().is_in(sorted(one.authors))
            found.append(_named(docs.filter(same), "author"))
    return pl.concat(found).unique("row", keep="first", maintain_order=True).sort("row")


def site_of(address: str) -> str:
    """Return host and port of an address or of a bare host, in lower case; standard ports are left out."""
    found = re.match(_HOST, address)
    return re.sub(r":(80|443)$", "", (found.group(1) if found else address).lower())


def _addresses(docs: pl.DataFrame) -> pl.DataFrame:
    site = pl.col("url").str.extract(_HOST, 1).str.to_lowercase().str.replace(r":(80|443)$", "")
    return docs.select("row", "url", site=site).drop_nulls()


def _refused_agent(snapshot: Snapshot, url: str, agents: tuple[str, ...]) -> str | None:
    """Return the first agent that must not fetch the address (RFC 9309, 2.3.1: 4xx allows all, 5xx nothing)."""
    if snapshot.status >= 500:
        return agents[0]
    if snapshot.status >= 400:
        return None
    rules = _parsed(snapshot.text)
    return next((agent for agent in agents if not rules.can_fetch(url, agent)), None)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Any:
    from protego import Protego

    return Protego.parse(text)


def _below(host: str, domains: frozenset[str]) -> bool:
    pieces = host.split(".")
    return any(".".join(pieces[i:]) in domains for i in range(len(pieces)))


def _pattern(urls: tuple[str, ...]) -> str:
    return "^(?:" + "|".join(re.escape(u).replace(r"\*", ".*") for u in urls) + ")$"


def _named(table: pl.DataFrame, kind: str) -> pl.DataFrame:
    return table.select(pl.col("row").cast(pl.UInt32), detector=pl.lit(f"refusals:{kind}"))


def _binary(values: frozenset[bytes]) -> pl.Series:
    return pl.Series(sorted(values), dtype=pl.Binary).implode()


def _host(value: str) -> str:
    return site_of(value).strip(".")


def _plain(value: str) -> str:
    return value.strip().lower()
