"""Repeated lines and overlap with test sets: measured where params.yaml asks, as columns beside the clusters."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from lineage.errors import SettingsError
from pipelines import parts
from pipelines.executor import usage
from pipelines.project import PartRef
from pipelines.stage_run import StageRun
from stages import dedup
from stages.dedup import DedupSettings

READERS = {
    ".jsonl": pl.read_ndjson,
    ".parquet": lambda path: pl.read_parquet(path, glob=False),
    ".csv": lambda path: pl.read_csv(path, infer_schema=False, glob=False),
    ".txt": lambda path: pl.DataFrame({"text": path.read_text(encoding="utf-8").splitlines()}),
}
EMPTY = {"repeated_lines": 0.0, "repeated_paragraphs": 0.0, "test_ngrams": 0}


@dataclass(frozen=True)
class Look:
    """One part to look at: for its lines, or for n-grams of test sets."""

    kind: str  # lines | overlap
    text: str
    index: str
    output: Path
    key: str
    settings: DedupSettings
    label: str
    weight: int


def evidence(run: StageRun) -> dict[PartRef, pl.DataFrame]:
    """Return what each part's documents repeat, by row; nothing for what is not asked."""
    folder = run.project.data / "dedup_edges" / "repeats"
    found = []
    if run.settings.repeat_documents:
        found.append(_lines(run, folder))
    if run.settings.test_sets:
        found.append(_overlaps(run, folder))
    if not found:
        return {}
    joined = {}
    for ref in run.parts:
        first, *rest = [f[ref] for f in found]
        for table in rest:
            first = first.join(table, on="row", how="full", coalesce=True)
        joined[ref] = first.sort("row")
    return joined


def joined(annotation: pl.DataFrame, extra: pl.DataFrame) -> pl.DataFrame:
    """Return a part's annotation with the measured columns after its own: 0, or no set, where nothing was found."""
    wide = annotation.join(extra, on="row", how="left", maintain_order="left")
    filled = [pl.col(n).fill_null(v) for n, v in EMPTY.items() if n in extra.columns]
    named = [pl.col("test_sets").fill_null([])] if "test_sets" in extra.columns else []
    return wide.with_columns(*filled, *named)


def _lines(run: StageRun, folder: Path) -> dict[PartRef, pl.DataFrame]:
    looks = _looks(run, "lines", folder, Path())
    files = [look.output for look in looks.values()]
    rows = sum(pq.read_metadata(f).num_rows for f in files)
    count = max(1, -(-rows // run.settings.partition_keys))
    shared = pl.concat([dedup.repeated(files, run.settings, p, count) for p in range(count)])
    return {ref: dedup.shares(parts.read_part(look.output), shared) for ref, look in looks.items()}


def _overlaps(run: StageRun, folder: Path) -> dict[PartRef, pl.DataFrame]:
    sets = read_sets(run.project.root / run.settings.test_sets)
    index = dedup.index_test_sets(sets, run.settings)
    path = folder / "index.parquet"
    parts.write_part(path, index, None, parts.table_digest(index))
    looks = _looks(run, "overlap", folder, path)
    return {ref: parts.read_part(look.output) for ref, look in looks.items()}


def _looks(run: StageRun, kind: str, folder: Path, index: Path) -> dict[PartRef, Look]:
    looks = {}
    for ref in run.parts:
        key = parts.content_key(
            kind=kind,
            ingest=run.input_key("ingest", ref),
            settings=run.settings,
            index=parts.stored_key(index) if kind == "overlap" else None,
            code=run.code,
        )
        text, output = str(run.project.table("ingest", ref)), folder / kind / ref.file()
        label = f"{kind} {ref.source}/{ref.part}"
        looks[ref] = Look(kind, text, str(index), output, key, run.settings, label, ref.bytes)
    run.map(work, [x for x in looks.values() if not parts.is_done([x.output], x.key)], label=f"dedup {kind}")
    return looks


def work(look: Look) -> dict[str, Any]:
    """Look at one part and write what was found."""
    start, before = time.perf_counter(), usage()
    docs = parts.read_part(Path(look.text), ["row", "text"])
    if look.kind == "lines":
        result = dedup.pieces(docs, look.settings)
    else:
        result = dedup.overlap(docs, parts.read_part(Path(look.index)), look.settings)
    parts.write_part(look.output, result, None, look.key)
    after = usage()
    cost = {"cpu": after["cpu"] - before["cpu"], "peak_mib": after["peak_mib"], "bytes": 0}
    return cost | {"seconds": time.perf_counter() - start}


def read_sets(folder: Path) -> dict[str, pl.Series]:
    """Return the texts of each test set in a folder, by file name; every text column of a table counts."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in READERS) if folder.is_dir() else []
    if not files:
        raise SettingsError(
            "no test set found",
            where=f"params.yaml: dedup.test_sets: {folder.name}",
            cure=f"put files there ({', '.join(READERS)}) or leave the setting empty",
        )
    sets: dict[str, pl.Series] = {}
    for path in files:
        name, texts = path.relative_to(folder).with_suffix("").as_posix(), _texts(path)
        sets[name] = pl.concat([sets[name], texts]) if name in sets else texts
    return sets


def _texts(path: Path) -> pl.Series:
    """Return every text of a table, column after column; an error names the file, not what stands in it."""
    try:
        table = READERS[path.suffix](path).select(pl.selectors.string())
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as e:
        raise SettingsError(
            f"a test set cannot be read ({type(e).__name__})", where=str(path), cure="mend or remove the file"
        ) from None
    columns = [table[n].rename("text") for n in table.columns]
    return pl.concat([pl.Series("text", [], dtype=pl.String), *columns])
