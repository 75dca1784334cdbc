"""What changed between two releases, from their manifests, and whether the change is material.

Material means: by the rules of the old release's policy, the new release needs a new filing before it is used. The old
policy decides, so that a release cannot relax the rule by which it is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lineage.material import RULES, fired

__all__ = ["RULES", "compare", "published"]

SCHEMA = "urn:hallmark:changes:1"
PER = 10_000
RIGHTS = ("licence", "class", "jurisdiction", "storage_region", "lawful_basis", "purpose")
FILTERING = ("pii", "screen")

Manifest = Mapping[str, Any]


def compare(
    old: Manifest,
    new: Manifest,
    rules: Mapping[str, Any] | None = None,
    *,
    replaced: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return every difference between two release manifests as JSON values, with the verdict under `material`.

    `rules`: the block `material` of a policy (RULES where it says nothing). `replaced`: {kept, gone, new} documents by
    id, where the lineage tables of both releases were at hand. Rates are per 10,000 documents read, 2 decimals.
    """
    found = {
        "schema": SCHEMA,
        "old": _identity(old),
        "new": _identity(new),
        "documents": _numbers(_flow(old), _flow(new)),
        "amounts": _numbers(_amounts(old), _amounts(new)),
        "replaced": dict(replaced) if replaced else None,
        "sources": _sources(old, new),
        "reasons": _rows(old, new, "reasons", ("stage", "disposition", "reason")),
        "risks": _rates(_risks(old), _risks(new), _read(old), _read(new)),
        "pii": _rates(_pii(old), _pii(new), _read(old), _read(new)),
        "licences": _sets(old, new, "licences", "spdx"),
        "languages": _sets(old, new, "languages", "code"),
        "policy": _policy(old, new),
        "detectors": _detectors(old, new),
        "settings": _settings(old, new),
        "gates": _gates(old, new),
    }
    hits = fired(found, rules or {})
    return found | {"material": {"verdict": bool(hits), "rules": hits}}


def published(manifest: Manifest) -> int:
    """Return how many documents a release publishes."""
    return manifest["flow"]["kept"] + manifest["flow"]["redacted"]


def _identity(manifest: Manifest) -> dict[str, Any]:
    dataset = manifest["dataset"]
    return {name: dataset.get(name) for name in ("id", "version", "as_of", "purpose")} | {
        "grade_allowed": manifest["grade_allowed"],
        "previous": manifest.get("previous"),
    }


def _read(manifest: Manifest) -> int:
    return manifest["flow"]["in"] - manifest["flow"]["unreadable"]


def _flow(manifest: Manifest) -> dict[str, int]:
    return {"published": published(manifest), **manifest["flow"]}


def _amounts(manifest: Manifest) -> dict[str, int]:
    """Return published amounts; tokens only where the release counted them, under its tokenizer's name."""
    found = {name: manifest[name] for name in ("chars", "bytes") if name in manifest}
    tokens = manifest.get("tokens") or {}
    if isinstance(tokens, Mapping) and "n" in tokens:
        found[f"tokens ({tokens.get('tokenizer', 'unnamed')})"] = tokens["n"]
    return found | {"shards": sum(s["path"] is not None for s in manifest["shards"])}


def _numbers(old: Mapping[str, int], new: Mapping[str, int]) -> list[dict[str, Any]]:
    names = [*old, *(n for n in new if n not in old)]
    return [
        {"what": n, "old": old.get(n), "new": new.get(n), "share": _share(old.get(n), new.get(n))}
        for n in names
    ]


def _share(old: int | None, new: int | None) -> float | None:
    """Return the change as a share of the old value; None where there is no old value to compare with."""
    return round((new - old) / old, 4) if old and new is not None else None


def _by(rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...], value: str = "docs") -> dict[tuple, int]:
    found: dict[tuple, int] = {}
    for row in rows:
        key = tuple(row[k] for k in keys)
        found[key] = found.get(key, 0) + (row[value] or 0)
    return found


def _rows(old: Manifest, new: Manifest, name: str, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    before, after = (_by(m.get(name, ()), keys) for m in (old, new))
    return [
        dict(zip(keys, key, strict=True)) | {"old": before.get(key, 0), "new": after.get(key, 0)}
        for key in sorted(before.keys() | after.keys())
    ]


def _sets(old: Manifest, new: Manifest, name: str, key: str) -> dict[str, Any]:
    """Return what came, what went, and the share of published documents of each that both have."""
    before, after = (_by(m.get(name, ()), (key,)) for m in (old, new))
    a, b = published(old) or 1, published(new) or 1
    return {
        "added": [{key: k[0], "docs": after[k]} for k in sorted(after.keys() - before.keys())],
        "removed": [{key: k[0], "docs": before[k]} for k in sorted(before.keys() - after.keys())],
        "shares": [
            {key: k[0], "old": round(before.get(k, 0) / a, 4), "new": round(after.get(k, 0) / b, 4)}
            for k in sorted(before.keys() | after.keys())
        ],
    }


def _risks(manifest: Manifest) -> dict[str, int | None]:
    return _known(manifest.get("screen", ()), "code", "docs")


def _pii(manifest: Manifest) -> dict[str, int | None]:
    return _known(manifest.get("pii", ()), "type", "docs")


def _known(rows: Iterable[Mapping[str, Any]], key: str, value: str) -> dict[str, int | None]:
    """Return a sum per code; None where no detector ran, because not run is not nought."""
    found: dict[str, int | None] = {}
    for row in rows:
        n = row[value] if row.get("status", "run") == "run" else None
        known = found.get(row[key])
        found[row[key]] = known if n is None else n + (known or 0)
    return found


def _rates(old: Mapping, new: Mapping, read_old: int, read_new: int) -> list[dict[str, Any]]:
    def rate(counts: Mapping, code: str, read: int) -> float | None:
        n = counts.get(code)
        return None if n is None or not read else round(n * PER / read, 2)

    rows = [
        {"code": c, "old": rate(old, c, read_old), "new": rate(new, c, read_new)}
        for c in sorted({*old, *new})
    ]
    return [row for row in rows if row["old"] is not None or row["new"] is not None]


def _sources(old: Manifest, new: Manifest) -> dict[str, Any]:
    before, after = ({s["id"]: s for s in m.get("sources", ())} for m in (old, new))
    a, b = published(old) or 1, published(new) or 1

    def docs(views: Mapping[str, Any], name: str) -> int:
        return published(views[name]) if name in views else 0

    rights = [
        {"id": name, "field": field, "old": before[name].get(field), "new": after[name].get(field)}
        for name in sorted(before.keys() & after.keys())
        for field in RIGHTS
        if before[name].get(field) != after[name].get(field)
    ]
    shares = [
        {"id": n, "docs_old": docs(before, n), "docs_new": docs(after, n)}
        | {"old": round(docs(before, n) / a, 4), "new": round(docs(after, n) / b, 4)}
        for n in sorted(before.keys() | after.keys())
    ]
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "shares": shares,
        "rights": rights,
    }


def _policy(old: Manifest, new: Manifest) -> dict[str, Any]:
    before, after = old["policy"], new["policy"]
    return {"old": dict(before), "new": dict(after), "changed": before["sha256"] != after["sha256"]}


def _detectors(old: Manifest, new: Manifest) -> dict[str, Any]:
    before, after = (
        {(s["stage"], d["detector"]): d for s in m["stages"] for d in s["detectors"]} for m in (old, new)
    )
    both = sorted(before.keys() & after.keys())
    changed = [k for k in both if _working(before[k]) != _working(after[k])]
    return {
        "added": [{"stage": s, "detector": d} for s, d in sorted(after.keys() - before.keys())],
        "removed": [{"stage": s, "detector": d} for s, d in sorted(before.keys() - after.keys())],
        "changed": [{"stage": s, "detector": d} for s, d in changed],
    }


def _working(detector: Mapping[str, Any]) -> tuple:
    return detector["sha256"], detector.get("status", "run")


def _settings(old: Manifest, new: Manifest) -> list[dict[str, Any]]:
    """Return every setting of a stage that differs, and `code` where the stage's code digest does."""
    before, after = ({s["stage"]: s for s in m["stages"]} for m in (old, new))
    rows = []
    for stage in [s["stage"] for s in new["stages"] if s["stage"] in before]:
        a, b = before[stage], after[stage]
        names = sorted({*a["params"], *b["params"]})
        rows += [
            {"stage": stage, "setting": n, "old": a["params"].get(n), "new": b["params"].get(n)}
            for n in names
            if a["params"].get(n) != b["params"].get(n)
        ]
        if a["code_sha256"] != b["code_sha256"]:
            rows.append({"stage": stage, "setting": "code", "old": a["code_sha256"], "new": b["code_sha256"]})
    return rows


def _gates(old: Manifest, new: Manifest) -> list[dict[str, Any]]:
    before, after = ({g["id"]: g for g in m["gates"]} for m in (old, new))
    rows = []
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name, {}), after.get(name, {})
        row = {"id": name} | {
            f"{field}_{age}": gate.get(field)
            for field in ("status", "measured", "threshold")
            for age, gate in (("old", a), ("new", b))
        }
        if a != b:
            rows.append(row)
    return rows
