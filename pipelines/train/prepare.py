"""Build each model's examples: labelled sets and seeds, folded and prepared as the stage will see them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import polars as pl
import zstandard

from lineage.errors import SettingsError
from pipelines.train.seeds import BENIGN, SCHEMA, SEEDS, expand
from stages.screen import classify, fold

_COLD_CODES = {"race": "A.2-a", "region": "A.2-d", "gender": "A.2-e"}


def examples(name: str, labels: Path | None) -> pl.DataFrame:
    """Return the examples of one model (SCHEMA), raw text; SettingsError where a labelled set is missing."""
    own = SEEDS / f"{name.replace('-topic-', '-')}.yaml"
    seeds = expand(own) if own.exists() else pl.DataFrame(schema=SCHEMA)
    language = name.rpartition("-")[2]
    harm = expand(SEEDS / f"harm-{language}.yaml")
    benign = harm.filter(pl.col("labels").list.contains(BENIGN))
    if name.startswith("semantic-"):
        posts = cold(_find(labels, "zh_cold")) if language == "zh" else davidson(_find(labels, "en_davidson"))
        return pl.concat([harm, posts]).unique("text", keep="first", maintain_order=True)
    if name == "discrimination-zh":
        return pl.concat([cold(_find(labels, "zh_cold")), benign])
    if name == "hate-en":
        return pl.concat([davidson(_find(labels, "en_davidson")), benign])
    if name.endswith("-zh"):
        other = thinned(cold(_find(labels, "zh_cold")))
    else:
        other = davidson(_find(labels, "en_davidson")).filter(pl.col("origin") == "davidson-neither")
    other = other.filter(pl.col("labels").list.contains(BENIGN))
    if name.startswith("harm"):
        return pl.concat([seeds, other])
    return pl.concat([seeds, thinned(other), harm_as_benign(thinned(harm))])


def thinned(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a fifth of the rows, by digest of the text, so that few seeds are not drowned by many posts."""
    return frame.filter(pl.col("text").map_elements(_fifth, return_dtype=pl.Boolean))


def harm_as_benign(harm: pl.DataFrame) -> pl.DataFrame:
    """Return harm examples as benign ones of another model, so that it learns its own subject; none of CBRN."""
    harm = harm.filter(~pl.col("labels").list.eval(pl.element().str.starts_with("cbrn")).list.any())
    return harm.with_columns(pl.lit([BENIGN], dtype=pl.List(pl.String)).alias("labels"))


def cold(path: Path) -> pl.DataFrame:
    """Return COLDataset rows: `discrimination` with the topic's code, or benign; its dev part is the test split."""
    frame = _read(path)
    topic = pl.col("native").str.split("/").list.first()
    code = topic.replace_strict(_COLD_CODES, default="A.2-i")
    return frame.select(
        "text",
        pl.when(pl.col("label") == 1)
        .then(pl.concat_list(pl.lit("discrimination"), code))
        .otherwise(pl.lit([BENIGN], dtype=pl.List(pl.String)))
        .alias("labels"),
        pl.when(pl.col("id").str.starts_with("cold-dev"))
        .then(pl.lit("test"))
        .otherwise(_hashed("id"))
        .alias("split"),
        pl.lit("cold").alias("origin"),
    )


def davidson(path: Path) -> pl.DataFrame:
    """Return tweets: `hate`, or benign (offensive words alone are not hate); one fifth by id is the test split."""
    frame = _read(path).with_columns(pl.col("text").str.replace_all("@USER", "", literal=True))
    return frame.select(
        "text",
        pl.when(pl.col("native") == "hate")
        .then(pl.lit(["hate"], dtype=pl.List(pl.String)))
        .otherwise(pl.lit([BENIGN], dtype=pl.List(pl.String)))
        .alias("labels"),
        _hashed("id", test=51).alias("split"),
        (pl.lit("davidson-") + pl.col("native")).alias("origin"),
    )


def prepared(texts: pl.Series) -> list[str]:
    """Return the texts in the form the classifiers read, one line each."""
    folded, ends = fold.fold(*fold.utf8_parts(texts.to_arrow()))
    pieces, docs, _, _ = classify.windows_of(folded, ends, 1_000_000)
    lines = [""] * len(texts)
    for piece, doc in zip(pieces, docs.tolist(), strict=True):
        lines[doc] = piece.strip()
    return lines


def _hashed(column: str, test: int = 0) -> pl.Expr:
    def one(value: str) -> str:
        byte = hashlib.sha256(value.encode()).digest()[0]
        return "test" if byte < test else ("calibrate" if byte < test + 26 else "train")

    return pl.col(column).map_elements(one, return_dtype=pl.String)


def _fifth(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] < 51


def _find(labels: Path | None, stem: str) -> Path:
    found = sorted((labels / "prohibited").glob(f"{stem}*")) if labels else []
    if not found:
        raise SettingsError(
            f"labelled set {stem}* is missing",
            where=str(labels or "labels_dir"),
            cure="set HALLMARK_LABELS to the folder that holds prohibited/",
        )
    return found[0]


def _read(path: Path) -> pl.DataFrame:
    raw = path.read_bytes()
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    return pl.read_ndjson(io.BytesIO(raw), infer_schema_length=None)
