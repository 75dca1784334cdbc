"""California AB 2013: the twelve disclosures about training data, from the manifests and the answers people gave."""

from __future__ import annotations

from typing import Any

from lineage.exports.eu import tokens
from lineage.exports.facts import NOT_STATED, Release, or_not_stated, published, table
from lineage.exports.paper import Paper
from lineage.exports.rights import effective

PATH = "exports/california-ab2013.md"
UNSAID = NOT_STATED["en"]


def california(release: Release) -> Paper:
    """Return the twelve disclosures in the order of the statute; what nobody stated says so."""
    words = table("ab2013")
    paper = Paper(f"Training data disclosures: {release.dataset['id']} {release.dataset['version']}")
    verified = "yes" if words["verified"] else "no"
    paper.say(words["note"], f"Text: {words['edition']}; compared with the official text: {verified}.")
    for number, item in enumerate(words["disclosures"], 1):
        paper.head(f"{number}. {item['title']}")
        paper.say(f"Clause: {item['clause']}.")
        for line in _FILL[item["id"]](release):
            paper.say(line)
    return paper


def disclosed(release: Release) -> dict[str, bool]:
    """Tell for each disclosure whether something other than `not stated` fills it."""
    return {
        item["id"]: any(UNSAID not in line for line in _FILL[item["id"]](release))
        for item in table("ab2013")["disclosures"]
    }


def _sources(release: Release) -> list[str]:
    issuer = or_not_stated(release.dataset.get("issuer"), "en")
    rows = [
        f"{s['id']}: {s['title']['en']} ({s['jurisdiction']}, {published(s['flow']):,} documents)"
        for s in release.used
    ]
    return [f"Issuer of the data set: {issuer}.", *rows]


def _purpose(release: Release) -> list[str]:
    answers = [release.answer(key, "en") for key in ("purpose-why", "uses-intended")]
    return [f"Purpose: {release.dataset['purpose']}.", *(a or UNSAID for a in answers)]


def _points(release: Release) -> list[str]:
    unit = release.manifest["unit"]
    return [
        f"{release.documents:,} data points (unit: {unit}); {release.manifest['chars']:,} characters; "
        f"tokens: {tokens(release.manifest)}."
    ]


def _types(release: Release) -> list[str]:
    languages = ", ".join(f"{x['code']} {x['docs']:,}" for x in release.manifest["languages"])
    labelled = [s["id"] for s in release.used if s["annotated"]]
    return [
        f"Text documents; by language: {languages}.",
        f"Sources with labels or written answers: {', '.join(labelled) or 'none declared'}.",
    ]


def _property(release: Release) -> list[str]:
    rows = ", ".join(f"{x['spdx']} {x['docs']:,}" for x in release.manifest["licences"])
    free = sum(published(s["flow"]) for s in release.of_class("public-domain"))
    return [
        f"Documents by licence: {rows}.",
        f"Whole: {effective(release)}. Public-domain sources: {free:,} documents; text under a licence is protected by "
        "copyright unless that licence gives it up. Trademarks and patents: " + UNSAID + ".",
        f"Rights relied on: {release.answer('rights-basis', 'en') or UNSAID}.",
    ]


def _bought(release: Release) -> list[str]:
    bought = [s["id"] for s in release.of_class("commercial-contract")]
    held = [
        s["id"] for s in release.used if s["class"] != "commercial-contract" and s["licence"] != "NOASSERTION"
    ]
    return [
        f"Bought or licensed by contract: {', '.join(bought) or 'none'}.",
        f"Used under a stated licence: {', '.join(held) or 'none'}.",
    ]


def _personal(release: Release) -> list[str]:
    found = release.manifest["pii"]
    rows = [
        f"{r['type']}: {r['in_published']:,} findings in published documents, action {r['action']}, "
        f"{r['residual']} left"
        for r in found
    ]
    return rows or ["No detector reported personal information; what was not run stands in the manifest."]


def _aggregate(release: Release) -> list[str]:
    return [f"{UNSAID}: no stage measures aggregate consumer information."]


def _cleaning(release: Release) -> list[str]:
    flow = release.manifest["flow"]
    return [
        f"Of {flow['in']:,} documents, {flow['removed']:,} were removed, {flow['quarantined']:,} quarantined, "
        f"{flow['unreadable']:,} could not be read, {flow['redacted']:,} were redacted.",
        *(
            f"{r['stage']}: {r['docs']:,} {r['disposition']} ({r['reason']})"
            for r in release.manifest["reasons"]
        ),
    ]


def _period(release: Release) -> list[str]:
    spans = [s["collected"] for s in release.used if s.get("collected")]
    if not spans:
        return [UNSAID]
    first, last = min(s["from"] for s in spans), max(s["to"] for s in spans)
    ongoing = release.answer("care-updates", "en")
    return [f"Collected {first} to {last}.", f"Whether collection goes on: {ongoing or UNSAID}."]


def _first_use(release: Release) -> list[str]:
    return [
        release.answer("uses-earlier", "en")
        or f"{UNSAID}: who trains with the data knows when it was first used."
    ]


def _synthetic(release: Release) -> list[str]:
    own = release.of_class("synthetic")
    sizes = ", ".join(f"{s['id']} {published(s['flow']):,}" for s in own)
    labels = [r for r in release.manifest["ai_labels"] if r["verdict"] not in ("none", "unknown")]
    return [
        f"Synthetic sources: {sizes or 'none declared'}.",
        f"Documents of any source that carry a label of AI-generated content: {sum(r['docs'] for r in labels):,}.",
    ]


_FILL: dict[str, Any] = {
    "sources": _sources,
    "purpose": _purpose,
    "data-points": _points,
    "types": _types,
    "property": _property,
    "purchased": _bought,
    "personal": _personal,
    "aggregate": _aggregate,
    "cleaning": _cleaning,
    "period": _period,
    "first-use": _first_use,
    "synthetic": _synthetic,
}
