"""Build one part of a release in a folder of its own: shard, lineage, manifest, sheets, certificate."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lineage import canonical, certificate, keys
from lineage.digests import sha256_file
from lineage.merkle import doc_root
from lineage.sheets import render_all
from pipelines import parts
from pipelines.executor import usage
from pipelines.project import PartRef, write_bytes, write_json
from pipelines.quarantine.vault import manifest_facts
from pipelines.release_tree import DONE
from stages.decide.languages import with_language_gaps
from stages.publish.diversity import fairness_facts
from stages.publish.facts import part_facts
from stages.publish.gates import run_gates
from stages.publish.manifest import shard_manifest
from stages.publish.personal import personal_facts
from stages.publish.public import public_lineage
from stages.publish.shard import published, shard_table
from stages.publish.technical import part_counts
from stages.publish.tokens import count
from stages.publish.treat import treat, treat_fields


@dataclass(frozen=True)
class BuildTask:
    """All that one part of a release is made from."""

    ref: PartRef
    folder: str
    tables: tuple[tuple[str, str], ...]
    plan: tuple[dict[str, Any], ...]
    common: Mapping[str, Any]
    settings: Any
    pii_settings: Any
    screen_settings: Any
    key: str

    @property
    def label(self) -> str:
        return f"{self.ref.source}/{self.ref.part}"

    @property
    def weight(self) -> int:
        return self.ref.bytes


def build(task: BuildTask) -> dict[str, Any]:
    """Build the part beside its folder and swap it in whole."""
    start, before = time.perf_counter(), usage()
    folder = Path(task.folder)
    fresh = folder.with_name(f".{folder.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    (fresh / "meta").mkdir(parents=True)
    _fill(task, fresh)
    files = sorted(p.relative_to(fresh).as_posix() for p in fresh.rglob("*") if p.is_file())
    write_json(fresh / DONE, {"key": task.key, "files": files})
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)
    after = usage()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after["cpu"] - before["cpu"],
        "peak_mib": after["peak_mib"],
        "bytes": task.ref.bytes,
    }


def _fill(task: BuildTask, fresh: Path) -> None:
    common, ref = task.common, task.ref
    tables = {name: parts.read_part(Path(path)) for name, path in task.tables}
    rows = published(tables["ingest"], tables["decide"], tables["quality"])
    rows, residual = treat(rows, tables["pii_spans"], common["policy"].pii, common["hmac"], task.pii_settings)
    fields = treat_fields(
        rows, common["source"], common["policy"].pii, common["hmac"], task.pii_settings, task.screen_settings
    )
    shard = _write_shard(fresh, ref, shard_table(rows, tuple(common["source"]["publish_fields"]), fields))
    lineage = public_lineage(
        tables["ingest"], tables["decide"], tables["quality"], tables["pii"], rows, common["hmac"]
    )
    policy = common["policy"]
    tables["screen"] = with_language_gaps(
        tables["screen"], tables["quality"], tables["ingest"]["chars"], common["languages"]
    )
    facts = part_facts(ref.source, ref.part, tables, rows, policy, residual)
    facts["tokens"] = count(rows["text"], task.settings.tokenizer, Path(common["root"]))
    facts["fairness"] = fairness_facts(tables, policy, common["source"]["jurisdiction"])
    facts["quarantine"] = manifest_facts(tables["ingest"], tables["decide"], common["hmac"])
    facts["technical"] = part_counts(tables, policy, common["stages"])
    personal = personal_facts(tables["pii"], tables["decide"], rows, task.pii_settings)
    asked = {"stages": common["stages"], "source": common["source"], "personal": personal}
    manifest = shard_manifest(
        source=common["source"],
        part=ref.part,
        shard=shard,
        inputs=list(task.plan),
        facts=facts,
        stages=common["stages"],
        method=common["method"],
        gates=run_gates(policy.gates, "shard", facts | asked, common["waivers"]),
        policy={"id": policy.policy, "version": policy.version, "sha256": policy.sha256},
        lineage=_write_lineage(fresh, ref, lineage, rows, tables["decide"]),
    )
    _write_papers(task, fresh, manifest)


def _write_shard(fresh: Path, ref: PartRef, table: pa.Table) -> dict[str, Any] | None:
    if table.num_rows == 0:
        return None
    temporary = fresh / "shard.tmp"
    _write_parquet(table, temporary)
    digest = sha256_file(temporary)
    name = f"data/{ref.source}/{ref.part}-{digest[:12]}.parquet"
    (fresh / name).parent.mkdir(parents=True, exist_ok=True)
    temporary.rename(fresh / name)
    return {
        "path": name,
        "bytes": (fresh / name).stat().st_size,
        "rows": table.num_rows,
        "sha256": digest,
        "media_type": "application/vnd.apache.parquet",
    }


def _write_lineage(fresh, ref: PartRef, table: pa.Table, rows: pl.DataFrame, decisions: pl.DataFrame) -> dict:
    name = f"lineage/{ref.source}/{ref.part}.parquet"
    (fresh / name).parent.mkdir(parents=True, exist_ok=True)
    _write_parquet(table, fresh / name)
    gone = table.column("keyed_id").drop_null().to_pylist()
    return {
        "path": name,
        "sha256": sha256_file(fresh / name),
        "rows": decisions.height,
        "kept_root": doc_root(rows["doc_id"].to_list()),
        "removed_root": doc_root(gone),
    }


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=parts.ZSTD_LEVEL,
        row_group_size=parts.ROW_GROUP,
        write_page_index=True,
        store_schema=True,
    )


def _write_papers(task: BuildTask, fresh: Path, manifest: dict[str, Any]) -> None:
    """Write manifest, sheets and certificate, in this order: each binds the ones before."""
    common, ref = task.common, task.ref
    content = canonical.dumps(manifest)
    path = f"meta/shards/{ref.source}/{ref.part}.json"
    write_bytes(fresh / path, content)
    write_bytes(fresh / "meta" / "policy.yaml", common["policy_bytes"])
    for name, evidence in common["evidence"].items():
        write_bytes(fresh / name, evidence)
    digests = {path: hashlib.sha256(content).hexdigest()}
    command = f"hallmark verify release --shards '{ref.source}/{ref.part}'"
    sheets = render_all(manifest, digests=digests, answers=common["answers"], verify_command=command)
    for ending, text in sheets.items():
        write_bytes(fresh / f"sheets/{ref.source}/{ref.part}.{ending}", text.encode())
    signer = keys.load_signer(Path(common["key_folder"]))
    signed = certificate.certify_shard(fresh, path, signer)
    write_bytes(fresh / certificate.certificate_path(ref.source, ref.part), signed)
