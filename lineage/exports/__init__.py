"""Exports: a release in the forms that others ask for; pure functions of manifests, lineage and answers.

`write_all` makes what belongs inside a release. What only an inspector gets is made by `lineage.exports.china` and
packed by `lineage.exports.pack`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineage.exports.facts import Release

__all__ = ["Release", "write_all"]


def write_all(
    staging: Path, manifest: dict[str, Any], manifests: list[dict[str, Any]], answers: dict[str, Any] | None
) -> dict[str, bytes]:
    """Return every export that belongs inside a release as path to bytes; equal inputs give equal bytes.

    `staging` holds the shards that `manifest` lists; `manifests` are the shard manifests; `answers` is datasheet.yaml
    as read (None: nobody answered anything). Raises SettingsError for an unusable answer.
    """
    from lineage.exports import (
        california,
        china,
        clauses,
        croissant,
        crosswalk,
        cyclonedx,
        eu,
        openlineage,
        rights,
    )
    from lineage.exports.facts import json_bytes

    release = Release.of(staging, manifest, manifests, answers)
    files = {
        croissant.PATH: json_bytes(croissant.croissant(release)),
        cyclonedx.PATH: json_bytes(cyclonedx.cyclonedx(release)),
        openlineage.PATH: openlineage.openlineage(release),
        rights.PATH: rights.attribution(release).markdown(),
        eu.PATH: eu.eu_summary(release).markdown(),
        california.PATH: california.california(release).markdown(),
        china.REPORT: china.corpora(release).markdown(),
        china.PROOFS: china.proofs(release).markdown(),
        **{path: clauses.clause_table(release, lang).markdown() for lang, path in clauses.PATHS.items()},
        **{crosswalk.PATH.format(lang=x): crosswalk.crosswalk(release, x).markdown() for x in ("zh", "en")},
    }
    return dict(sorted(files.items()))
