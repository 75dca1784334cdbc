"""The rules by which a change between two releases is material: each says what it measured and what it allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lineage.errors import SettingsError
from lineage.trust import GRADES

#: What holds where a policy has no block `material`; null switches a rule off. The field docs are in the policy model.
RULES: dict[str, float | bool | None] = {
    "documents": 0.1,
    "characters": 0.1,
    "tokens": 0.1,
    "replaced": 0.1,
    "source_share": 0.1,
    "language_share": 0.1,
    "risk_rate": 10.0,
    "pii_rate": 10.0,
    "sources_added": True,
    "sources_lost": False,
    "rights_changed": True,
    "licences_added": True,
    "licences_lost": False,
    "purpose": True,
    "policy": True,
    "detectors": True,
    "grade": True,
}
_NOTES = ("clause", "edition", "verified")
FILTERING = ("pii", "screen")


def fired(found: Mapping[str, Any], rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules that make the differences `found` material: {rule, what, measured, allowed}, in rule order.

    `found`: by `lineage.changes.compare`. A rule that nobody knows is a SettingsError.
    """
    if unknown := sorted(set(rules) - set(RULES) - set(_NOTES)):
        raise SettingsError(f"no such rule of material change: {unknown[0]}", cure=", ".join(RULES))
    allowed = RULES | {k: v for k, v in rules.items() if k not in _NOTES}
    hits = []
    for name, limit in allowed.items():
        if limit is None or limit is False:
            continue
        for what, measured in _MEASURES[name](found):
            if limit is True or measured is None or measured > limit:
                hits.append({"rule": name, "what": what, "measured": measured, "allowed": limit})
    return hits


def _grown(found: Mapping[str, Any], group: str, prefix: str) -> Iterator[tuple[str, float | None]]:
    """Yield the change as a share of the old value; None where something came out of nothing."""
    for row in found[group]:
        if not row["what"].startswith(prefix) or row["old"] == row["new"] or row["old"] is None:
            continue
        if row["new"] is not None:
            yield row["what"], abs(row["share"]) if row["share"] is not None else None


def _replaced(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    moved = found["replaced"]
    if moved and moved["kept"] + moved["gone"]:
        yield "published documents", round(moved["gone"] / (moved["kept"] + moved["gone"]), 4)


def _moved(rows: list[Mapping[str, Any]], key: str) -> Iterator[tuple[str, float]]:
    for row in rows:
        yield row[key], round(abs(row["new"] - row["old"]), 4)


def _risen(rows: list[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    for row in rows:
        if row["old"] is not None and row["new"] is not None:
            yield row["code"], round(row["new"] - row["old"], 2)


def _named(rows: list[Any], key: str = "") -> Iterator[tuple[str, int]]:
    for row in rows:
        yield (row[key] if key else row), 1


def _purpose(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for field in ("id", "purpose"):
        if found["old"][field] != found["new"][field]:
            yield f"{found['old'][field]} -> {found['new'][field]}", 1


def _policy(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    policy = found["policy"]
    if policy["changed"]:
        yield (
            " -> ".join(
                f"{p['id']} {p['version']} ({p['sha256'][:12]})" for p in (policy["old"], policy["new"])
            ),
            1,
        )


def _detectors(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for change in ("removed", "changed"):
        for row in found["detectors"][change]:
            if row["stage"] in FILTERING:
                yield f"{row['detector']} {change}", 1


def _grade(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    before, after = (_rank(found[age]["grade_allowed"]) for age in ("old", "new"))
    if after < before:
        yield f"{found['old']['grade_allowed']} -> {found['new']['grade_allowed']}", 1


def _rank(grade: str) -> int:
    return GRADES.index(grade) if grade in GRADES else -1


_MEASURES: dict[str, Any] = {
    "documents": lambda f: _grown(f, "documents", "published"),
    "characters": lambda f: _grown(f, "amounts", "chars"),
    "tokens": lambda f: _grown(f, "amounts", "tokens"),
    "replaced": _replaced,
    "source_share": lambda f: _moved(f["sources"]["shares"], "id"),
    "language_share": lambda f: _moved(f["languages"]["shares"], "code"),
    "risk_rate": lambda f: _risen(f["risks"]),
    "pii_rate": lambda f: _risen(f["pii"]),
    "sources_added": lambda f: _named(f["sources"]["added"]),
    "sources_lost": lambda f: _named(f["sources"]["removed"]),
    "rights_changed": lambda f: ((f"{r['id']}: {r['field']}", 1) for r in f["sources"]["rights"]),
    "licences_added": lambda f: _named(f["licences"]["added"], "spdx"),
    "licences_lost": lambda f: _named(f["licences"]["removed"], "spdx"),
    "purpose": _purpose,
    "policy": _policy,
    "detectors": _detectors,
    "grade": _grade,
}
