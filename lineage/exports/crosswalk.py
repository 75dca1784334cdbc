"""Crosswalk tables: where each question of a known form is answered in a release, and whether it is."""

from __future__ import annotations

from typing import Any

from lineage.exports.facts import MANIFEST, Release, table
from lineage.exports.paper import Paper

FORMS = ("gebru", "gbt-45654", "eu-summary", "croissant-rai", "dps")
PATH = "exports/crosswalk.{lang}.md"


def crosswalk(release: Release, lang: str) -> Paper:
    """Return every table in one language: question, place of the answer, state."""
    words = table("crosswalk")
    paper = Paper(words["title"][lang])
    paper.say(words["note"][lang])
    for form in FORMS:
        entry = words["forms"][form]
        paper.head(entry["title"][lang]).say(f"{words['edition'][lang]}: {entry['edition']}")
        paper.table(words["heads"][lang], [_row(release, q, words, lang) for q in entry["questions"]])
    return paper


def state(release: Release, question: dict[str, Any]) -> str:
    """Return `measured`, `answered`, `unanswered` or `not-covered` for one question."""
    if not question["places"]:
        return "not-covered"
    told = [place for place in question["places"] if _filled(release, place)]
    if not told:
        return "unanswered"
    return "measured" if any(place.startswith("/") for place in told) else "answered"


def _filled(release: Release, place: str) -> bool:
    if not place.startswith("/"):
        return release.answer(place, "en") is not None
    found: Any = release.manifest
    for key in place[1:].split("/"):
        found = _step(found, key)
    return found is not None and found != []


def _step(value: Any, key: str) -> Any:
    if key == "*":
        return value[0] if value else None
    return value.get(key) if isinstance(value, dict) else None


def _row(release: Release, question: dict[str, Any], words: Any, lang: str) -> tuple[str, ...]:
    places = [f"{MANIFEST}#{p}" if p.startswith("/") else f"datasheet.yaml: {p}" for p in question["places"]]
    return (
        question["id"],
        question[lang],
        "; ".join(places) or "-",
        words["states"][state(release, question)][lang],
    )
