"""Which sealed certificates a removal has overtaken: a part that lost documents since, or all of them.

The removal ledger revokes what held a document when somebody asked. Documents also leave without a request (retention
that ended, content found later, near copies met by signature), so every seal notes its parts, and the next release
revokes the certificates of those that lost documents for such a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from lineage import certificate
from lineage.digests import sha256_bytes
from pipelines import parts
from pipelines.project import read_json
from pipelines.removal.denial import ERASED
from pipelines.sealing import seals

REASON = "documents-removed"


def parts_of(release: Path, manifests: Iterable[Mapping[str, Any]] | None = None) -> dict[str, list[Any]]:
    """Return {source/part: [certificate id, digest of the keyed ids that left for good, or null]} of a release.

    `manifests`: the shard manifests, where they are at hand. A part is read only if its manifest counts such documents.
    """
    listed = manifests if manifests is not None else _manifests(release)
    return {
        f"{m['source']['id']}/{m['part']}": [
            _certificate(release, m["source"]["id"], m["part"]),
            _gone(release, m),
        ]
        for m in listed
    }


def superseded(history: Path, version: str, now: Mapping[str, list[Any]]) -> list[dict[str, str]]:
    """Return {certificate, reason} of sealed parts, and of their releases, that lost documents since; sorted.

    `now`: the parts of the release that is built, by `parts_of`. What an earlier release revoked so stays revoked.
    """
    found = seals.records(history)
    own = next((r["seq"] for r in found if r["version"] == version), len(found) + 1)
    revoked: set[str] = set()
    for record in (r for r in found if r["seq"] < own):
        revoked |= set(record.get("superseded", ()))
        lost = {
            old
            for name, (old, before) in record.get("parts", {}).items()
            if name in now and now[name][1] and now[name][1] != before and now[name][0] != old
        }
        revoked |= lost | ({record["certificate"]["id"]} if lost else set())
    revoked -= {here for here, _ in now.values()}  # a part whose documents came back is the same part again
    return [{"certificate": c, "reason": REASON} for c in sorted(revoked)]


def merged(rows: Iterable[Mapping[str, str]], more: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return revocations of two origins, once each; the reason of the first counts."""
    found = {r["certificate"]: dict(r) for r in [*more, *rows]}
    return [found[c] for c in sorted(found)]


def _manifests(release: Path) -> list[dict[str, Any]]:
    return [read_json(path) for path in sorted((release / "meta" / "shards").glob("*/*.json"))]


def _certificate(release: Path, source: str, part: str) -> str:
    return certificate.certificate_id((release / certificate.certificate_path(source, part)).read_bytes())


def _gone(release: Path, manifest: Mapping[str, Any]) -> str | None:
    if not any(r["reason"] in ERASED for r in manifest["reasons"]):
        return None
    table = parts.read_part(release / manifest["lineage"]["path"], ["reason", "keyed_id"])
    ids = table.filter(pl.col("reason").is_in(list(ERASED)))["keyed_id"].drop_nulls().sort()
    return sha256_bytes(b"".join(ids)) if len(ids) else None
