"""Figures of the screen's detectors: labelled texts from others, our held-back seeds, and planted markings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.evaluate import neutral, planted, poisoned, sets
from pipelines.evaluate.figures import figure, points
from stages import screen
from stages.screen import works
from stages.screen.screen import CORPUS, engine
from stages.screen.settings import ScreenSettings

#: Rows that shipped classifiers were trained on, by the ids of the two open sets: only the split held back counts.
HELD_BACK = {
    "cold-": lambda id_: id_.startswith("cold-dev"),
    "dav-": lambda id_: hashlib.sha256(id_.encode()).digest()[0] < 51,
}
_DOMAINS = {"bio": ["cbrn", "cbrn-biological"], "chem": ["cbrn", "cbrn-chemical"]}
_LEVELS = "^(flag|context|restricted|marking|exam-paper)$"
_LEXICON_THRESHOLD = 0.5
_MENTIONED = ("poison-encoded",)  # evidence for a reader, never a flag: measured at the level it has
COLUMNS = ("text", "language", "codes", "benign", "subset")


def measure(
    found: list[dict[str, Any]], eval_dir: Path, settings: ScreenSettings
) -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return {detector: (sets, figures)} of the screen's detectors named in `found`."""
    settings = settings.model_copy(update={"classifier_floor": 0.0})
    thresholds = _thresholds(settings)
    result: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    labelled_sets = all_sets(eval_dir)
    single = [d for d in found if d["detector"] not in (CORPUS, works.DETECTOR)]
    for labelled in labelled_sets if single else []:
        rows = labelled.rows.with_row_index("no")
        hits = screen.scan(rows["text"], settings)
        for detector in single:
            own = hits.filter(pl.col("detector") == detector["detector"])
            figures = _figures(labelled.name, detector, rows, own, thresholds)
            if figures:
                used = sum(rows["language"].is_in(_languages(detector, rows)))
                listed, all_figures = result.setdefault(detector["detector"], ([], []))
                listed.append(labelled.named(used))
                all_figures.extend(figures)
    whole = poisoned.measure(labelled_sets, settings.corpus) if _named(found, CORPUS) else {}
    ruled = neutral.measure() if _named(found, neutral.DETECTOR) else {}
    for name, (listed, figures) in [*whole.items(), *ruled.items()]:
        given, known = result.setdefault(name, ([], []))
        given.extend(listed)
        known.extend(figures)
    return {name: pair for name, pair in result.items() if any(r["recall"] for r in pair[1])}


def all_sets(eval_dir: Path) -> list[sets.LabelledSet]:
    """Return every set in one form (COLUMNS): those of the folder, the held-back seeds, the planted ones."""
    given = [
        s._replace(rows=common(s.rows))
        for sub in ("prohibited", "cbrn")
        for s in sets.sets(eval_dir, sub, {"text", "label"})
    ]
    if not given:
        return []
    benign = pl.concat([s.rows.filter("benign") for s in given]).filter(pl.col("subset") != "question")
    return [*given, *planted.seeds(), *planted.markings(), *planted.hatred(), *planted.poison(benign)]


def common(rows: pl.DataFrame) -> pl.DataFrame:
    """Return COLUMNS: text, language, risk codes it is an example of, whether it is benign, subset.

    Codes come from `tc260`, `family`, `native` (`hate`) and `domain`; requests and questions also count as `harm`.
    """
    if "id" in rows.columns:
        rows = rows.filter(pl.Series([_held_back(str(i)) for i in rows["id"]], dtype=pl.Boolean))
    column = {name: rows[name].to_list() if name in rows.columns else [None] * rows.height for name in _READ}
    hateful = "hate" in column["native"]
    codes = [
        _codes(dict(zip(_READ, row, strict=True)), hateful) for row in zip(*column.values(), strict=True)
    ]
    subset = [s or (f"{d}/{f}" if d and f else "") for s, d, f in zip(
        column["subset"], column["domain"], column["form"], strict=True)]  # fmt: skip
    return pl.DataFrame(
        {
            "text": rows["text"],
            "language": [(x or _script(t))[:2] for x, t in zip(column["lang"], rows["text"], strict=True)],
            "codes": pl.Series(codes, dtype=pl.List(pl.String)),
            "benign": rows["label"] == 0,
            "subset": subset,
        }
    )


_READ = ("label", "tc260", "family", "native", "kind", "domain", "form", "subset", "lang")


def _codes(row: dict[str, Any], hateful: bool) -> list[str]:
    if not row["label"]:
        return []
    codes = {f"{c[:2]}-{c[2:]}".replace("A", "A.", 1) for c in row["tc260"] or () if len(c) == 3}
    if hateful:
        return ["hate"] if row["native"] == "hate" else ["~profanity"]
    if "A2" in (row["family"] or ()):
        codes.add("discrimination")
    codes |= set(_DOMAINS.get(row["domain"] or "", ()))
    if row["kind"] in ("question", "instruction", "jailbreak-wrapped question"):
        codes.add("harm")
    return sorted(codes)


def _figures(
    name: str, detector: dict[str, Any], rows: pl.DataFrame, found: pl.DataFrame, thresholds: dict
) -> list[dict[str, Any]]:
    figures = []
    for code in detector["codes"]:
        threshold = thresholds.get((detector["detector"], code), _LEXICON_THRESHOLD)
        own = found.filter(pl.col("code") == code)
        levels = {"flag": (own.filter(pl.col("level").str.contains(_LEVELS)), threshold)}
        named = code.startswith("cbrn-") and (detector["detector"], code) not in thresholds  # no classifier
        if code in _MENTIONED or named:
            levels["mention"] = own, 0.0
        for level, (hits, least) in levels.items():
            best = hits.group_by("text").agg(pl.col("score").max())
            scores = dict(zip(best["text"].to_list(), best["score"].to_list(), strict=True))
            for language in _languages(detector, rows):
                part = rows.filter(pl.col("language") == language)
                shared = {"level": level, "threshold": least}
                figures += _of_code(name, code, language, part, scores, shared)
    return figures


def _of_code(
    name: str, code: str, language: str, rows: pl.DataFrame, scores: dict[int, float], shared: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return recall against what the set calls benign, or false alarms by subset where it holds no positive."""
    holds = rows["codes"].list.contains(code)
    positives = set(rows.filter(holds)["no"].to_list())
    other = (
        pl.col("benign") | pl.col("codes").list.contains("~profanity") if code == "hate" else pl.col("benign")
    )
    benign = rows.filter(other)
    flagged = {text for text, score in scores.items() if score >= shared["threshold"]}
    if positives:
        quiet = set(benign["no"].to_list())
        counts = {"hits": len(positives & flagged), "positives": len(positives), "benign": len(quiet)}
        curve = points(_scored(positives, scores), _scored(quiet, scores)) if _curved(shared) else None
        return [figure(name, code, language, alarms=len(quiet & flagged), curve=curve, **counts, **shared)]
    return [
        figure(name, code, language, hits=0, positives=0, alarms=len(part & flagged), benign=len(part),
               subset=str(subset), curve=points(_scored(set(), scores), _scored(part, scores))
               if part & set(scores) and _curved(shared) else None, **shared)
        for (subset,), group in sorted(benign.group_by("subset"))
        if (part := set(group["no"].to_list()))
    ]  # fmt: skip


def _scored(items: set[int], scores: dict[int, float]) -> np.ndarray:
    return np.array([scores.get(item, 0.0) for item in sorted(items)])


def _curved(shared: dict[str, Any]) -> bool:
    return bool(shared["level"] != "mention")


def _thresholds(settings: ScreenSettings) -> dict[tuple[str, str], float]:
    """Return the score from which each classifier's code counts, as its card says."""
    own = engine(settings).embedding
    extra = {(own.detector, code): score for code, score in own.head.thresholds.items()} if own else {}
    return extra | {
        (c.card.detector, code): (c.card.evidence or {}).get("thresholds", {}).get(code, c.card.threshold)
        for c in engine(settings).classifiers
        for code in c.card.codes
    }


def _languages(detector: dict[str, Any], rows: pl.DataFrame) -> list[str]:
    present = sorted(set(rows["language"].to_list()))
    return present if "*" in detector["languages"] else [x for x in present if x in detector["languages"]]


def _named(found: list[dict[str, Any]], name: str) -> bool:
    return any(d["detector"] == name for d in found)


def _held_back(id_: str) -> bool:
    return all(rule(id_) for prefix, rule in HELD_BACK.items() if id_.startswith(prefix))


def _script(text: str) -> str:
    return "zh" if any("一" <= c <= "鿿" for c in text[:200]) else "en"
