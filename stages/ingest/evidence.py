"""What each class of source must prove before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from stages.ingest.source import Source


class Finding(NamedTuple):
    """Something that a source lacks; `error` stops the run, `warning` is told."""

    source: str
    level: str  # error | warning
    field: str
    what: str
    why: str
    cure: str


class Proof(NamedTuple):
    """A kind of evidence that a class of source must have, and the requirement it meets."""

    kind: str
    level: str
    why: str


#: Required proofs by class: TC260-003 5.1 c), Interim Measures Art. 7 and 11, GB/T 45654-2025 5.1.
PROOFS: dict[str, tuple[Proof, ...]] = {
    "open-licence": (
        Proof("licence-text", "error", "open data may be used only under a kept licence text (R-05)"),
    ),
    "self-collected": (
        Proof("collection-record", "error", "what was collected must be shown by its fetch records (R-06)"),
        Proof("robots-verdict", "error", "what a site refused must not be collected (R-07)"),
    ),
    "commercial-contract": (
        Proof("contract", "error", "bought data needs a valid contract (R-08)"),
        Proof("supplier-evidence", "warning", "the supplier must prove source, quality and safety (R-08)"),
    ),
    "user-data": (
        Proof("consent-record", "error", "user input needs the user's authorisation (R-09)"),
        Proof("withdrawals", "warning", "withdrawn consent must be honoured (R-09)"),
    ),
    "synthetic": (
        Proof("generator-record", "error", "generated data must name its model, version and terms (R-12)"),
        Proof("generator-licence", "warning", "the model's terms must allow the use of its output (R-12)"),
    ),
    "public-domain": (
        Proof("public-domain-ground", "warning", "say why no right stands against the use (R-30)"),
    ),
}


def findings(source: Source, project: Path) -> list[Finding]:
    """List what is missing for this source, each with the reason it matters and the cure."""
    return [
        *_files(source, project),
        *_refusals(source, project),
        *_proofs(source),
        *_rights(source),
        *_privacy(source, project),
        *open_labels(source),
    ]


def _files(source: Source, project: Path) -> list[Finding]:
    found = []
    for item in source.evidence:
        if not (project / item.path).is_file():
            what = f"the evidence file {item.path} does not exist"
            why = "a claim without its file cannot be checked"
            found.append(
                Finding(source.id, "error", "evidence", what, why, "add the file or correct the path")
            )
        elif (project / item.path).stat().st_size == 0:
            what = f"the evidence file {item.path} is empty"
            found.append(
                Finding(source.id, "error", "evidence", what, "it proves nothing", "put the document there")
            )
    return found


def _refusals(source: Source, project: Path) -> list[Finding]:
    """Snapshots and refusal lists that are named must be there: without them nobody's refusal is honoured."""
    named = [("robots.files", f.path) for f in (source.robots.files if source.robots else ()) if f.path]
    named += [("refusals", path) for path in source.refusals]
    why = "a refusal that cannot be read cannot be honoured (R-07)"
    return [
        Finding(
            source.id,
            "error",
            field,
            f"the file {path} does not exist",
            why,
            "add the file or correct the path",
        )
        for field, path in named
        if not (project / path).is_file()
    ]


def _proofs(source: Source) -> list[Finding]:
    kinds = {item.kind for item in source.evidence} | ({"robots-verdict"} if source.robots else set())
    return [
        Finding(
            source.id,
            proof.level,
            "evidence",
            f"class {source.source_class} has no evidence of kind {proof.kind}",
            proof.why,
            f"add `- {{kind: {proof.kind}, path: FILE}}` to evidence",
        )
        for proof in PROOFS[source.source_class]
        if proof.kind not in kinds
    ]


def _rights(source: Source) -> list[Finding]:
    if source.licence not in ("NOASSERTION", "NONE"):
        return []
    what = f"the licence is {source.licence}"
    why = "its documents leave the release as licence-missing unless they state their own"
    return [Finding(source.id, "warning", "licence", what, why, "find out the licence and write its SPDX id")]


def _privacy(source: Source, project: Path) -> list[Finding]:
    data, found = source.personal_data, []
    if data.lawful_basis == "none":
        what = "no lawful basis for personal information"
        why = "documents with personal information need one (PIPL Art. 13, R-24)"
        found.append(
            Finding(source.id, "warning", "personal_data.lawful_basis", what, why, "state the basis")
        )
    for field in ("separate_consent", "pipia"):
        path = getattr(data, field)
        if path and not (project / path).is_file():
            what = f"the file {path} does not exist"
            why = "a claim without its file cannot be checked"
            found.append(Finding(source.id, "error", f"personal_data.{field}", what, why, "add the file"))
    if data.pipia_until and not data.pipia:
        what, why = "a last day is stated for an assessment that is not", "a date alone proves nothing (R-28)"
        found.append(Finding(source.id, "error", "personal_data.pipia", what, why, "add the assessment file"))
    if data.lawful_basis == "consent" and not {"consent-record"} & {item.kind for item in source.evidence}:
        what = "the basis is consent, but there is no consent-record"
        why = "consent must be proved (PIPL Art. 14, R-24)"
        found.append(
            Finding(source.id, "error", "evidence", what, why, "add the consent records as evidence")
        )
    if source.cross_border and not data.pipia and data.lawful_basis not in ("not-personal", "none"):
        what = "personal information crosses a border without an impact assessment"
        why = "PIPL Art. 55 asks for one before it is sent"
        found.append(Finding(source.id, "error", "personal_data.pipia", what, why, "add the assessment file"))
    return found


#: What a record of annotation must state (TC260-003 5.3, GB/T 45674-2025; R-33 to R-40).
ANNOTATION = ("method", "purpose", "rule_book", "annotators", "reviewers", "qualified", "batches")
#: Values of `annotation.purpose` that name safety labels; all others are functional (R-36).
SAFETY = ("safety", "安全", "安全性")


def open_labels(source: Source) -> list[Finding]:
    """Return what a source's record of annotation lacks or leaves open; nothing for a source without one."""
    record, found = source.annotation, []
    if record is None:
        return []
    for key in ANNOTATION:
        listed = key in ("annotators", "reviewers", "batches")
        if not record.get(key) or (listed and not isinstance(record[key], list | tuple)):
            what = f"the annotation record lacks `{key}`{' as a list' if listed else ''}"
            why = "labels and answers must show how, by whom and by which rules they were made (R-33 to R-39)"
            found.append(Finding(source.id, "error", f"annotation.{key}", what, why, f"add `{key}:`"))
    both = {str(x) for x in _listed(record, "annotators")} & {str(x) for x in _listed(record, "reviewers")}
    if both:
        what = f"{len(both)} person(s) both annotated and reviewed"
        why = "one person must not have both roles in one task (R-34)"
        found.append(
            Finding(source.id, "error", "annotation.reviewers", what, why, "have another person review")
        )
    if stored(source) == "unstated":
        what = "safety labels without `stored: apart` or `stored: together`"
        why = "safety-annotated data are best kept apart from the rest (R-40, advised)"
        found.append(Finding(source.id, "warning", "annotation.stored", what, why, "say how they are kept"))
    unchecked = uninspected(source)
    if unchecked:
        what = f"{unchecked} batch(es) were not inspected"
        why = "each batch of functional labels is sampled and decided on (R-38)"
        found.append(
            Finding(source.id, "error", "annotation.batches", what, why, "inspect them, or leave them out")
        )
    return found


def stored(source: Source) -> str | None:
    """Return how a source's safety labels are kept (R-40): apart, together or unstated; None where there are none."""
    record = source.annotation or {}
    if str(record.get("purpose", "")).strip().casefold() not in SAFETY:
        return None
    return record["stored"] if record.get("stored") in ("apart", "together") else "unstated"


def uninspected(source: Source) -> int:
    """Return how many batches of a source's labels nobody inspected."""
    batches = _listed(source.annotation or {}, "batches")
    return sum(not (isinstance(b, dict) and b.get("inspected")) for b in batches)


def _listed(record: dict, key: str) -> list | tuple:
    return record[key] if isinstance(record.get(key), list | tuple) else ()
