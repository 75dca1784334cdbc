"""`hallmark remove prove`: presence before and absence after a removal, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineage import certificate, keys, ledger, merkle
from lineage.errors import HallmarkError, InputError
from lineage.removals import accepted, proof
from pipelines.project import Project, read_json, write_bytes
from pipelines.removal import releases
from pipelines.removal.report import entry_of, fates
from pipelines.removal.request import before_path, ledger_path


def prove(project: Project, seq: int, *, out: Path | None = None, before: Path | None = None) -> list[str]:
    """Write the proof of request `seq` and return what it shows, in lines.

    `before`: folder of the release that held the documents; without it, what `remove request` kept at the time.
    """
    entry = entry_of(project, seq)
    if seq not in {e["seq"] for e in accepted(ledger.entries(ledger_path(project)))}:
        raise InputError(f"entry {seq} is not a standing request", cure="see `hallmark remove list`")
    if not (project.release / certificate.RELEASE_CERTIFICATE).is_file():
        raise HallmarkError("no release here", where=str(project.release), cure="run `dvc repro`")
    past = _past(project, entry, before)
    wanted = sorted(set(past["documents"]) | {d["doc_id"] for d in fates(project, entry)})
    if not wanted:
        raise InputError("no document is known to this request any more, so nothing can be shown")
    ids = [bytes.fromhex(d) for d in wanted]
    now = releases.presence(project.release, ids)
    if still := sum(p["kind"] == "presence" for p in now):
        raise HallmarkError(
            f"the release still publishes {still} of {len(ids)} documents", cure="run `dvc repro`"
        )
    rows = [
        {"doc_id": d, "before": past["documents"].get(d), "after": p}
        for d, p in zip(wanted, now, strict=True)
    ]
    if past["release"]:
        rows = [r for r in rows if r["before"]]
    signer = keys.load_signer(keys.default_folder())
    data = proof.prove(entry, past["release"], releases.identity(project.release), rows, signer)
    target = out or project.data / "removals" / f"{seq:04d}-proof.json"
    write_bytes(target, data)
    return [f"wrote {target} ({len(data)} bytes)", *_words(past, rows)]


def _past(project: Project, entry: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """Return {release, documents: {doc_id: proof}} of the release before; nothing where none is known."""
    if folder is not None:
        wanted = [bytes.fromhex(d["doc_id"]) for d in fates(project, entry)]
        proofs = releases.presence(folder, wanted)
        return {
            "release": _root_checked(folder),
            "documents": {d.hex(): p for d, p in zip(wanted, proofs, strict=True)},
        }
    path = before_path(project, entry["seq"])
    if not path.is_file():
        return {"release": None, "documents": {}}
    kept = read_json(path)
    return {"release": kept["release"], "documents": {d["doc_id"]: d["proof"] for d in kept["documents"]}}


def _root_checked(folder: Path) -> dict[str, Any]:
    found = releases.identity(folder)
    if merkle.doc_root(releases.published_ids(folder)) != found["kept_root"]:
        raise HallmarkError(
            "the lineage is not that of the manifest", where=str(folder), cure="verify the release"
        )
    return found


def _words(past: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    shown = sum(r["before"]["kind"] == "presence" for r in rows if r["before"])
    if not past["release"]:
        return [f"shows: {len(rows)} documents are not in the release; of before nothing is known"]
    return [
        f"shows: {shown} documents were in {past['release']['dataset']} {past['release']['version']} "
        f"(certificate {past['release']['certificate'][:16]}), {len(rows)} are not in the release at hand"
    ]
