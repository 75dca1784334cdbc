"""OpenLineage run events, one START and one COMPLETE per stage, as JSON lines.

A release knows no clock: every event carries the release's own day at midnight UTC, and a facet says so. The real
times of a run stand in the operator's run records, outside the release.
"""

from __future__ import annotations

from typing import Any

from lineage.exports.facts import Release, json_bytes, published

PATH = "exports/openlineage.jsonl"
PRODUCER = "urn:hallmark:pipeline"
SPEC = "https://openlineage.io/spec"
FACET = f"{SPEC}/2-0-2/OpenLineage.json#/$defs"
#: What each stage reads; ingest reads the sources.
READS = {
    "quality": ("ingest",),
    "dedup": ("ingest",),
    "pii": ("ingest",),
    "screen": ("ingest",),
    "decide": ("ingest", "quality", "dedup", "pii", "screen"),
    "publish": ("ingest", "quality", "pii", "decide"),
}


def openlineage(release: Release) -> bytes:
    """Return the events of all stages in order, one JSON object a line."""
    lines = []
    for stage in release.manifest["stages"]:
        for kind in ("START", "COMPLETE"):
            lines.append(json_bytes(_event(release, stage, kind)))
    return b"".join(lines)


def _event(release: Release, stage: Any, kind: str) -> dict[str, Any]:
    name, done = stage["stage"], kind == "COMPLETE"
    return {
        "eventType": kind,
        "eventTime": f"{release.dataset['as_of']}T00:00:00Z",
        "producer": PRODUCER,
        "schemaURL": f"{FACET}/RunEvent",
        "run": {
            "runId": release.uuid("run", name),
            "facets": {
                "hallmark_stage": _own("RunFacet", stage=name, code_sha256=stage["code_sha256"],
                                       libraries=stage["libraries"], params=stage["params"],
                                       detectors=stage["detectors"],
                                       event_time="the release's day, not the time of the run"),
            },
        },
        "job": {
            "namespace": _space(release),
            "name": name,
            "facets": {"jobType": _facet("2-0-4/JobTypeJobFacet", processingType="BATCH",
                                         integration="HALLMARK", jobType="STAGE")},
        },
        "inputs": _inputs(release, name),
        "outputs": _outputs(release, name) if done else [],
    }  # fmt: skip


def _space(release: Release) -> str:
    return f"hallmark://{release.dataset['id']}"


def _inputs(release: Release, stage: str) -> list[dict[str, Any]]:
    if stage == "ingest":
        return [_source(release, s) for s in release.sources]
    return [{"namespace": _space(release), "name": f"data/{n}", "facets": {}, "inputFacets": {}}
            for n in READS.get(stage, ("ingest",))]  # fmt: skip


def _source(release: Release, source: Any) -> dict[str, Any]:
    files = {(f["file"], f["sha256"]) for m in release.manifests if m["source"]["id"] == source["id"]
             for f in m["inputs"]}  # fmt: skip
    return {
        "namespace": _space(release),
        "name": f"sources/{source['id']}",
        "facets": {
            "version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=str(source["revision"])),
            "hallmark_source": _own("DatasetFacet", licence=source["licence"],
                                    jurisdiction=source["jurisdiction"], evidence=source["evidence"]),
        },
        "inputFacets": {
            "inputStatistics": _facet("1-0-0/InputStatisticsInputDatasetFacet",
                                      rowCount=source["flow"]["in"], fileCount=len(files)),
        },
    }  # fmt: skip


def _outputs(release: Release, stage: str) -> list[dict[str, Any]]:
    if stage == "publish":
        return [_shard(release, shard) for shard in release.shards]
    flow = release.manifest["flow"]
    facets = {}
    if stage == "decide":
        facets["hallmark_books"] = _own("DatasetFacet", flow=flow, reasons=release.manifest["reasons"])
    rows = _facet(
        "1-0-2/OutputStatisticsOutputDatasetFacet",
        rowCount=flow["in"],
        fileCount=len(release.manifests),
    )
    return [{"namespace": _space(release), "name": f"data/{stage}", "facets": facets,
             "outputFacets": {"outputStatistics": rows}}]  # fmt: skip


def _shard(release: Release, shard: Any) -> dict[str, Any]:
    manifest = release.by_path[shard["path"]]
    return {
        "namespace": _space(release),
        "name": shard["path"],
        "facets": {
            "version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=shard["sha256"]),
            "hallmark_shard": _own("DatasetFacet", sha256=shard["sha256"], source=shard["source"],
                                   manifest_sha256=shard["manifest_sha256"], flow=manifest["flow"],
                                   published=published(manifest["flow"])),
        },
        "outputFacets": {
            "outputStatistics": _facet("1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=shard["rows"],
                                       size=shard["bytes"], fileCount=1),
        },
    }  # fmt: skip


def _facet(schema: str, **values: Any) -> dict[str, Any]:
    name = schema.partition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{schema}.json#/$defs/{name}", **values}


def _own(kind: str, **values: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"{FACET}/{kind}", **values}
