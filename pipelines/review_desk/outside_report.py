"""What readings of a release alone say, and how the project that made it takes them in."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from lineage import certificate
from lineage.errors import HallmarkError
from pipelines import parts
from pipelines.project import PartRef, Project, read_json, write_bytes
from pipelines.review_desk.journal import Journal
from pipelines.review_desk.outside import RECORD, read_record
from pipelines.review_desk.people import check_name
from pipelines.review_desk.report import audit_reading, signature_line
from pipelines.review_desk.signing import check_file, load_trust, signature_path, signed_lines
from stages.decide.reviews import FIELDS, ITEM, OUTSIDE, read_reviews
from stages.publish.audit import audit_facts

KEY = [*ITEM, "verdict", "code", "reviewer", "role", "draw", "sample", "at"]

NOTE = (
    "an outside reading: it changes no gate and no grade of this release. The project that made the release can take "
    "it in with `hallmark review handover FOLDER`: removals then take documents out of its next release"
)


def outside_facts(folder: Path) -> dict[str, Any]:
    """Return {dataset, manifest_sha256, audit, files}: the pass rate with its interval, and who signed what."""
    record, trust = read_record(folder), load_trust(folder.parent)
    drawn = record["draw"]
    table = pl.DataFrame(
        {name: [bytes.fromhex(d[name]) for d in drawn] for name in ITEM}
        | {"source": [d["source"] for d in drawn]},
        schema={"doc_id": pl.Binary, "text_sha256": pl.Binary, "source": pl.String},
    )
    facts = audit_facts(
        table,
        read_reviews(folder),
        wanted=record["items"],
        seed=record["seed"],
        min_pass=record["min_pass"],
        sample=record["sample"],
        signed=signed_lines(folder, trust),
        strata=record["strata"],
    )
    files = [vars(check_file(path, trust)) for path in sorted(folder.glob("*.jsonl"))]
    return {
        "dataset": record["dataset"],
        "manifest_sha256": record["manifest_sha256"],
        "audit": facts,
        "files": files,
    }


def outside_lines(found: dict[str, Any]) -> list[str]:
    """Return the facts as lines for people."""
    named, audit = found["dataset"], found["audit"]
    head = f"{named['id']} {named['version']}, manifest sha256 {found['manifest_sha256']}"
    done = f"{audit['labelled']} of {audit['n']} read, {audit['open']} open (not sure, or readers differ)"
    signed = [signature_line(f) for f in found["files"]] or ["no readings on file yet"]
    return [head, done, *audit_reading(audit), *signed, NOTE]


def hand_over(project: Project, folder: Path) -> dict[str, int]:
    """Take readings of the project's present release into its reviews/ and return {written, known, unsigned}.

    The readings must be of this release (digest of its manifest), of texts it published (digest of each text), and
    their signatures must fit; otherwise an error, and nothing is written. Lines get the draw `outside` and the digest
    of the project's own text; the files as signed are kept below reviews/outside/.
    """
    record, lines = read_record(folder), read_reviews(folder)
    _same_release(project, record, folder)
    states = [check_file(path, load_trust(project.root)) for path in sorted(folder.glob("*.jsonl"))]
    if bad := [s.file for s in states if s.state == "broken"]:
        raise HallmarkError(
            "a signature does not fit: lines were changed after signing",
            where=str(folder / bad[0]),
            cure="ask the reader for the files as signed",
        )
    drawn = {d["doc_id"]: d["text_sha256"] for d in record["draw"]}
    known = set(read_reviews(project.root / "reviews").select(KEY).iter_rows())
    own = _own_digests(project, drawn)
    entries: dict[str, list[dict[str, Any]]] = {}
    for line in lines.sort("file", "line").to_dicts():
        doc, text = line["doc_id"].hex(), line["text_sha256"].hex()
        if drawn.get(doc) != text or line["sample"] != record["sample"]:
            place = f"{folder / line['file']}:{line['line']}"
            raise HallmarkError(
                "not an item of the recorded draw", where=place, cure="ask for the files as signed"
            )
        told = {n: line[n] for n in FIELDS} | {"doc_id": doc, "text_sha256": own[doc], "draw": OUTSIDE}
        key = (bytes.fromhex(doc), bytes.fromhex(own[doc]), *(told[n] for n in KEY[2:]))
        if key not in known:
            entries.setdefault(line["reviewer"], []).append(told)
    _keep(project, folder, record)
    for person, told in entries.items():
        Journal(project.root / "reviews", check_name(person)).append(*told)
    written = sum(map(len, entries.values()))
    unsigned = sum(s.state not in ("signed", "unvouched") for s in states)
    return {"written": written, "known": lines.height - written, "unsigned": unsigned}


def _same_release(project: Project, record: dict[str, Any], folder: Path) -> None:
    path = project.release / certificate.MANIFEST
    present = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    if present != record["manifest_sha256"]:
        raise HallmarkError(
            "these readings are of another release than the project's present one",
            where=str(folder / RECORD),
            cure="check out the commit of that release (`dvc checkout`), or have the present one read",
        )


def _own_digests(project: Project, drawn: dict[str, str]) -> dict[str, str]:
    """Return the project's digest of each drawn document's text; an error where the release published another one."""
    manifest = read_json(project.release / certificate.MANIFEST)
    wanted, found = pl.Series(sorted(drawn), dtype=pl.String), {}
    for entry in manifest["shards"]:
        if not entry["path"]:
            continue
        rows = pl.scan_parquet(project.release / entry["path"]).select("doc_id", "text")
        here = rows.filter(pl.col("doc_id").is_in(wanted.implode())).collect()
        for doc, text in here.iter_rows():
            if hashlib.sha256(text.encode("utf-8")).hexdigest() != drawn[doc]:
                raise HallmarkError("a text was read that this release does not hold", where=entry["path"])
        ref = PartRef(entry["source"], entry["part"])
        judged = parts.read_part(project.table("verdicts", ref), ["doc_id", "text_sha256"])
        own = judged.filter(pl.col("doc_id").is_in(here["doc_id"].str.decode("hex").implode()))
        found |= {doc.hex(): text.hex() for doc, text in own.iter_rows()}
    if missing := len(drawn) - len(found):
        raise HallmarkError(f"{missing} drawn documents are not in this release", where=str(project.release))
    return found


def _keep(project: Project, folder: Path, record: dict[str, Any]) -> None:
    """Copy the readings and signatures as they came, for whoever checks them later."""
    target = project.root / "reviews" / OUTSIDE / record["sample"].replace("@", "-")
    target.mkdir(parents=True, exist_ok=True)
    for path in (folder / RECORD, *sorted(folder.glob("*.jsonl"))):
        for found in (path, signature_path(path)):
            if found.is_file():
                write_bytes(target / found.name, found.read_bytes())
