"""The quarantine's register: one line per document that was ever held, under keyed names; no text, no id."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from lineage.errors import InputError
from lineage.removals import keyed_id
from pipelines.project import PartRef, Project, write_bytes

#: state: held | released | removed | erased | left (its rules, text or source changed).
SCHEMA = {
    "entry": pl.String, "seal": pl.String, "source": pl.String, "part": pl.String, "stage": pl.String,
    "reason": pl.String, "rule": pl.String, "detector": pl.String, "score": pl.Float64, "since": pl.String,
    "state": pl.String, "until": pl.String, "reviewer": pl.String,
}  # fmt: skip
#: Reasons of a document that a request or the law took, not a reader's verdict.
_LIVE = ("kept", "redacted")


def path_of(project: Project) -> Path:
    """Return quarantine/register.jsonl."""
    return project.root / "quarantine" / "register.jsonl"


def read(project: Project) -> pl.DataFrame:
    """Return the register (SCHEMA), empty where nothing was ever held; a torn file is an InputError."""
    path = path_of(project)
    content = path.read_bytes() if path.is_file() else b""
    if not content:
        return pl.DataFrame(schema=SCHEMA)
    try:
        return pl.read_ndjson(io.BytesIO(content), schema=SCHEMA)
    except pl.exceptions.PolarsError:
        cure = "delete it and run `dvc repro --single-item --force decide`; states of the past are lost"
        raise InputError("the register cannot be read", where=str(path), cure=cure) from None


def held(ref: PartRef, table: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of one part's held documents; `table`: their DECISIONS, rows as in `entries`."""
    return table.select(
        entry=entries["entry"].bin.encode("hex"),
        seal=entries["seal"].bin.encode("hex"),
        source=pl.lit(ref.source),
        part=pl.lit(ref.part),
        **{n: pl.col(n) for n in ("stage", "reason", "rule", "detector", "score")},
    )


def write(
    project: Project, lines: list[pl.DataFrame], results: dict[PartRef, pl.DataFrame], hmac_key: bytes
) -> None:
    """Write the register: what is held now, and what became of what was held before."""
    before, today = read(project), project.params.release.as_of.isoformat()
    empty = pl.DataFrame(schema=SCHEMA)
    now = pl.concat([empty.select(lines[0].columns) if lines else empty, *lines])
    since = before.filter(pl.col("state") == "held").select("entry", "seal", known="since")
    now = now.join(since, on=["entry", "seal"], how="left", maintain_order="left")
    now = now.with_columns(
        since=pl.coalesce("known", pl.lit(today)),
        state=pl.lit("held"),
        until=pl.lit(None, pl.String),
        reviewer=pl.lit(None, pl.String),
    ).select(list(SCHEMA))
    gone = before.join(now.select("entry"), on="entry", how="anti")
    fates = _fates(results, gone.filter(pl.col("state") == "held"), hmac_key)
    _put(project, pl.concat([now, _closed(gone, fates, today)]))


def erased(project: Project, names: pl.Series) -> None:
    """Mark entries (keyed ids) as erased: their seals go too, so that no trace of the text is left."""
    table, today = read(project), project.params.release.as_of.isoformat()
    mine = pl.col("entry").is_in(names.bin.encode("hex").implode())
    _put(
        project,
        table.with_columns(
            seal=pl.when(~mine).then("seal"),
            state=pl.when(mine).then(pl.lit("erased")).otherwise("state"),
            until=pl.when(mine).then(pl.lit(today)).otherwise("until"),
        ),
    )


def _fates(results: dict[PartRef, pl.DataFrame], gone: pl.DataFrame, hmac_key: bytes) -> pl.DataFrame:
    """Return (entry, fate, by) of documents that were held and are decided otherwise now."""
    schema = {"entry": pl.String, "fate": pl.String, "by": pl.String}
    if gone.is_empty():
        return pl.DataFrame(schema=schema)
    wanted, rows = set(gone["entry"]), []
    touched = set(gone.select("source", "part").rows())
    for ref, table in results.items():
        if (ref.source, ref.part) not in touched:
            continue
        for doc, how, rule, who in table.select("doc_id", "disposition", "rule", "reviewer").iter_rows():
            name = keyed_id(hmac_key, doc).hex()
            if name in wanted:
                fate = (
                    "released"
                    if how in _LIVE and rule == "review"
                    else "removed"
                    if how == "removed"
                    else "left"
                )
                rows.append((name, fate, who))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _closed(gone: pl.DataFrame, fates: pl.DataFrame, today: str) -> pl.DataFrame:
    open_ = pl.col("state") == "held"
    return (
        gone.join(fates, on="entry", how="left", maintain_order="left")
        .with_columns(
            state=pl.when(open_).then(pl.col("fate").fill_null("left")).otherwise("state"),
            until=pl.when(open_).then(pl.lit(today)).otherwise("until"),
            reviewer=pl.when(open_).then("by").otherwise("reviewer"),
        )
        .select(list(SCHEMA))
    )


def _put(project: Project, table: pl.DataFrame) -> None:
    path = path_of(project)
    if table.is_empty() and not path.is_file():
        return
    write_bytes(path, table.sort("entry", "state").write_ndjson().encode())
    path.chmod(0o600)
