"""Croissant 1.1 with the RAI vocabulary: JSON-LD that describes the shards and how to read their rows.

It is an export, not the root of trust: readers of Croissant need not check its digests; `hallmark verify` does.
The file stands at the root of the release, since readers resolve file patterns from the folder it is in.
"""

from __future__ import annotations

from typing import Any

from lineage.exports.facts import Release, published, table

PATH = "croissant.json"
CONFORMS = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
PATTERN = "data/*/*.parquet"
#: Columns of a shard with their meaning; `turns` is a list of {role, content}.
COLUMNS = {
    "doc_id": "Id of the document: SHA-256 of source id, zero byte and native id, lower-case hex",
    "source": "Id of the source",
    "kind": "text, pair or messages",
    "text": "The text; turns are joined by an empty line",
    "lang": "Language, BCP 47",
    "licence": "SPDX expression",
    "ai_label": "Verdict on a label of AI-generated content",
    "ai_label_json": "That label as found, JSON",
    "url": "Web address, where the source publishes it",
    "title": "Title, where the source publishes it",
    "author": "Author, where the source publishes it",
    "date": "Date as found, where the source publishes it",
    "meta": "Other fields as JSON, where the source publishes them",
}
TURN = {"role": "Who speaks", "content": "What is said"}


def croissant(release: Release) -> dict[str, Any]:
    """Return the JSON-LD document of a release."""
    dataset = release.dataset
    names = {lang: text for lang, text in (dataset.get("title") or {}).items() if text}
    return {
        "@context": table("croissant-context"),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": names or {"en": dataset["id"]},
        "description": _description(release),
        "identifier": f"urn:hallmark:{dataset['id']}:{dataset['version']}",
        "url": f"urn:hallmark:{dataset['id']}",
        "version": str(dataset["version"]),
        "datePublished": str(dataset["as_of"]),
        "license": [f"https://spdx.org/licenses/{x}" if _plain(x) else x for x in _licences(release)],
        "citeAs": f"{dataset.get('issuer') or 'not stated'}: {dataset['id']}, version {dataset['version']}",
        "creator": {"@type": "sc:Organization", "name": str(dataset.get("issuer") or "not stated")},
        "inLanguage": sorted({x["code"] for x in release.manifest["languages"] if x["code"] != "und"}),
        "isLiveDataset": False,
        "distribution": [*(_file(s) for s in release.shards), _files()],
        "recordSet": [_records()] if release.shards else [],
        "prov:wasDerivedFrom": [_source(s) for s in release.used],
        **_rai(release),
    }


def _licences(release: Release) -> list[str]:
    return sorted({x["spdx"] for x in release.manifest["licences"] if x["docs"]})


def _plain(spdx: str) -> bool:
    return " " not in spdx and not spdx.startswith("LicenseRef-") and spdx not in ("NOASSERTION", "NONE")


def _description(release: Release) -> dict[str, str]:
    sources, shards = len(release.used), len(release.shards)
    return {
        "en": f"{release.documents} documents of {sources} sources in {shards} shards, screened under policy "
        f"{release.manifest['policy']['id']}. This states what was measured, not that the text is free of anything.",
        "zh": f"{sources} 个来源的 {release.documents} 个文档，共 {shards} 个分片，按策略 "
        f"{release.manifest['policy']['id']} 筛查。仅陈述测量结果，不表示文本不含任何某类内容。",
    }


def _file(shard: Any) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": shard["path"],
        "name": shard["path"],
        "contentUrl": shard["path"],
        "contentSize": f"{shard['bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": shard["sha256"],
    }


def _files() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": "shards",
        "name": "shards",
        "description": "All shards of the release",
        "encodingFormat": "application/x-parquet",
        "includes": PATTERN,
    }


def _records() -> dict[str, Any]:
    fields = [_field(f"documents/{name}", name, name, what) for name, what in COLUMNS.items()]
    turns = {
        "@type": "cr:Field",
        "@id": "documents/turns",
        "name": "turns",
        "description": "The turns of a conversation or of a prompt and its answer",
        "repeated": True,
        "source": _origin("turns"),
        "subField": [
            _field(f"documents/turns/{name}", name, "turns", what, f"$[*].{name}")
            for name, what in TURN.items()
        ],
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "documents",
        "name": "documents",
        "description": "One record per published document",
        "key": {"@id": "documents/doc_id"},
        "field": [*fields, turns],
    }


def _field(at: str, name: str, column: str, what: str, path: str | None = None) -> dict[str, Any]:
    source = _origin(column) | ({"transform": {"jsonPath": path}} if path else {})
    return {
        "@type": "cr:Field", "@id": at, "name": name, "description": what, "dataType": "sc:Text", "source": source,
    }  # fmt: skip


def _origin(column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": "shards"}, "extract": {"column": column}}


def _source(source: Any) -> dict[str, Any]:
    return {
        "@type": "prov:Entity",
        "@id": f"urn:hallmark:source:{source['id']}",
        "prov:label": source["title"]["en"],
        "sc:license": source["licence"],
        "sc:countryOfOrigin": source["jurisdiction"],
    }


def _rai(release: Release) -> dict[str, Any]:
    """Return the RAI properties: what was measured, and what people answered; what nobody stated is left out."""
    stages = [s["stage"] for s in release.manifest["stages"]]
    found = {
        "rai:dataPreprocessingProtocol": [f"Stages in order: {', '.join(stages)}"]
        + [f"{r['docs']} documents {r['disposition']}: {r['reason']}" for r in release.manifest["reasons"]],
        "rai:dataCollectionType": sorted({s["class"] for s in release.used}),
        "rai:dataCollectionRawData": "; ".join(
            f"{s['id']}: {s['flow']['in']} documents read, {published(s['flow'])} published"
            for s in release.sources
        ),
        "rai:personalSensitiveInformation": _personal(release),
        "rai:dataLimitations": list(release.manifest["known_limits"]["en"]),
    }
    spans = [s["collected"] for s in release.used if s.get("collected")]
    if spans:
        found["rai:dataCollectionTimeframe"] = [min(s["from"] for s in spans), max(s["to"] for s in spans)]
    for key, question in table("rai")["answers"].items():
        answer = release.answer(question, "en")
        if answer:
            found[key] = [*found[key], answer] if key in found else answer
    return {key: value for key, value in sorted(found.items()) if value}


def _personal(release: Release) -> list[str]:
    return [
        f"{r['type']}: {r['found']} found, action {r['action']}, {r['residual']} left after treatment"
        for r in release.manifest["pii"]
    ] or ["No detector reported personal information; see what was not run in the manifest"]
