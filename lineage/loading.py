"""Opens the shards of a release for training, verified first: files that are not good never reach the reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lineage.errors import InputError, TrustError
from lineage.trust import Trust
from lineage.verify import verify_release

KINDS = ("dataset", "stream", "polars")


def open_verified(
    path: Path | str,
    *,
    kind: str = "dataset",
    trust: Trust | Path | str | None = None,
    shards: str | Sequence[str] | None = None,
    require: Sequence[str] = (),
    deep: bool = False,
    today: date | None = None,
    **options: Any,
) -> Any:
    """Verify a release, or chosen shards of it, and return their rows; anything but `good` is a TrustError.

    `kind`: "dataset" (datasets.Dataset), "stream" (datasets.IterableDataset) or "polars" (polars.LazyFrame); `options`
    go to the reader (`load_dataset` or `scan_parquet`). The other arguments are those of `verify_release`. Only the
    verified shards are read, in order of path. A shard's name carries its digest, so no cache can serve another text.
    """
    if kind not in KINDS:
        raise InputError(f"no such kind: {kind}", cure=" or ".join(KINDS))
    report = verify_release(path, trust=trust, shards=shards, require=require, deep=deep, today=today)
    if not report.ok:
        more = f" (and {len(report.problems) - 1} more)" if len(report.problems) > 1 else ""
        raise TrustError(report.problems[0].line() + more, where=str(path), cure="nothing was opened")
    files = [str(Path(path).resolve() / shard) for shard in report.shards]
    if not files:
        raise InputError("no shard is here to open", where=str(path))
    if kind == "polars":
        import polars

        return polars.scan_parquet(files, **options)
    from datasets import load_dataset

    return load_dataset(
        "parquet", data_files={"train": files}, split="train", streaming=kind == "stream", **options
    )
