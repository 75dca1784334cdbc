"""The stage: one row of evidence per document, computed once per distinct text, and what runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from lineage.records import STATUS_OK
from stages.quality import characters
from stages.quality.counts import Limits, count
from stages.quality.evidence import measure
from stages.quality.language import identify
from stages.quality.model import describe, model_path
from stages.quality.rules import DTYPES
from stages.quality.score import quality_score
from stages.quality.settings import QualitySettings

#: the whole result of `annotate`: QUALITY_FIXED, then the columns of RULES
EVIDENCE: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "doc_id": pl.Binary(),
    "lang": pl.String(),
    "lang_score": pl.Float64(),
    "quality_score": pl.Float64(),
    **DTYPES,
}


def annotate(docs: pl.DataFrame, settings: QualitySettings) -> pl.DataFrame:
    """Return one row of evidence (`EVIDENCE`) per document; an unreadable one has lang `und` and nulls."""
    readable = (pl.col("status") == STATUS_OK) & pl.col("text").is_not_null()
    distinct = docs.filter(readable).select("text", "text_sha256")
    distinct = distinct.unique("text_sha256", keep="first", maintain_order=True)
    texts = distinct["text"]
    counts = count(texts, Limits(settings.short_line, settings.repetition_tokens))
    found = (
        pl.concat([identify(texts, counts, settings), measure(texts, counts, settings)], how="horizontal")
        .with_columns(pl.col("lang_score").round(4), quality_score())
        .with_columns(distinct["text_sha256"])
    )
    keys = docs.select("row", "doc_id", text_sha256=pl.when(readable).then("text_sha256"))
    joined = keys.join(found, on="text_sha256", how="left", maintain_order="left")
    return joined.with_columns(pl.col("lang").fill_null("und")).select(
        pl.col(name).cast(dtype) for name, dtype in EVIDENCE.items()
    )


def detectors(settings: QualitySettings) -> list[dict]:
    """Return what runs under these settings: script rule, heuristics and, if there is one, the model."""
    path = model_path(settings.lid_model)
    digest = _digest(settings)
    found = [
        {"detector": "script-rule@1", "sha256": digest, "codes": ["lang"], "languages": [], "evidence": None},
        {"detector": "form@1", "sha256": digest, "codes": list(DTYPES), "languages": [], "evidence": None},
    ]
    if path is not None:
        facts = describe(path, packaged=settings.lid_model == "packaged")
        model = {"codes": ["lang"], "languages": [], "evidence": None}
        found.append({"detector": f"{facts.pop('name')}@1", **facts, **model})
    return found


def _digest(settings: QualitySettings) -> str:
    """Return the SHA-256 of all that can change a finding but the model: character classes, code, settings."""
    everything = hashlib.sha256(characters.table().tobytes())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        everything.update(source.read_bytes())
    everything.update(settings.model_dump_json(exclude={"lid_model"}).encode())
    return everything.hexdigest()
