"""Comparisons in words, for a terminal."""

from __future__ import annotations

from typing import Any


def change_report(found: dict[str, Any], *, signed: bool) -> str:
    """Return the differences as plain text, the verdict last; equal releases say so."""
    head = f"{_name(found['old'])}  ->  {_name(found['new'])}"
    lines = [head if signed else f"{head}  (signatures were not checked)"]
    for title, rows in _blocks(found):
        if rows:
            lines += ["", title, *(f"  {row}" for row in rows)]
    material = found["material"]
    lines += ["", f"material change: {'yes' if material['verdict'] else 'no'}"]
    for hit in material["rules"]:
        limit = (
            ""
            if hit["allowed"] is True
            else f" (measured {_figure(hit['measured'])}, allowed {hit['allowed']})"
        )
        lines.append(f"  rule {hit['rule']}: {hit['what']}{limit}")
    return "\n".join(lines)


def _blocks(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    sources, detectors = found["sources"], found["detectors"]
    policy = found["policy"]
    return [
        ("documents", _changed(found["documents"]) + _replaced(found["replaced"])),
        ("amounts", _changed(found["amounts"])),
        (
            "sources",
            [f"+ {name}" for name in sources["added"]]
            + [f"- {name}" for name in sources["removed"]]
            + [f"{r['id']}: {r['field']} {r['old']} -> {r['new']}" for r in sources["rights"]]
            + [
                f"{r['id']}: {r['docs_old']} -> {r['docs_new']} documents, share {r['old']} -> {r['new']}"
                for r in sources["shares"]
                if r["docs_old"] != r["docs_new"]
            ],
        ),
        (
            "reasons",
            [
                f"{r['stage']} {r['disposition']} {r['reason']}: {r['old']} -> {r['new']}"
                for r in found["reasons"]
                if r["old"] != r["new"]
            ],
        ),
        ("risk codes, hits per 10,000 documents read", _rates(found["risks"])),
        ("personal information, documents per 10,000 read", _rates(found["pii"])),
        ("licences", _sets(found["licences"], "spdx")),
        ("languages", _sets(found["languages"], "code")),
        ("policy", [f"{policy['old']} -> {policy['new']}"] if policy["changed"] else []),
        (
            "detectors",
            [
                f"{r['detector']} {change}"
                for change in ("added", "removed", "changed")
                for r in detectors[change]
            ],
        ),
        (
            "settings",
            [
                f"{r['stage']}.{r['setting']}: {_short(r['old'])} -> {_short(r['new'])}"
                for r in found["settings"]
            ],
        ),
        ("gates", [f"{g['id']}: {_gate(g, 'old')} -> {_gate(g, 'new')}" for g in found["gates"]]),
    ]


def _changed(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"{r['what']}: {r['old']} -> {r['new']}" + (f" ({r['share']:+.2%})" if r["share"] is not None else "")
        for r in rows
        if r["old"] != r["new"]
    ]


def _replaced(moved: dict[str, int] | None) -> list[str]:
    if not moved or not (moved["gone"] or moved["new"]):
        return []
    return [f"by id: {moved['kept']} stay, {moved['gone']} gone, {moved['new']} new"]


def _rates(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{r['code']}: {_figure(r['old'])} -> {_figure(r['new'])}" for r in rows if r["old"] != r["new"]]


def _sets(found: dict[str, Any], key: str) -> list[str]:
    came = [f"+ {r[key]} ({r['docs']} documents)" for r in found["added"]]
    went = [f"- {r[key]} ({r['docs']} documents)" for r in found["removed"]]
    names = {r[key] for r in [*found["added"], *found["removed"]]}
    moved = [r for r in found["shares"] if r["old"] != r["new"] and r[key] not in names]
    return came + went + [f"{r[key]}: share {r['old']} -> {r['new']}" for r in moved]


def _gate(gate: dict[str, Any], age: str) -> str:
    if gate[f"status_{age}"] is None:
        return "none"
    return f"{gate[f'status_{age}']} ({_figure(gate[f'measured_{age}'])}, asked {gate[f'threshold_{age}']})"


def _figure(value: Any) -> str:
    return "not run" if value is None else str(value)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _name(identity: dict[str, Any]) -> str:
    return f"{identity['id']} {identity['version']} of {identity['as_of']}, {identity['grade_allowed']}"
