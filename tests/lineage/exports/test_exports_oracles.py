"""Outside readers agree: mlcroissant loads every row, CycloneDX and OpenLineage take what we write."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import export_release as made
import mlcroissant
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    job_type_job,
    output_statistics_output_dataset,
)
from openlineage.client.generated.input_statistics_input_dataset import InputStatisticsInputDatasetFacet
from openlineage.client.serde import Serde

from lineage.exports import Release, write_all


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return made.build(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def files(release: Release) -> dict[str, bytes]:
    found = write_all(release.staging, dict(release.manifest), list(release.manifests), None)
    (release.staging / "croissant.json").write_bytes(found["croissant.json"])
    return found


def test_mlcroissant_finds_no_fault_and_loads_every_row(release: Release, files: dict) -> None:
    logging.getLogger("absl").setLevel(logging.ERROR)
    dataset = mlcroissant.Dataset(jsonld=str(release.staging / "croissant.json"))
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    rows = list(dataset.records("documents"))
    assert len(rows) == release.documents == 8
    texts = sorted(row["documents/text"].decode() for row in rows)
    assert texts == sorted(f"{s} {i} 文本" for s in ("wiki", "forum") for i in range(4))
    spoken = [row["documents/turns"] for row in rows if row["documents/kind"] == b"messages"]
    told = [[(t["documents/turns/role"], t["documents/turns/content"]) for t in turns] for turns in spoken]
    assert told == [[(b"user", b"a"), (b"assistant", b"b")]] * 2


def test_croissant_lists_each_shard_with_its_digest(release: Release, files: dict) -> None:
    found = json.loads(files["croissant.json"])["distribution"]
    listed = {f["contentUrl"]: f["sha256"] for f in found if f["@type"] == "cr:FileObject"}
    assert listed == {s["path"]: s["sha256"] for s in release.shards}


def test_the_bill_of_materials_passes_the_strict_schema(files: dict) -> None:
    text = files["exports/bom.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    spoilt = text.replace('"type":"dataset"', '"type":"nonsense"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(spoilt) is not None


def test_openlineage_writes_the_same_event_from_its_own_classes(files: dict) -> None:
    for line in files["exports/openlineage.jsonl"].splitlines():
        event = json.loads(line)
        theirs = Serde.to_dict(
            RunEvent(
                eventType=RunState[event["eventType"]],
                eventTime=event["eventTime"],
                producer=event["producer"],
                run=Run(runId=event["run"]["runId"]),
                job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
                inputs=[InputDataset(d["namespace"], d["name"]) for d in event["inputs"]],
                outputs=[OutputDataset(d["namespace"], d["name"]) for d in event["outputs"]],
            )
        )
        assert theirs["schemaURL"] == event["schemaURL"]
        for name in ("eventType", "eventTime", "producer"):
            assert theirs[name] == event[name]
        assert theirs["run"]["runId"] == event["run"]["runId"]
        for side in ("inputs", "outputs"):
            assert [d["name"] for d in theirs[side]] == [d["name"] for d in event[side]]


def test_openlineage_facets_are_of_the_versions_their_library_writes(files: dict) -> None:
    theirs = {
        "jobType": job_type_job.JobTypeJobFacet(processingType="BATCH", integration="X"),
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion="1"),
        "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=1),
        "inputStatistics": InputStatisticsInputDatasetFacet(rowCount=1),
    }
    seen = set()
    for line in files["exports/openlineage.jsonl"].splitlines():
        for name, facet in _facets(json.loads(line)):
            assert facet["_producer"] and facet["_schemaURL"].startswith("https://openlineage.io/spec/")
            if name in theirs:
                seen.add(name)
                assert facet["_schemaURL"] == theirs[name]._schemaURL
                known = {a.name for a in type(theirs[name]).__attrs_attrs__}
                assert set(facet) <= known
    assert seen == set(theirs)


def _facets(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict) and "_schemaURL" in inner:
                yield key, inner
            yield from _facets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _facets(inner)


def test_a_partial_pull_still_loads_what_is_there(tmp_path: Path) -> None:
    release = made.build(tmp_path)
    files = write_all(release.staging, dict(release.manifest), list(release.manifests), None)
    (tmp_path / "croissant.json").write_bytes(files["croissant.json"])
    (tmp_path / release.shards[0]["path"]).unlink()
    rows = list(mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json")).records("documents"))
    assert len(rows) == 4
