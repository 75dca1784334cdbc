"""What stands beside a text: where it comes from, what the run found, what the policy would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.review_desk.marks import Finding
from pipelines.review_desk.texts import Reading
from stages.pii import TYPES
from stages.screen import TAXONOMY


def view(
    sources: Mapping[str, Any], reading: Reading, findings: list[Finding], number: int
) -> dict[str, Any]:
    """Return id, number, source, context rows [{label, value}], findings, and the size of the text."""
    item, doc, verdict = reading.item, reading.document, reading.verdict
    source = sources.get(item.source)
    record = f"{doc['file']}#{doc['record']}"
    rows = {
        "class": source.source_class if source else None,
        "licence": doc["licence"],
        "file": record,
        "native_id": doc["native_id"] if doc["native_id"] != record else None,
        "date": doc["date"],
        "language": reading.quality.get("lang"),
        "quality": reading.quality.get("quality_score"),
        "ai_label": doc["ai_label"] if doc["ai_label"] != "none" else None,
        "outcome": verdict.get("disposition"),
        "reason": verdict.get("reason"),
        "rule": verdict.get("rule"),
        "detector": verdict.get("detector"),
        "score": _score(verdict),
        "flags": ", ".join(verdict.get("flags") or ()),
    }
    return {
        "id": item.id,
        "number": number,
        "source": item.source,
        "title": dict(source.title) if source else {"zh": item.source, "en": item.source},
        "kind": doc["kind"],
        "chars": len(reading.text),
        "redacted": reading.redacted,
        "rows": [{"label": k, "value": str(v)} for k, v in rows.items() if v not in (None, "")],
        "findings": [_finding(f) for f in findings],
    }


def _score(verdict: dict[str, Any]) -> str | None:
    if verdict.get("score") is None:
        return None
    return f"{verdict['score']} / {verdict['threshold']}"


def _finding(finding: Finding) -> dict[str, Any]:
    return finding._asdict() | _names(finding)


def _names(finding: Finding) -> dict[str, str]:
    if finding.kind == "redacted":
        return _tag_names(finding.code)
    if finding.kind == "pii":
        return {"zh": TYPES[finding.code].zh, "en": TYPES[finding.code].en}
    risk = next((r for r in TAXONOMY.risks if r.code == finding.code), None)
    return {"zh": risk.zh, "en": risk.en} if risk else {"zh": finding.code, "en": finding.code}


def _tag_names(tag: str) -> dict[str, str]:
    """Return a replacement's tag in words: several types can share one, so no type is named."""
    first = next((t for t in TYPES.values() if tag in (t.tag_zh, t.tag_en)), None)
    english = first.tag_en.replace("_", " ").lower() if first else tag
    return {"zh": tag if first and tag == first.tag_zh else english, "en": english}
