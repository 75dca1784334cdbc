"""CycloneDX 1.6: the release as a data component, its shards as components of it, for bill-of-materials tools."""

from __future__ import annotations

from typing import Any

from lineage.exports.facts import Release

PATH = "exports/bom.cdx.json"


def cyclonedx(release: Release) -> dict[str, Any]:
    """Return the bill of materials; equal releases give equal serial numbers."""
    dataset = release.dataset
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{release.uuid('bom')}",
        "version": 1,
        "metadata": {
            "timestamp": f"{dataset['as_of']}T00:00:00Z",
            "component": _release(release),
            "lifecycles": [{"name": "published", "description": "timestamp is the release's day"}],
        },
        "components": [_shard(release, s) for s in release.shards],
        "dependencies": [
            {"ref": "release", "dependsOn": [s["path"] for s in release.shards]},
            *({"ref": s["path"]} for s in release.shards),
        ],
    }


def _release(release: Release) -> dict[str, Any]:
    dataset, manifest = release.dataset, release.manifest
    return {
        "type": "data",
        "bom-ref": "release",
        "name": str(dataset["id"]),
        "version": str(dataset["version"]),
        "description": (dataset.get("title") or {}).get("en") or str(dataset["id"]),
        "hashes": [{"alg": "SHA-256", "content": release.manifest_digest}],
        "licenses": _licences(x["spdx"] for x in manifest["licences"]),
        "data": [
            {
                "type": "dataset",
                "name": str(dataset["id"]),
                "description": f"{release.documents} text documents for {dataset['purpose']}",
                "classification": "public",
                "contents": {"url": ".", "properties": _facts(release)},
                "sensitiveData": _sensitive(manifest),
                "governance": {
                    "owners": [_party(dataset.get("issuer")), _party(dataset.get("contact"), True)]
                },
            }
        ],
    }


def _shard(release: Release, shard: Any) -> dict[str, Any]:
    manifest = release.by_path[shard["path"]]
    return {
        "type": "data",
        "bom-ref": shard["path"],
        "name": shard["path"],
        "version": shard["sha256"][:12],
        "hashes": [{"alg": "SHA-256", "content": shard["sha256"]}],
        "licenses": _licences(x["spdx"] for x in manifest["licences"]),
        "data": [
            {
                "type": "dataset",
                "name": f"{shard['source']}/{shard['part']}",
                "contents": {
                    "url": shard["path"],
                    "properties": [
                        {"name": "hallmark:rows", "value": str(shard["rows"])},
                        {"name": "hallmark:manifest_sha256", "value": shard["manifest_sha256"]},
                    ],
                },
                "sensitiveData": _sensitive(manifest),
            }
        ],
    }


def _licences(found: Any) -> list[dict[str, Any]]:
    """Return one SPDX expression (the format takes no second one), or none."""
    stated = sorted({x for x in found if x not in ("NOASSERTION", "NONE", "unknown")})
    parts = [f"({x})" if " " in x else x for x in stated]
    return [{"expression": " AND ".join(parts)}] if parts else []


def _sensitive(manifest: Any) -> list[str]:
    return [f"{r['type']}: {r['in_published']} in published documents, action {r['action']}, "
            f"{r['residual']} left" for r in manifest["pii"] if r["in_published"]]  # fmt: skip


def _party(name: Any, contact: bool = False) -> dict[str, Any]:
    text = str(name or "not stated")
    return {"contact": {"name": text}} if contact else {"organization": {"name": text}}


def _facts(release: Release) -> list[dict[str, str]]:
    manifest = release.manifest
    pairs = {f"hallmark:flow:{k}": v for k, v in manifest["flow"].items()}
    pairs |= {f"hallmark:gate:{g['id']}": g["status"] for g in manifest["gates"]}
    pairs["hallmark:grade_allowed"] = manifest["grade_allowed"]
    pairs["hallmark:policy"] = f"{manifest['policy']['id']} version {manifest['policy']['version']}"
    pairs["hallmark:shard_root"] = manifest["merkle"]["shard_root"]
    return [{"name": k, "value": str(v)} for k, v in sorted(pairs.items())]
