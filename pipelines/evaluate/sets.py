"""Labelled sets of a folder: rows, digest and licence, found by sub-folder and by the fields of their rows."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import zstandard

from lineage import canonical
from lineage.errors import InputError
from lineage.evidence import DEVELOPMENT, HELD_OUT

UNKNOWN = "NOASSERTION"


class LabelledSet(NamedTuple):
    """One labelled file; `n` rows of it were used."""

    name: str
    sha256: str
    licence: str
    rows: pl.DataFrame
    standing: str = DEVELOPMENT

    def named(self, n: int) -> dict[str, Any]:
        """Return how an evidence file names the set."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "n": n,
            "licence": self.licence,
            "standing": self.standing,
        }


def sets(eval_dir: Path, sub: str, fields: set[str]) -> Iterator[LabelledSet]:
    """Yield the files of a sub-folder whose rows have all of `fields`, in path order; none there yields none."""
    folder, said = Path(eval_dir) / sub, _manifest(Path(eval_dir))
    if not Path(eval_dir).is_dir():
        raise InputError("no such folder", where=str(eval_dir), cure="name a folder of labelled sets")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        rows = _table(path, raw)
        if rows is not None and fields <= set(rows.columns):
            name = path.relative_to(eval_dir).as_posix()
            licence, standing = said.get(name, (UNKNOWN, DEVELOPMENT))
            yield LabelledSet(name.split(".")[0], hashlib.sha256(raw).hexdigest(), licence, rows, standing)


def made(
    name: str, rows: pl.DataFrame, licence: str = "Apache-2.0", standing: str = DEVELOPMENT
) -> LabelledSet:
    """Return a set that this project wrote itself; its digest is that of its rows."""
    digest = hashlib.sha256(canonical.plain_dumps(rows.to_dicts())).hexdigest()
    return LabelledSet(name, digest, licence, rows, standing)


def _manifest(folder: Path) -> dict[str, tuple[str, str]]:
    """Return file to (licence, standing) from MANIFEST.jsonl, where the folder has one.

    A set is development unless its owner writes `"standing": "held-out"`: that nobody tuned a detector on it.
    """
    path = folder / "MANIFEST.jsonl"
    if not path.is_file():
        return {}
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    found = {
        row["file"]: (str(row.get("licence") or UNKNOWN), str(row.get("standing") or DEVELOPMENT))
        for row in rows
        if "file" in row
    }
    for name, (_, standing) in found.items():
        if standing not in (HELD_OUT, DEVELOPMENT):
            raise InputError(
                f"no such standing: {standing!r}",
                where=f"{path}: {name}",
                cure=f"write {HELD_OUT} or {DEVELOPMENT}",
            )
    return found


def _table(path: Path, raw: bytes) -> pl.DataFrame | None:
    name = path.name
    try:
        if name.endswith(".parquet"):
            return pl.read_parquet(io.BytesIO(raw))
        if name.endswith(".zst"):
            raw, name = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read(), name[:-4]
        elif name.endswith(".gz"):
            raw, name = gzip.decompress(raw), name[:-3]
        if not name.endswith(".jsonl"):
            return None
        return pl.DataFrame(
            [json.loads(line) for line in raw.decode("utf-8").split("\n") if line.strip()],
            infer_schema_length=None,
            strict=False,
        )
    except (ValueError, OSError, pl.exceptions.PolarsError, zstandard.ZstdError) as error:
        raise InputError(
            f"a labelled set cannot be read: {type(error).__name__}",
            where=str(path),
            cure="mend or remove the file",
        ) from None
