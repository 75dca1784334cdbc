"""Figures of the personal-information detectors on labelled spans, by type and language."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from pipelines.evaluate import sets
from pipelines.evaluate.figures import figure
from stages import pii

#: A label of the sets -> our types that answer to it; the first that a detector knows carries the figure.
TYPES: dict[str, tuple[str, ...]] = {
    "phone": ("CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER"),
    "phone_number": ("PHONE_NUMBER", "CN_MOBILE", "CN_LANDLINE"),
    "id_number": ("CN_RESIDENT_ID", "CN_RESIDENT_ID_15", "CN_RESIDENCE_PERMIT", "CN_FOREIGN_RESIDENT"),
    "bank_card": ("CN_BANK_CARD", "CREDIT_CARD"),
    "credit_card": ("CREDIT_CARD", "CN_BANK_CARD"),
    "license_plate": ("CN_PLATE",),
    "passport": ("CN_PASSPORT", "US_PASSPORT"),
    "us_passport": ("US_PASSPORT",),
    "address": ("CN_ADDRESS",),
    "email": ("EMAIL_ADDRESS",),
    "email_address": ("EMAIL_ADDRESS",),
    "ssn": ("US_SSN",),
    "us_ssn": ("US_SSN",),
    "iban": ("IBAN_CODE",),
    "iban_code": ("IBAN_CODE",),
    "ip_address": ("IP_ADDRESS",),
    "mac_address": ("MAC_ADDRESS",),
    "date_of_birth": ("BIRTH_DATE",),
    "credit_code": ("CN_USCC",),
    "military_id": ("CN_OFFICER_CARD",),
    "us_driver_license": ("US_DRIVER_LICENSE",),
    "qq": ("CN_QQ",),
    "wechat": ("CN_WECHAT",),
    "person": ("PERSON",),
    "name": ("PERSON",),
}
Measured = dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]


def measure(found: list[dict[str, Any]], eval_dir: Path, settings: pii.PiiSettings) -> Measured:
    """Return {detector: (sets, figures)}: recall by overlap of spans; precision where everything is marked."""
    result: Measured = {}
    for labelled in sets.sets(eval_dir, "pii", {"text", "lang", "spans"}):
        rows = [
            r for r in labelled.rows.to_dicts() if r.get("expect") is not False and r["lang"] in ("zh", "en")
        ]
        hits: dict[int, list[pii.annotation.Finding]] = defaultdict(list)
        for hit in pii.scan([r["text"] for r in rows], settings):
            hits[hit.doc].append(hit)
        for (label, language), count in sorted(_tally(rows, hits).items()):
            _add(result, found, labelled, label, language, count, len(rows))
    return result


def _tally(rows: list[dict[str, Any]], hits: dict[int, list[Any]]) -> dict[tuple[str, str], Counter]:
    tally: dict[tuple[str, str], Counter] = defaultdict(Counter)
    whole = all(row.get("complete", True) for row in rows)
    labels = {s["type"].lower() for row in rows for s in row["spans"] or ()} & set(TYPES)
    for k, row in enumerate(rows):
        for label in labels:
            gold = [(s["start"], s["end"]) for s in row["spans"] or () if s["type"].lower() == label]
            mine = [(h.start, h.end) for h in hits.get(k, ()) if h.type in TYPES[label]]
            count = tally[label, row["lang"]]
            count["gold"] += len(gold)
            count["hit"] += sum(any(a < d and c < b for a, b in mine) for c, d in gold)
            if whole:
                count["found"] += len(mine)
                count["right"] += sum(any(a < d and c < b for c, d in gold) for a, b in mine)
    return {key: count for key, count in tally.items() if count["gold"]}


def _add(
    result: Measured,
    found: list[dict[str, Any]],
    labelled: sets.LabelledSet,
    label: str,
    language: str,
    count: Counter,
    rows: int,
) -> None:
    """Give the figure to the detector that reports the first of the label's types."""
    for kind in TYPES[label]:
        owner = next((d for d in _all(found) if kind in d["codes"]), None)
        if owner is None:
            continue
        listed, figures = result.setdefault(owner["detector"], ([], []))
        if labelled.name not in {s["name"] for s in listed}:
            listed.append(labelled.named(rows))
        counts = {"hits": count["hit"], "positives": count["gold"]}
        counts |= {"right": count["right"], "found": count["found"] or None}
        figures.append(figure(labelled.name, kind, language, subset=label, level="span", **counts))
        return


def _all(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda d: d["detector"])
