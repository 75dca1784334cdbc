"""What standing requests keep out of this run: by id, by text, by selector, and by signature where the text is gone."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from lineage.digests import sha256_bytes
from lineage.errors import TrustError
from lineage.removals import Standing, keyed_id, keyed_value, standing
from lineage.removals.sealed import unseal
from pipelines import parts
from pipelines.project import PartRef, Project
from pipelines.removal.addresses import canonical_url, domains_of, host_of
from pipelines.removal.find import neighbours
from pipelines.removal.keys import hmac_of
from pipelines.removal.request import SEALED, ledger_path, signature_method
from stages import dedup

TWIN = "twin-of-removed"
TOMBSTONED = "tombstoned"
#: Reasons under which `hallmark purge` leaves a row without text, and the stage that gave them.
ERASED = {
    "removal-request": "decide",
    TWIN: "dedup",
    TOMBSTONED: "decide",
    "sexual-minors": "screen",
    "retention-ended": "ingest",
}
_OF_A_RULE = ("detector", "score", "threshold", "reviewer")


@dataclass(frozen=True)
class Denial:
    """Documents at hand that requests keep out, and the requests whose signatures could not be compared."""

    requested: pl.Series  # removed on request; their verified neighbours leave with them in the election
    twins: pl.Series  # near-duplicates of a requested document that is no longer at hand itself
    not_run: tuple[int, ...] = field(default=())
    tombstoned: pl.Series = field(
        default_factory=lambda: _ids([])
    )  # of `requested`: erased as illegal before


def denied(project: Project) -> Denial:
    """Return the documents of the project that standing requests keep out; a broken ledger is a TrustError."""
    rules = standing(ledger_path(project))
    if not rules:
        return Denial(_ids([]), _ids([]))
    key_id, key = hmac_of(project)
    if rules.key_ids != {key_id}:
        raise TrustError(
            f"the ledger was written under the HMAC key {', '.join(sorted(rules.key_ids - {key_id}))}, not {key_id}",
            where=str(ledger_path(project)),
            cure="point $HALLMARK_KEYS at the project's keys; without them no request can be honoured",
        )
    return _denied(project, rules, key)


def _denied(project: Project, rules: Standing, key: bytes) -> Denial:
    requested: list[bytes] = []
    twins: list[bytes] = []
    again: list[bytes] = []
    for ref in project.parts():
        table = parts.read_part(project.table("dedup", ref), ["row", "doc_id", "exact"])
        named = pl.Series([keyed_id(key, d) for d in table["doc_id"]], dtype=pl.Binary)
        texts = _texts(table["exact"], key)
        is_twin = _within(named, rules.twins) | _within(texts, rules.twin_texts)
        asked = _within(named, rules.ids) | (_within(texts, rules.texts) & ~is_twin)
        asked |= table["row"].is_in(_selected(project, ref, rules, key).implode())
        illegal = _within(named, rules.illegal) | _within(texts, rules.illegal)
        again += table.filter(asked & illegal)["doc_id"].to_list()
        requested += table.filter(asked)["doc_id"].to_list()
        twins += table.filter(is_twin & ~asked)["doc_id"].to_list()
    found, not_run = _by_signature(project, rules, key)
    edges = parts.read_part(project.data / "dedup_edges" / "edges.parquet")
    taken_along = set(neighbours(edges, _ids(requested)))  # the election names the document they go with
    return Denial(_ids(requested), _ids({*twins, *found} - taken_along), not_run, _ids(again))


def _texts(exact: pl.Series, key: bytes) -> pl.Series:
    named = [keyed_value(key, "text", e) if e is not None else None for e in exact]
    return pl.Series(named, dtype=pl.Binary)


def _within(column: pl.Series, values: frozenset[bytes]) -> pl.Series:
    return column.is_in(pl.Series(sorted(values), dtype=pl.Binary).implode()).fill_null(False)


def _selected(project: Project, ref: PartRef, rules: Standing, key: bytes) -> pl.Series:
    """Return the rows that a standing address, domain or subject means today, known at the request or not."""
    rows = [pl.Series("row", [], dtype=pl.UInt32)]
    if rules.selectors["url"] or rules.selectors["domain"]:
        table = parts.read_part(project.table("ingest", ref), ["row", "url"]).drop_nulls("url")
        table = table.with_columns(place=canonical_url(pl.col("url")), host=host_of(pl.col("url")))
        places = _meant(table["place"], lambda v: [v], "url", rules, key)
        hosts = _meant(table["host"], domains_of, "domain", rules, key)
        test = pl.col("place").is_in(places) | pl.col("host").is_in(hosts)
        rows.append(table.filter(test)["row"])
    if rules.selectors["subject"]:
        spans = parts.read_part(project.table("pii_spans", ref), ["row", "selector"])
        rows.append(spans.filter(_within(spans["selector"], rules.selectors["subject"]))["row"])
    return pl.concat(rows).unique()


def _meant(values: pl.Series, forms, kind: str, rules: Standing, key: bytes) -> list[str]:
    """Return the distinct values of which one form is named by a standing selector of this kind."""
    standing_ones = rules.selectors[kind]
    if not standing_ones:
        return []
    distinct = values.drop_nulls().unique().sort()
    return [v for v in distinct if any(keyed_value(key, kind, f.encode()) in standing_ones for f in forms(v))]


def _by_signature(project: Project, rules: Standing, key: bytes) -> tuple[list[bytes], tuple[int, ...]]:
    """Return documents at hand whose signature is near that of a removed document which is not at hand any more."""
    method, not_run, tables = signature_method(project), [], []
    for note in rules.signatures:
        if note["method"] != method:
            not_run.append(note["seq"])
            continue
        tables.append(_unsealed(project, note, key))
    if not_run:
        print(
            f"warning: the signatures of requests {not_run} were made by another dedup method; "
            "near copies of their documents are not recognised once the document itself is gone",
            file=sys.stderr,
        )
    if not tables:
        return [], tuple(not_run)
    index = pl.concat(tables).unique(["doc_id", "signature"]).sort("doc_id", "signature")
    gone = index.filter(~pl.col("doc_id").is_in(_readable(project, index["doc_id"]).implode()))
    return _near(project, gone) if gone.height else [], tuple(not_run)


def _unsealed(project: Project, note: dict[str, Any], key: bytes) -> pl.DataFrame:
    path = ledger_path(project).parent / note["path"]
    try:
        content = path.read_bytes()
    except OSError:
        raise TrustError(
            "signatures of a request are missing", where=str(path), cure="restore it from git"
        ) from None
    if sha256_bytes(content) != note["sha256"]:
        raise TrustError(
            f"not the signatures that entry {note['seq']} names", where=str(path), cure="restore it from git"
        )
    return pl.read_ipc(unseal(key, SEALED, content, str(path)))


def _readable(project: Project, wanted: pl.Series) -> pl.Series:
    """Return which of these documents are at hand with their text, so that verified edges speak for them."""
    found = [_ids([])]
    for ref in project.parts():
        table = parts.read_part(project.table("dedup", ref), ["doc_id", "exact"]).drop_nulls("exact")
        found.append(table.filter(pl.col("doc_id").is_in(wanted.implode()))["doc_id"])
    return pl.concat(found)


def _near(project: Project, index: pl.DataFrame) -> list[bytes]:
    files = [project.table("dedup_signatures", ref) for ref in project.parts()]
    with TemporaryDirectory(dir=project.data) as folder:  # signatures only, in the restricted zone
        path = Path(folder) / "removed.parquet"
        index.write_parquet(path)
        return dedup.earlier(files, [path], project.params.dedup)["doc_id"].unique().sort().to_list()


def _ids(values: Any) -> pl.Series:
    return pl.Series("doc_id", sorted(values), dtype=pl.Binary).unique().sort()


def keep_out(table: pl.DataFrame, denial: Denial) -> pl.DataFrame:
    """Return a settled verdict table after denial: twins whose document is gone leave as `twin-of-removed`.

    What was erased as illegal content and came in again, from whatever source, leaves as `tombstoned`.
    Rows that `hallmark purge` erased have no text any more; they stay on the books as removed, with their reason.
    """
    readable = pl.col("disposition") != "unreadable"
    erased = ~readable & pl.col("reason").is_in(list(ERASED))
    twin = readable & pl.col("doc_id").is_in(denial.twins.implode())
    twin &= pl.col("reason").is_null() | (pl.col("reason") != "removal-request")
    table = _marked(table, readable & pl.col("doc_id").is_in(denial.tombstoned.implode()))
    stages = pl.col("reason").replace_strict(ERASED, default="decide")
    wiped = {name: pl.when(twin).then(None).otherwise(pl.col(name)) for name in _OF_A_RULE}
    return table.with_columns(
        disposition=pl.when(twin | erased).then(pl.lit("removed")).otherwise(pl.col("disposition")),
        reason=pl.when(twin).then(pl.lit(TWIN)).otherwise(pl.col("reason")),
        stage=pl.when(twin).then(pl.lit("decide")).when(erased).then(stages).otherwise(pl.col("stage")),
        rule=pl.when(twin).then(pl.lit(TWIN)).when(erased).then(pl.col("reason")).otherwise(pl.col("rule")),
        **wiped,
    )


def _marked(table: pl.DataFrame, again: pl.Expr) -> pl.DataFrame:
    return table.with_columns(
        pl.when(again).then(pl.lit(TOMBSTONED)).otherwise(pl.col(name)).alias(name)
        for name in ("reason", "rule")
    )


def for_election(view: pl.DataFrame) -> pl.DataFrame:
    """Return the election's view in which a denied twin is no cause of its own: it leaves, not its neighbours."""
    mute = pl.col("reason") == TWIN
    return view.with_columns(reason=pl.when(mute).then(None).otherwise(pl.col("reason")))
