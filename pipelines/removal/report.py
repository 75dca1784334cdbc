"""The ledger for people: lists, one entry, and the check of the chain."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from lineage import canonical, certificate, ledger
from lineage.digests import sha256_file
from lineage.errors import InputError
from lineage.removals import accepted, keyed_id
from pipelines import parts
from pipelines.project import Project
from pipelines.removal.keys import hmac_of
from pipelines.removal.request import ledger_path, signature_method


def list_report(project: Project, *, as_json: bool) -> str:
    """Return every entry in one line: number, day, state, ground, selector, documents."""
    found = ledger.entries(ledger_path(project))
    states = _states(found)
    rows = [_row(e, states[e["seq"]]) for e in found]
    if as_json:
        silent = not_compared(project, found)
        return json.dumps(
            [r | {"signatures_not_run": e["seq"] in silent} for r, e in zip(rows, found, strict=True)],
            indent=1,
        )
    if not rows:
        return "no entries"
    heads = list(rows[0])
    cells = [[str(r[h]) for h in heads] for r in rows]
    widths = [max(len(c[i]) for c in [heads, *cells]) for i in range(len(heads))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in [heads, *cells]
    )


def not_compared(project: Project, found: list[dict[str, Any]]) -> set[int]:
    """Return the standing requests whose signatures the present dedup settings cannot be compared with."""
    method = signature_method(project)
    return {e["seq"] for e in accepted(found) if e.get("signatures") and e["signatures"]["method"] != method}


def _states(found: list[dict[str, Any]]) -> dict[int, str]:
    stands = {e["seq"] for e in accepted(found)}
    return {
        e["seq"]: "stands" if e["seq"] in stands else "rejected" if e["event"] == "request" else e["event"]
        for e in found
    }


def _row(entry: dict[str, Any], state: str) -> dict[str, Any]:
    request = entry["event"] == "request"
    target = entry.get("target")
    return {
        "seq": entry["seq"],
        "received": entry["received_on"],
        "state": state,
        "basis": entry.get("basis") or entry.get("reason") or "",
        "selector": entry["selector"]["kind"] if request else f"request {target}" if target else "",
        "docs": entry["matched"]["docs"] if request else "",
        "twins": entry["matched"]["twins"] if request else "",
        "request_id": entry.get("request_id", ""),
    }


def entry_report(entry: dict[str, Any], *, as_json: bool, dry_run: bool) -> str:
    """Return a new request as JSON or in words."""
    if as_json:
        return json.dumps(entry, indent=1)
    matched = entry["matched"]
    lines = [
        f"request {entry['seq']} ({entry['request_id']}), {entry['basis']}, received {entry['received_on']}",
        f"documents asked for: {matched['docs']}; verified near-duplicates: {matched['twins']}",
    ]
    for held in matched["releases"]:
        lines.append(f"published in {held['dataset']} {held['version']}: {held['docs']} documents")
        lines += [f"  {s['path']}: {s['docs']}" for s in held["shards"]]
    if not matched["releases"]:
        lines.append("no known release publishes any of them")
    lines.append(f"certificates revoked: {len(entry['revoked_certs'])}")
    if dry_run:
        return "\n".join([*lines, "dry run: nothing was written"])
    return "\n".join([*lines, "next: `dvc repro`, then `hallmark remove prove` and `hallmark purge`"])


def entry_of(project: Project, seq: int) -> dict[str, Any]:
    """Return one entry of the ledger."""
    found = ledger.entries(ledger_path(project))
    if not 1 <= seq <= len(found):
        raise InputError(
            f"the ledger has no entry {seq}", cure=f"it has {len(found)}: see `hallmark remove list`"
        )
    return found[seq - 1]


def show_report(project: Project, seq: int, *, as_json: bool) -> str:
    """Return one entry, and for a request where its documents stand after the last run."""
    entry = entry_of(project, seq)
    docs = fates(project, entry) if entry["event"] == "request" else []
    silent = not_compared(project, [entry])
    if as_json:
        return json.dumps({"entry": entry, "documents": docs, "signatures_not_run": bool(silent)}, indent=1)
    lines = [
        f"{k}: {_short(v)}" for k, v in entry.items() if k not in ("matched", "signatures", "revoked_certs")
    ]
    if entry["event"] == "request":
        lines += [f"revoked: {c['path']} {c['certificate'][:16]}" for c in entry["revoked_certs"]]
        lines += [
            f"{d['doc_id']}  {d['source']}  {d['disposition']}  {d['reason'] or '-'}"
            + ("  (near-duplicate)" if d["twin"] else "")
            for d in docs
        ]
        if silent:
            lines.append(
                "not_run: its signatures were made by another dedup method; near copies are not recognised"
            )
        gone = entry["matched"]["docs"] + entry["matched"]["twins"] - len(docs)
        lines += [f"{gone} documents are not at hand any more"] if gone else []
    return "\n".join(lines)


def _short(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)


def fates(project: Project, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return where each document of a request stands after the last run; only holders of the HMAC key can tell."""
    _, key = hmac_of(project)
    ids, twins = (set(entry["matched"][n]) for n in ("keyed_ids", "keyed_twins"))
    rows = []
    for ref in project.parts():
        path = project.table("decide", ref)
        if not path.is_file():
            continue
        table = parts.read_part(path, ["doc_id", "disposition", "reason"])
        named = pl.Series("keyed", [keyed_id(key, d).hex() for d in table["doc_id"]], dtype=pl.String)
        hits = table.with_columns(named).filter(pl.col("keyed").is_in(sorted(ids | twins)))
        rows += [
            {
                "doc_id": d.hex(),
                "source": ref.source,
                "disposition": how,
                "reason": why,
                "twin": keyed in twins,
            }
            for d, how, why, keyed in hits.rows()
        ]
    return sorted(rows, key=lambda r: (r["twin"], r["doc_id"]))


def verify_report(project: Project) -> tuple[list[str], bool]:
    """Return what is wrong with the ledger, or that it is whole, and whether it is good."""
    path = ledger_path(project)
    known = _stated(project)
    problems = ledger.problems(path, known)
    if problems:
        return [f"{_inside(project, p.where)}: {p.what}" for p in problems], False
    found = ledger.entries(path)
    bad = [
        f"{e['signatures']['path']}: not the file that entry {e['seq']} names"
        for e in found
        if e.get("signatures") and not _same(path.parent / e["signatures"]["path"], e["signatures"]["sha256"])
    ]
    head = ledger.head(found)
    good = f"the ledger is whole: {head.entries} entries, head {head.head_hash}"
    states = f"it continues the {known['entries']} entries that the release states" if known else ""
    return bad or [line for line in (good, states) if line], not bad


def _stated(project: Project) -> dict[str, Any] | None:
    """Return {entries, head_hash} of the release at hand; None where it states none."""
    path = project.release / certificate.MANIFEST
    return canonical.loads(path.read_bytes(), where=str(path)).get("ledger") if path.is_file() else None


def _same(path, digest: str) -> bool:
    return path.is_file() and sha256_file(path) == digest


def _inside(project: Project, where: str) -> str:
    return where.removeprefix(f"{project.root}/")
