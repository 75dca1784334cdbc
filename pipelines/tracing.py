"""`hallmark trace`: one document's whole way through the last run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lineage.errors import HallmarkError, InputError
from lineage.sheets.safe import visible
from pipelines import parts
from pipelines.project import PartRef, Project, read_json
from pipelines.questions import decided
from pipelines.release_index import near
from pipelines.removal.selector import Selector
from pipelines.tracing_parents import ancestors

INGEST = (
    "row", "doc_id", "status", "error", "native_id", "file", "record", "offset", "length", "url", "warc_id",
    "licence", "kind", "raw_sha256", "text_sha256", "chars", "ai_label", "transforms",
)  # fmt: skip

LISTED = (
    "releases",
    "documents",
    "ancestors",
    "sealed",
)  # lists of which every entry is told in lines of its own


def trace(project: Project, wanted: str) -> dict[str, Any]:
    """Return where a document came from, each stage's evidence, its disposition, and where it is or who stands for it.

    `wanted`: a document id in hex, or a unique beginning of at least 8 digits.
    """
    ref, row, doc_id = find(project, wanted)
    origin = _row(project, "ingest", ref, row, INGEST)
    verdict = _row(project, "decide", ref, row)
    story = {
        "doc_id": doc_id.hex(),
        "source": ref.source,
        "part": ref.part,
        "origin": origin | {"input": _input(project, ref, origin["file"])},
        "evidence": {s: _row(project, s, ref, row) for s in ("quality", "dedup", "pii", "screen")},
        "disposition": verdict,
    }
    if verdict["disposition"] in ("kept", "redacted"):
        story["published"] = _published(project, ref, doc_id)
    elif verdict.get("keeper"):
        keeper_ref, keeper_row, keeper_id = find(project, verdict["keeper"])
        origin = _row(project, "ingest", keeper_ref, keeper_row, INGEST)
        story["keeper"] = {
            "doc_id": keeper_id.hex(),
            "source": keeper_ref.source,
            "file": origin["file"],
            "record": origin["record"],
            "published": _published(project, keeper_ref, keeper_id),
        }
    return story


def find(project: Project, wanted: str) -> tuple[PartRef, int, bytes]:
    """Return (part, row, document id) of the one document whose id begins with `wanted` (hex)."""
    if not re.fullmatch(r"[0-9a-fA-F]{8,64}", wanted):
        raise HallmarkError(f"{wanted!r} is not a document id", cure="give at least 8 hex digits of it")
    found = []
    for ref in project.parts():
        ids = decided(project, ref, ["row", "doc_id"])
        hits = ids.filter(pl.col("doc_id").bin.encode("hex").str.starts_with(wanted.lower()))
        found += [(ref, row, doc) for row, doc in hits.rows()]
    if len(found) != 1:
        what = "no document has" if not found else f"{len(found)} documents have"
        raise HallmarkError(f"{what} an id that begins with {wanted}", cure="give the id in full")
    return found[0]


def _row(project: Project, folder: str, ref: PartRef, row: int, columns=None) -> dict[str, Any]:
    table = parts.read_part(project.table(folder, ref), list(columns) if columns else None)
    values = table.filter(pl.col("row") == row).row(0, named=True)
    return {k: _show(v) for k, v in values.items() if k not in ("row", "doc_id")}


def _show(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _input(project: Project, ref: PartRef, file: str) -> dict[str, Any] | None:
    plan = read_json(project.data / "ingest" / "plan.json")["parts"]
    inputs = next(p["inputs"] for p in plan if (p["source"], p["part"]) == (ref.source, ref.part))
    outer = file.split("!", 1)[0]
    return next((i for i in inputs if i["file"] == outer), None)


def _published(project: Project, ref: PartRef, doc_id: bytes) -> dict[str, Any] | None:
    """Return shard, row and published digest; None while the release lacks the document."""
    lineage = project.release / "lineage" / ref.file()
    manifest = project.release / "meta" / "shards" / ref.file(".json")
    if not lineage.is_file() or not manifest.is_file():
        return None
    table = parts.read_part(lineage, ["doc_id", "shard_row", "text_out_sha256"])
    hit = table.filter(pl.col("doc_id") == doc_id)
    if hit.is_empty():
        return None
    row = hit.row(0, named=True)
    shard = read_json(manifest)["shard"]
    return {"shard": shard["path"], "row": row["shard_row"], "text_out_sha256": row["text_out_sha256"].hex()}


def trace_selected(project: Project, selector: Selector, limit: int = 20) -> dict[str, Any]:
    """Return the traces of the documents that an address or a text means: {documents, shown, traces}.

    A text finds documents with this very text and those whose shingle sets are verified to be near it; each trace says
    which (`match`) and how near (`jaccard`).
    """
    from pipelines.removal.find import find as find_all

    direct, near, _ = find_all(project, selector, b"", twins=False)
    rows = pl.concat([direct, near]).sort("jaccard", "doc_id", descending=[True, False])
    traces = [
        {"match": match, "jaccard": jaccard} | trace(project, doc_id.hex())
        for doc_id, match, jaccard in rows.select("doc_id", "match", "jaccard").head(limit).iter_rows()
    ]
    return {"documents": rows.height, "shown": len(traces), "traces": traces}


def trace_report(
    project: Project,
    selector: Selector,
    *,
    releases: Sequence[Path] = (),
    reread: bool = False,
    as_json: bool = False,
) -> str:
    """Return the trace of what a selector means, as JSON or as indented lines for people.

    `releases`: folders of releases whose public lineage is searched too. `reread`: read each record again from its
    source file and say whether its bytes still have the digest that ingest recorded.
    """
    if selector.kind == "doc-id":
        story = trace(project, selector.value)
        ids, blocks = [bytes.fromhex(story["doc_id"])], [story]
    else:
        story = trace_selected(project, selector)
        ids, blocks = [bytes.fromhex(t["doc_id"]) for t in story["traces"]], story["traces"]
    for block in blocks:
        if upstream := ancestors(project, block["origin"], releases):
            block["ancestors"] = upstream
    if reread:
        from pipelines.reread import reread_proof

        for block in blocks:
            block["reread"] = reread_proof(project, block["origin"] | {"source": block["source"]})
    if releases:
        from pipelines.tracing_releases import in_release

        text = selector.value if selector.kind == "text" else None
        story["releases"] = [in_release(folder, ids, text) for folder in releases]
    if selector.kind == "text":
        story["sealed"] = near(project, [selector.value])
    _found(selector, story)
    if as_json:
        return json.dumps(story, ensure_ascii=False, indent=1)
    lines = [] if selector.kind == "doc-id" else [f"{story['documents']} documents, {story['shown']} shown"]
    for block in [*blocks, *(_elsewhere(story) if selector.kind != "doc-id" else [])]:
        lines += ["", *_lines(block, 0)] if lines else _lines(block, 0)
    return "\n".join(lines)


def _elsewhere(story: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what other releases hold: by public lineage, and by the index of what was sealed here."""
    sealed = story.get("sealed")
    return [*story.get("releases", []), *([{"sealed": sealed}] if sealed else [])]


def _found(selector: Selector, story: dict[str, Any]) -> None:
    """Refuse to answer with nothing: a search without any finding is an error, so that a script notices."""
    here = selector.kind == "doc-id" or story["documents"]
    if here or story.get("sealed") or any(r["documents"] for r in story.get("releases", ())):
        return
    where = "the last run, nor in the releases searched" if story.get("releases") else "the last run"
    raise InputError(
        f"not found: no document with this {selector.kind} in {where}",
        cure="check the value; --release searches the public lineage of one more release",
    )


def _lines(value: dict[str, Any], depth: int) -> list[str]:
    pad, out = "  " * depth, []
    for key, item in value.items():
        if isinstance(item, dict):
            out += [f"{pad}{key}:", *_lines(item, depth + 1)]
        elif isinstance(item, list) and item and all(isinstance(i, dict) for i in item) and key in LISTED:
            for one in item:
                out += [f"{pad}{key}:", *_lines(one, depth + 1)]
        elif item is not None and item != []:
            out.append(f"{pad}{key}: {visible(str(item))}")  # a title or address may hold terminal controls
    return out
