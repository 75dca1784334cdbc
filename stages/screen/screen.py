"""The stage: evidence by risk code, computed block by block; no snippet and no position leaves it."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lineage.errors import SettingsError
from stages.file_state import state
from stages.screen import cbrn, classify, embedding, external, fold, markers, poison, secrecy, vectors, works
from stages.screen.corpus_settings import CorpusSettings
from stages.screen.lexicon import SHIPPED, Lexicon, load_folder, load_lexicon
from stages.screen.matcher import FINDING, Matcher
from stages.screen.settings import ScreenSettings
from stages.screen.taxonomy import TAXONOMY

_HIT_FIELDS = ["code", "detector", "level", "score", "n"]
_HITS = pl.List(
    pl.Struct(
        {"code": pl.String, "detector": pl.String, "level": pl.String, "score": pl.Float64, "n": pl.UInt32}
    )
)
CORPUS = "poison-corpus@1"
SHORT_CHARS = 12  # shorter texts hold too little for a classifier


def annotate(docs: pl.DataFrame, settings: ScreenSettings) -> pl.DataFrame:
    """Return SCREEN: the hits of each document, each distinct text screened once; rows as in `docs`."""
    texts = (
        docs.filter(pl.col("text").is_not_null())
        .select("text_sha256", "text")
        .unique("text_sha256", keep="first")
    )
    found = scan(texts["text"], settings)
    hits = found.group_by("text").agg(
        pl.struct(_HIT_FIELDS).sort_by("code", "detector", "level").alias("hits")
    )
    gaps = unscreened(texts["text"], settings)
    by_text = texts.select("text_sha256").with_columns(
        gaps, pl.int_range(pl.len(), dtype=pl.UInt32).alias("text")
    )
    by_text = by_text.join(hits, on="text", how="left").drop("text")
    result = docs.select("row", "doc_id", "text_sha256").join(
        by_text, on="text_sha256", how="left", maintain_order="left"
    )
    return result.select(
        "row",
        "doc_id",
        pl.col("hits").cast(_HITS).fill_null(pl.lit([], dtype=_HITS)),
        pl.col("not_run").fill_null(pl.lit([], dtype=pl.List(pl.String))),
    )


def scan(texts: pl.Series | list[str], settings: ScreenSettings) -> pl.DataFrame:
    """Return findings (text index, code, detector, level, score, n) of texts without nulls, sorted."""
    texts = texts if isinstance(texts, pl.Series) else pl.Series("text", texts, dtype=pl.String)
    if texts.null_count():
        raise ValueError("scan takes texts without nulls")
    loaded = engine(settings)
    frames = [pl.DataFrame(schema=FINDING)]
    for first, last in _blocks(texts, settings.block_mb):
        part = loaded.findings(texts[first:last])
        frames.append(part.with_columns((pl.col("text") + first).cast(pl.UInt32)))
    return pl.concat(frames).sort("text", "code", "detector", "level")


def unscreened(texts: pl.Series, settings: ScreenSettings) -> pl.Series:
    """Return per text the detectors that could not judge it: too short, or a script nobody trained for."""
    detectors = [c.card.detector for c in engine(settings).classifiers]
    lexicons = sorted({lexicon.name for lexicon in engine(settings).lexicons if lexicon.origin == "shipped"})
    frame = pl.DataFrame({"t": texts}).select(
        (pl.col("t").str.len_chars() < SHORT_CHARS).alias("short"),
        (
            pl.col("t").str.count_matches(r"[\p{Han}\p{Latin}]") * 2 < pl.col("t").str.count_matches(r"\p{L}")
        ).alias("foreign"),
    )
    all_names, some = sorted([*detectors, *lexicons]), sorted(detectors)
    kind = pl.List(pl.String)
    return frame.select(
        pl.when("foreign")
        .then(pl.lit(all_names, dtype=kind))
        .when("short")
        .then(pl.lit(some, dtype=kind))
        .otherwise(pl.lit([], dtype=kind))
        .alias("not_run")
    )["not_run"]


def detectors(settings: ScreenSettings) -> list[dict[str, Any]]:
    """Return what runs under these settings, and each risk that no detector covers (`detector` null)."""
    loaded = engine(settings)
    rows = [
        _entry(
            item.name,
            _sha(fold.digest(), _code_digest("matcher.py", "lexicon.py"), item.sha256, loaded.context),
            item.codes,
            item.languages,
        )
        for item in loaded.lexicons
    ]
    if settings.secrecy:
        rows.append(_entry(secrecy.DETECTOR, secrecy.digest(), secrecy.CODES, secrecy.LANGUAGES))
    if settings.markers:
        rows.append(_entry(markers.DETECTOR, markers.digest(), (markers.CODE,), markers.LANGUAGES))
    if settings.poisoning:
        rows.append(_entry(poison.DETECTOR, poison.digest(), poison.CODES, poison.LANGUAGES))
    rows += _corpus(settings.corpus)
    for classifier in loaded.classifiers:
        card = classifier.card
        gates = loaded.context if card.needs or card.unless else ""
        files = ("classify.py", *(("matcher.py",) if gates else ()))
        files += ("linear.py",) if classifier.path.suffix in classify.OWN else ()
        files += ("vectors.py",) if classifier.path.suffix == vectors.SUFFIX else ()
        code = _code_digest(*files)
        ruled = json.dumps([card.codes, card.needs, card.unless, card.script])
        digest = _sha(fold.digest(), code, card.sha256, gates, ruled, str(settings.window_chars))
        rows.append(_entry(card.detector, digest, card.codes, card.languages, dict(card.evidence)))
    rows += [_entry(x.detector, external.digest(x), x.codes, x.languages) for x in settings.external]
    if own := loaded.embedding:
        digest = _sha(own.digest(), str(settings.window_chars))
        rows.append(_entry(own.detector, digest, own.head.codes, own.head.languages))
    digest = _sha(works.code_digest(), loaded.works.sha256 if loaded.works else "")
    named = _entry(works.DETECTOR, digest, (works.CODE,), ())
    rows.append(named if loaded.works else named | {"not_run": "no registry supplied"})
    covered = {code for row in rows for code in row["codes"]}
    for risk in TAXONOMY.annex():
        if risk.code not in covered and risk.detector == "operator":
            rows.append({**_entry(None, None, (risk.code,), ()), "not_run": "no detector supplied"})
    return sorted(rows, key=lambda row: (row["detector"] is None, row["detector"] or "", row["codes"]))


def _corpus(settings: CorpusSettings) -> list[dict[str, Any]]:
    """Return what looks at the whole corpus: the signs that are searched, and those that are switched off."""
    asked = {
        "poison-burst": settings.bursts,
        "poison-revision": bool(settings.before),
        "poison-trigger": settings.triggers,
    }
    digest = _sha(_code_digest("corpus.py"), fold.digest(), settings.model_dump_json(exclude={"before"}))
    on, off = (tuple(c for c, used in asked.items() if used is state) for state in (True, False))
    rows = [_entry(CORPUS, digest, on, ())] if on else []
    silent = _entry(CORPUS, digest, off, ()) | {"not_run": "switched off"}
    return rows + ([silent] if off else [])


class Engine:
    """The detectors of one settings block, loaded and compiled."""

    def __init__(self, settings: ScreenSettings) -> None:
        self.settings = settings
        self.lexicons = _lexicons(settings)
        self.context = load_lexicon(SHIPPED / "context.yaml").sha256
        self.matcher = Matcher(self.lexicons)
        self.classifiers = [classify.load(path, origin) for path, origin in _models(settings)]
        self.embedding = embedding.Embedding(settings.embedding) if settings.embedding else None
        self.works = works.load(settings.works) if settings.works else None

    def findings(self, texts: pl.Series) -> pl.DataFrame:
        """Return the merged findings of one block; `text` counts from 0 in the block."""
        data, offsets = fold.utf8_parts(texts.to_arrow())
        folded, ends = fold.fold(data, offsets)
        matches = self.matcher.match(folded, ends)
        frames = [self.matcher.findings(matches)]
        if self.classifiers:
            frames.append(
                classify.find(
                    folded,
                    ends,
                    self.classifiers,
                    self.settings.window_chars,
                    self.settings.classifier_floor,
                    lambda names, borders: self.matcher.hold(matches, names, borders),
                )
            )
        if self.settings.secrecy:
            frames.append(secrecy.find(texts))
        if self.settings.markers:
            frames.append(markers.find(texts))
        if self.settings.poisoning:
            frames.append(poison.find(data, offsets))
        frames += [external.find(texts, own) for own in self.settings.external]
        if self.embedding:
            own = self.settings.window_chars, self.settings.classifier_floor
            frames.append(self.embedding.find(texts, *own))
        frames += [works.find(texts, self.works)] if self.works else []
        return pl.concat([frame.select(list(FINDING)).cast(FINDING) for frame in frames])


def engine(settings: ScreenSettings) -> Engine:
    """Return the compiled detectors of a settings block, kept for the next call while the operator's files stay."""
    return _engine(
        settings,
        state(settings.operator_lexicons, settings.operator_models, settings.works, settings.embedding),
    )


@lru_cache(maxsize=4)
def _engine(settings: ScreenSettings, files: tuple[tuple[str, int, int], ...]) -> Engine:
    return Engine(settings)


def _lexicons(settings: ScreenSettings) -> list[Lexicon]:
    known = sorted(
        p.stem for p in SHIPPED.glob("*.yaml") if p.stem != "context" and not p.stem.startswith("cbrn-")
    )
    for name in settings.lexicons:
        if name not in known:
            raise SettingsError(
                f"no shipped lexicon {name!r}",
                where="screen.lexicons",
                cure=f"choose from: {', '.join(known)}",
            )
    found = [load_lexicon(SHIPPED / f"{name}.yaml") for name in settings.lexicons]
    found += cbrn.lexicons() if settings.cbrn else []
    found += [load_lexicon(SHIPPED / "injection.yaml")] if settings.poisoning else []
    found += load_folder(settings.operator_lexicons) if settings.operator_lexicons else []
    names = [lexicon.lexicon for lexicon in found]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(
                f"two lexicons are named {name!r}", where="screen.lexicons", cure="rename one"
            )
    return found


def _models(settings: ScreenSettings) -> list[tuple[Path, str]]:
    left = [*([] if settings.cbrn else ["cbrn-"]), *(["semantic-"] if settings.embedding else [])]
    names = [name for name in settings.models if not name.startswith(tuple(left))]
    paths = [(classify.shipped_path(name), "shipped") for name in names]
    if settings.operator_models:
        found = sorted(p for p in Path(settings.operator_models).glob("*") if p.suffix in classify.SUFFIXES)
        if not found:
            raise SettingsError(
                "no model (*.bin, *.ftz, *.lin, *.vec) in this folder",
                where=settings.operator_models,
                cure="set screen.operator_models to '' or fill it",
            )
        paths += [(path, "operator") for path in found]
    return paths


def _blocks(texts: pl.Series, block_mb: float) -> list[tuple[int, int]]:
    """Return [first, last) ranges of about `block_mb` each."""
    if not len(texts):
        return []
    number = (texts.str.len_bytes().cast(pl.Int64).cum_sum().to_numpy() - 1) // int(block_mb * 1_000_000)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(number)) + 1, [len(texts)]))
    return list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))


def _entry(
    name: str | None, sha256: str | None, codes: Any, languages: Any, evidence: Any = None
) -> dict[str, Any]:
    return {
        "detector": name,
        "sha256": sha256,
        "codes": sorted(codes),
        "languages": list(languages),
        "evidence": evidence,
    }


@lru_cache
def _code_digest(*files: str) -> str:
    here = Path(__file__).parent
    return _sha(*(hashlib.sha256((here / name).read_bytes()).hexdigest() for name in files))


def _sha(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
