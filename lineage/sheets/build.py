"""Puts a sheet together: the same facts for all readers, in the order each reader looks for them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from lineage.errors import InputError
from lineage.sheets import answers as people
from lineage.sheets.chapters import CHAPTERS
from lineage.sheets.glance import glance
from lineage.sheets.model import Notes, Section, Sheet, Value
from lineage.sheets.reader import Reader

SHARD = "urn:hallmark:shard-manifest:1"
RELEASE = "urn:hallmark:release-manifest:1"
MANIFEST = "meta/manifest.json"

#: A Chinese assessor reads the clauses and the proof per source first; others identity and limits.
ORDER = {
    "zh": "clauses sources flow screening audits personal fairness duplicates composition identity purpose "
    "collection lineage limits care unanswered",
    "en": "identity limits purpose sources composition collection flow duplicates personal screening "
    "fairness audits lineage care clauses unanswered",
}


def sheet(
    manifest: dict[str, Any], lang: str, digests: dict[str, str], answers: dict[str, Any] | None, verify: str
) -> Sheet:
    """Return the whole sheet of a shard or release manifest in one language."""
    kind, path = _kind(manifest)
    if not re.fullmatch(r"[0-9a-f]{64}", digests.get(path, "")):
        raise InputError(
            "the sheet needs the manifest's sha256", where=path, cure=f"pass digests={{'{path}': <64 hex>}}"
        )
    people.check(answers)
    read = Reader(manifest, lang)
    other = "en" if lang == "zh" else "zh"
    name = "release" if kind == "release" else quote(manifest["part"], safe="")
    return Sheet(
        lang=lang,
        kind=kind,
        title=_title(read, kind),
        subtitle=_subtitle(read, kind),
        manifest_path=path,
        manifest_sha256=digests[path],
        other_lang=other,
        other_href=f"{name}.{other}.html",
        up_href="" if kind == "release" else f"../release.{lang}.html",
        glance=glance(read, path, digests[path], verify),
        sections=_sections(read, kind, answers),
    )


def manifest_path(manifest: dict[str, Any]) -> str:
    """Return where the release keeps this manifest: the key that `digests` must hold."""
    return _kind(manifest)[1]


def _kind(manifest: dict[str, Any]) -> tuple[str, str]:
    schema = manifest.get("schema")
    if schema == SHARD:
        return "shard", f"meta/shards/{manifest['source']['id']}/{manifest['part']}.json"
    if schema == RELEASE:
        return "release", MANIFEST
    raise InputError(f"unknown manifest schema {schema!r}", cure=f"expected {SHARD} or {RELEASE}")


def _title(read: Reader, kind: str) -> Value:
    if kind == "release":
        title = read.any("/dataset/title")
        return title if title.kind != "absent" else read.any("/dataset/id")
    return read.any("/part")


def _subtitle(read: Reader, kind: str) -> list[Value]:
    if kind == "release":
        return [read.any("/dataset/id"), read.any("/dataset/version"), read.any("/dataset/as_of")]
    return [read.any("/source/title"), read.any("/source/licence")]


def _sections(read: Reader, kind: str, answers: dict[str, Any] | None) -> list[Section]:
    named = {q["chapter"] for q in people.questions().values()}
    asked = kind == "release" or answers is not None
    found = []
    for name in ORDER[read.lang].split():
        section = CHAPTERS[name](read) if name in CHAPTERS else Section(name, read.say(f"ch.{name}"), [])
        if asked and name in named:
            section.blocks.append(people.chapter(read, answers, name))
        if name == "unanswered":
            section.blocks.append(_unanswered(read, asked, answers))
        if section.blocks:
            found.append(section)
    return found


def _unanswered(read: Reader, asked: bool, answers: dict[str, Any] | None) -> Notes:
    if not asked:
        return Notes(read.say("unanswered"), [], read.say("unanswered.release"))
    ids = people.unanswered(answers)
    items = [[Value(people.questions()[key][read.lang]), Value(key, "", "id")] for key in ids]
    return Notes(read.say("unanswered"), items, read.say("unanswered.none"))
