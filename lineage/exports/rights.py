"""ATTRIBUTION and the effective licence of a release: what each licence asks, and which of them collide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lineage.exports.facts import NOT_STATED, Release, name, or_not_stated, table
from lineage.exports.paper import Paper
from lineage.licences import UNSTATED, ids, terms

PATH = "exports/ATTRIBUTION.md"


class Share(NamedTuple):
    """Published documents of one source under one licence expression."""

    source: str
    spdx: str
    docs: int


def shares(release: Release) -> list[Share]:
    """Return published documents by source and licence, sorted."""
    found: dict[tuple[str, str], int] = {}
    for manifest in release.manifests:
        for row in manifest["licences"]:
            key = (manifest["source"]["id"], row["spdx"])
            found[key] = found.get(key, 0) + row["docs"]
    return [Share(*key, docs) for key, docs in sorted(found.items()) if docs]


def effective(release: Release) -> str:
    """Return the SPDX expression that who uses every document must meet; `NOASSERTION` where one states none."""
    stated = sorted({s.spdx for s in shares(release)})
    if not stated or any(s in UNSTATED for s in stated):
        return "NOASSERTION"
    return " AND ".join(f"({s})" if " OR " in s else s for s in stated)


class Conflict(NamedTuple):
    """Two duties that collide, or one that collides with what was done: kind, who, English, Chinese."""

    kind: str
    where: str
    en: str
    zh: str


def conflicts(release: Release) -> list[Conflict]:
    """Return every collision that the table knows; one that only a person can settle says so."""
    every = shares(release)
    return [*_unread(every), *_no_derivatives(release, every), *_copyleft(every), *_commercial(every)]


def _unread(every: Iterable[Share]) -> list[Conflict]:
    found = []
    for share in every:
        if share.spdx in UNSTATED:
            found.append(_conflict("no-licence", share.source, share))
        found += [
            _conflict("terms-unread", share.source, share, one) for one in ids(share.spdx) if not terms(one)
        ]
    return found


def _no_derivatives(release: Release, every: Iterable[Share]) -> list[Conflict]:
    changed = {s["id"]: s["flow"].get("redacted", 0) for s in release.sources}
    return [
        _conflict("no-derivatives-changed", share.source, share, one, str(changed[share.source]))
        for share in every
        for one in _with(share, "no-derivatives")
        if changed.get(share.source)
    ]


def _copyleft(every: Iterable[Share]) -> list[Conflict]:
    families: dict[str, Share] = {}
    for share in every:
        for one in _with(share, "share-alike"):
            families.setdefault((terms(one) or {}).get("family", one), share)
    if len(families) < 2:
        return []
    return [
        _conflict(
            "several-share-alike", ", ".join(s.source for s in families.values()), None, *sorted(families)
        )
    ]


def _commercial(every: Iterable[Share]) -> list[Conflict]:
    return [
        _conflict("non-commercial", share.source, share, one)
        for share in every
        for one in _with(share, "non-commercial")
    ]


def _with(share: Share, duty: str) -> list[str]:
    return [one for one in ids(share.spdx) if duty in (terms(one) or {}).get("duties", ())]


def _conflict(kind: str, where: str, share: Share | None, *details: str) -> Conflict:
    words = table("licences")["conflicts"][kind]
    fill = {"docs": share.docs if share else 0, "what": ", ".join(details)}
    return Conflict(kind, where, words["en"].format(**fill), words["zh"].format(**fill))


def attribution(release: Release) -> Paper:
    """Return ATTRIBUTION: per source its notice and duties, the effective licence, the conflicts by name."""
    paper = Paper(f"Attribution / 署名: {release.dataset['id']} {release.dataset['version']}")
    paper.head("Effective licence / 整体适用的许可")
    paper.say(
        f"{effective(release)}", table("licences")["effective"]["en"], table("licences")["effective"]["zh"]
    )
    paper.head("Conflicts / 冲突")
    found = conflicts(release)
    paper.table(
        ["kind", "source", "what / 说明"], [(c.kind, c.where, f"{c.en} {c.zh}") for c in found]
    ) if found else paper.say("None that the table of licences knows. / 许可证表中未见冲突。")
    paper.head("Sources / 来源")
    by_source: dict[str, list[Share]] = {}
    for share in shares(release):
        by_source.setdefault(share.source, []).append(share)
    paper.table(
        ["source", "title", "class", "licence", "documents", "duties", "notice"],
        [
            (
                source["id"],
                f"{source['title']['en']} / {source['title']['zh']}",
                name("class", source["class"], "en"),
                share.spdx,
                share.docs,
                duties(share.spdx),
                or_not_stated(source.get("copyright_notice"), "en"),
            )
            for source in release.used
            for share in by_source.get(source["id"], ())
        ],
    )
    return paper


def duties(expression: str) -> str:
    """Return the duties of an expression in words; ids that our table does not know are named."""
    told = []
    for one in ids(expression):
        known = terms(one)
        words = (", ".join(known["duties"]) or "none") if known else "to be read by a person"
        told.append(f"{one}: {words}")
    return "; ".join(told) or NOT_STATED["en"]
