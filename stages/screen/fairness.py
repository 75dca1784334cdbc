"""Fairness and diversity of a corpus: who is written about, beside which evidence, from where, and what filtering took.

`part_facts(frame, ...)` gives counts of one part, which add up; `release_facts(parts)` adds them and derives shares.
Word tables are neutral and versioned (`fairness.yaml`); no text and no document id leaves this module.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from ruamel.yaml import YAML

from stages.screen import fold
from stages.screen.lexicon import Lexicon
from stages.screen.matcher import Matcher

ATTRIBUTES = ("ethnicity", "belief", "nationality", "region", "gender", "age", "occupation", "health")
DISCRIMINATION = r"^(A\.2-|A\.1-e$|hate$|discrimination$)"
LEFT = ("removed", "quarantined")
DOMESTIC = "CN"
_FILE = Path(__file__).with_name("fairness.yaml")


def mentions(texts: pl.Series) -> pl.DataFrame:
    """Return (text, attribute, group, n): how often each text (no nulls) names each group."""
    matcher, names = _matcher()
    folded, ends = fold.fold(*fold.utf8_parts(texts.to_arrow()))
    matches = matcher.match(folded, ends)
    schema = {"text": pl.UInt32, "attribute": pl.String, "group": pl.String, "n": pl.UInt32}
    frames = [pl.DataFrame(schema=schema)]
    for attribute, group in names:
        places = matcher.positions(matches, [f"fairness.{attribute}/{group}"])
        rows = pl.DataFrame({"text": matches.doc[places]}).group_by("text").agg(pl.len().alias("n"))
        fixed = rows.with_columns(attribute=pl.lit(attribute), group=pl.lit(group))
        frames.append(fixed.select(list(schema)).cast(schema))
    return pl.concat(frames).sort("text", "attribute", "group")


def part_facts(frame: pl.DataFrame, *, jurisdiction: str, threshold: float = 0.5) -> dict[str, Any]:
    """Return the counts of one part: groups among kept documents, dates, and outcomes by language and group.

    `frame` has source, text (null: unreadable), lang, disposition, hits (as SCREEN) and date, one row per document;
    `jurisdiction` is that of its source. Evidence of discrimination is a hit at or over `threshold`.
    """
    docs = frame.with_row_index("text_no").filter(pl.col("text").is_not_null())
    numbers = docs["text_no"].to_list()
    found = mentions(docs["text"]).with_columns(
        pl.col("text").replace_strict(dict(enumerate(numbers)), return_dtype=pl.UInt32).alias("text_no")
    )
    hit = pl.element().struct.field("code").str.contains(DISCRIMINATION) & (
        pl.element().struct.field("score") >= threshold
    )
    flags = docs.select(
        "text_no", "lang", "disposition", unfair=pl.col("hits").list.eval(hit).list.any().fill_null(False)
    )
    joined = found.join(flags, on="text_no")
    kept = flags.filter(~pl.col("disposition").is_in(LEFT))
    return {
        "table": {"version": _content()["version"], "sha256": digest()},
        "docs": kept.height,
        "unfair": int(kept["unfair"].sum()),
        "groups": _groups(joined),
        "outcomes": _outcomes(frame),
        "jurisdictions": {jurisdiction: kept.height},
        "sources": {str(source): n for source, n in docs.join(kept.select("text_no"), on="text_no")
                    .group_by("source").len().sort("source").iter_rows()},
        "years": _years(docs.join(kept.select("text_no"), on="text_no")["date"]),
    }  # fmt: skip


def release_facts(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a sheet prints: representation and co-occurrence, diversity, and what filtering took away."""
    parts = list(parts)
    total = {key: _add(part[key] for part in parts) for key in ("jurisdictions", "sources", "years")}
    docs, unfair = sum(p["docs"] for p in parts), sum(p["unfair"] for p in parts)
    groups = _add_rows((row for p in parts for row in p["groups"]), ("attribute", "group", "lang"))
    for row in groups:
        row["share"] = _ratio(row["kept"], docs)
        row["unfair_share"] = _ratio(row["kept_unfair"], row["kept"])
        row["lift"] = _ratio(row["kept_unfair"] * docs, row["kept"] * unfair)
        row["loss"] = _ratio(row["left"], row["left"] + row["kept"])
    outcomes = _add_rows((row for p in parts for row in p["outcomes"]), ("source", "lang"))
    overall = _ratio(sum(r["left"] for r in outcomes), sum(r["docs"] for r in outcomes))
    for row in outcomes:
        row["loss"] = _ratio(row["left"], row["docs"])
        row["against_all"] = round(row["loss"] - overall, 4) if row["loss"] is not None else None
    known = sum(n for year, n in total["years"].items() if year != "unknown")
    return {
        "table": parts[0]["table"] if parts else None,
        "docs": docs,
        "discrimination": {"docs": unfair, "share": _ratio(unfair, docs)},
        "groups": groups,
        "balance": _balance(groups),
        "filtering": {"loss": overall, "rows": outcomes},
        "diversity": {
            "sources": len(total["sources"]),
            "effective_sources": effective(total["sources"].values()),
            "domestic": _ratio(total["jurisdictions"].get(DOMESTIC, 0), docs),
            "foreign": _ratio(docs - total["jurisdictions"].get(DOMESTIC, 0), docs),
            "years": dict(sorted(total["years"].items())),
            "dated": _ratio(known, docs),
            "median_year": _median(total["years"]),
        },
    }


def effective(counts: Iterable[int]) -> float:
    """Return the effective number of sources: exp of the Shannon entropy of their shares (Hill number of order 1)."""
    sizes = [n for n in counts if n > 0]
    whole = sum(sizes)
    if not whole:
        return 0.0
    return round(math.exp(-sum(n / whole * math.log(n / whole) for n in sizes)), 4)


def digest() -> str:
    """Return the sha256 of the word tables."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()


def _groups(joined: pl.DataFrame) -> list[dict[str, Any]]:
    left = pl.col("disposition").is_in(LEFT)
    rows = joined.group_by("attribute", "group", "lang").agg(
        (~left).sum().alias("kept"),
        (~left & pl.col("unfair")).sum().alias("kept_unfair"),
        left.sum().alias("left"),
        pl.col("n").filter(~left).sum().alias("mentions"),
    )
    return rows.sort("attribute", "group", "lang").to_dicts()


def _outcomes(frame: pl.DataFrame) -> list[dict[str, Any]]:
    rows = frame.group_by("source", pl.col("lang").fill_null("und")).agg(
        pl.len().alias("docs"), pl.col("disposition").is_in(LEFT).sum().alias("left")
    )
    return rows.sort("source", "lang").to_dicts()


def _balance(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return per attribute how evenly its groups are named: 1 is even, towards 0 one group alone."""
    rows = []
    for attribute in ATTRIBUTES:
        sizes: Counter[str] = Counter()
        for row in groups:
            if row["attribute"] == attribute:
                sizes[row["group"]] += row["kept"]
        possible = len(_content()["attributes"][attribute])
        rows.append(
            {
                "attribute": attribute,
                "docs_with_groups": sum(sizes.values()),
                "groups_named": len([n for n in sizes.values() if n]),
                "groups": possible,
                "evenness": round(effective(sizes.values()) / possible, 4),
            }
        )
    return rows


def _years(dates: pl.Series) -> dict[str, int]:
    years = dates.str.extract(r"^(\d{4})", 1).fill_null("unknown")
    return {str(year): n for year, n in years.value_counts().sort(years.name).iter_rows()}


def _median(years: Mapping[str, int]) -> int | None:
    known = sorted((int(year), n) for year, n in years.items() if year != "unknown")
    half, seen = sum(n for _, n in known) / 2, 0
    for year, n in known:
        seen += n
        if seen >= half:
            return year
    return None


def _add(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


def _add_rows(rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    total: dict[tuple[str, ...], Counter[str]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        total.setdefault(key, Counter()).update({k: v for k, v in row.items() if k not in keys})
    return [dict(zip(keys, key, strict=True)) | dict(total[key]) for key in sorted(total)]


def _ratio(a: float, b: float) -> float | None:
    return round(a / b, 4) if b else None


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(_FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _matcher() -> tuple[Matcher, list[tuple[str, str]]]:
    """Return the compiled tables, and the pairs (attribute, group) in order."""
    content = _content()
    sets = {
        f"{attribute}/{group}": tuple(terms)
        for attribute, groups in content["attributes"].items()
        for group, terms in groups.items()
    }
    lexicon = Lexicon(
        lexicon="fairness", version=content["version"], code="fairness", languages=("zh", "en"),
        updated=content["updated"], source="written for this project", sets=sets, rules=(),
    )  # fmt: skip
    return Matcher([lexicon]), [tuple(name.split("/", 1)) for name in sets]
