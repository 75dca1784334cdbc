"""--deep: recount the books from the lineage tables, recompute Merkle roots, hash every published text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lineage import merkle
from lineage.errors import TrustError
from lineage.verify.part import FLOW, Part
from lineage.verify.report import FAILED, INCOMPLETE, Report
from lineage.verify.statement import Statement

PUBLISHED = ("kept", "redacted")
_COLUMNS = ("doc_id", "row", "disposition", "reason", "stage", "text_out_sha256", "shard_row")
_BATCH = 4096


def check(
    root: Path, parts: Sequence[Part], release: Statement | None, good: set[str], report: Report
) -> None:
    """Check the content of every part; `release`: given when all its parts are here; `good`: hashed files."""
    try:
        import pyarrow.parquet  # noqa: F401  # the plain installation has no Parquet reader
    except ImportError:
        report.refuse(INCOMPLETE, "", "--deep reads Parquet: pip install 'hallmark[load]'")
        return
    kept: list[bytes] = []
    for part in parts:
        path = part.manifest["lineage"]["path"]
        if path not in good or (part.shard and part.shard not in good):
            report.refuse(INCOMPLETE, path, "--deep needs the lineage table and the shard as certified")
            continue
        try:
            kept += _part(root, part, report)
        except (OSError, KeyError, ValueError, TypeError) as error:
            report.refuse(FAILED, path, f"not the table that the layout asks for: {type(error).__name__}")
    if release and not report.problems:
        _compare_root(kept, release.predicate["merkle"]["kept_root"], "the release", report)


def _part(root: Path, part: Part, report: Report) -> list[bytes]:
    import pyarrow.parquet as pq

    path = part.manifest["lineage"]["path"]
    table = pq.read_table(root / path, columns=list(_COLUMNS))
    if missing := set(_COLUMNS) - set(table.column_names):
        report.refuse(FAILED, path, f"columns are missing: {', '.join(sorted(missing))}")
        return []
    rows = {name: table.column(name).to_pylist() for name in _COLUMNS}
    for what in _recount(rows, part.manifest):
        report.refuse(FAILED, path, what)
    public = [i for i, disposition in enumerate(rows["disposition"]) if disposition in PUBLISHED]
    kept = [rows["doc_id"][i] for i in public]
    if any(not isinstance(doc_id, bytes) for doc_id in kept):
        report.refuse(FAILED, path, "a published document has no id")
        return []
    _compare_root(kept, part.manifest["lineage"]["kept_root"], path, report)
    hidden = set(range(len(rows["row"]))) - set(public)
    if any(rows[name][i] is not None for i in hidden for name in ("text_out_sha256", "shard_row")):
        report.refuse(
            FAILED, path, "a withheld document has a place in the shard or a digest of published text"
        )
    told = {rows["shard_row"][i]: (rows["doc_id"][i], rows["text_out_sha256"][i]) for i in public}
    if sorted(told, key=lambda r: -1 if r is None else r) != list(range(len(public))):
        report.refuse(FAILED, path, "the published documents do not fill the shard's rows one to one")
    elif part.shard:
        _rehash(root, part.shard, told, report)
    return kept


def _recount(rows: dict[str, list[Any]], manifest: dict[str, Any]) -> list[str]:
    """List where the lineage rows contradict the manifest's flow and reasons."""
    flow, found = manifest["flow"], []
    counts = Counter(rows["disposition"])
    if sorted(rows["row"]) != list(range(flow["in"])):
        found.append("its rows are not the documents that came in, each once")
    for name in FLOW:
        if counts.pop(name, 0) != flow[name]:
            found.append(f"{name}: the rows do not add up to the {flow[name]} of the manifest")
    if counts:
        found.append("a row has no known disposition")
    fates = zip(rows["stage"], rows["reason"], rows["disposition"], strict=True)
    recounted = Counter(fate for fate in fates if fate[1] is not None)
    stated = Counter({(r["stage"], r["reason"], r["disposition"]): r["docs"] for r in manifest["reasons"]})
    if recounted != stated:
        found.append("its reasons do not add up to those of the manifest")
    return found


def _compare_root(doc_ids: list[bytes], stated: str, path: str, report: Report) -> None:
    try:
        if merkle.doc_root(doc_ids) != stated:
            report.refuse(FAILED, path, "the Merkle root of the published documents does not recompute")
    except TrustError as error:
        report.refuse(FAILED, path, error.what)


def _rehash(root: Path, path: str, told: dict[int, tuple[bytes, bytes]], report: Report) -> None:
    import pyarrow.parquet as pq

    at, wrong = 0, 0
    with pq.ParquetFile(root / path) as shard:
        for batch in shard.iter_batches(_BATCH, columns=["doc_id", "text"]):
            for doc_id, text in zip(*(batch.column(c).to_pylist() for c in ("doc_id", "text")), strict=True):
                stated = told.get(at, (b"", b""))
                wrong += (bytes.fromhex(doc_id), hashlib.sha256(text.encode()).digest()) != stated
                at += 1
    if at != len(told):
        report.refuse(FAILED, path, f"{at} rows where {len(told)} documents were published")
    if wrong:
        report.refuse(FAILED, path, f"{wrong} rows are not the texts that the lineage table names")
