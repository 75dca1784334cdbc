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
#: Codes whose hits are evidence of discrimination, as patterns.
DISCRIMINATION = ("A.2-*", "A.1-e", "hate", "discrimination")
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
        places = matcher.free(matches, "fairness", places)
        rows = pl.DataFrame({"text": matches.doc[places]}).group_by("text").agg(pl.len().alias("n"))
        fixed = rows.with_columns(attribute=pl.lit(attribute), group=pl.lit(group))
        frames.append(fixed.select(list(schema)).cast(schema))
    return pl.concat(frames).sort("text", "attribute", "group")


def part_facts(frame: pl.DataFrame, *, jurisdiction: str, evidence: Iterable[str] = ()) -> dict[str, Any]:
    """Return the counts of one part: groups among kept documents, dates, and outcomes by language and group.

    `frame` has source, text (null: unreadable), lang, disposition, unfair (bool: evidence of discrimination counts
    against it) and date, one row per document; `jurisdiction` is that of its source. `evidence` names the rules that
    made `unfair`; without any, co-occurrence was not measured.
    """
    docs = frame.with_row_index("text_no").filter(pl.col("text").is_not_null())
    found = mentions(docs["text"])
    found = found.with_columns(text_no=docs["text_no"].gather(found["text"]))
    flags = docs.select("text_no", pl.col("lang").fill_null("und"), "disposition", "unfair")
    live = docs.filter(~pl.col("disposition").is_in(LEFT))
    return {
        "table": {"version": _content()["version"], "sha256": digest()},
        "evidence": sorted(evidence),
        "docs": live.height,
        "unfair": int(live["unfair"].sum()),
        "groups": _groups(found.join(flags, on="text_no")),
        "outcomes": _outcomes(frame),
        "jurisdictions": {jurisdiction: live.height},
        "sources": {str(s): n for s, n in live.group_by("source").len().sort("source").iter_rows()},
        "years": _years(live["date"]),
    }


def release_facts(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a sheet prints: representation and co-occurrence, diversity, and what filtering took away."""
    parts = list(parts)
    docs, unfair = sum(p["docs"] for p in parts), sum(p["unfair"] for p in parts)
    measured = sorted({rule for p in parts for rule in p["evidence"]})
    groups = _add_rows((row for p in parts for row in p["groups"]), ("attribute", "group", "lang"))
    outcomes = _add_rows((row for p in parts for row in p["outcomes"]), ("source", "lang"))
    overall = _ratio(sum(r["left"] for r in outcomes), sum(r["docs"] for r in outcomes))
    for row in groups:
        row["share"] = _ratio(row["kept"], docs)
        row["loss"] = _ratio(row["left"], row["left"] + row["kept"])
        if measured:
            row["unfair_share"] = _ratio(row["kept_unfair"], row["kept"])
            row["lift"] = _ratio(row["kept_unfair"] * docs, row["kept"] * unfair)
        else:
            row |= dict.fromkeys(("kept_unfair", "unfair_share", "lift"))
    for row in outcomes:
        row["loss"] = _ratio(row["left"], row["docs"])
        row["against_all"] = _less(row["loss"], overall)
    return {
        "table": parts[0]["table"] if parts else None,
        "docs": docs,
        "discrimination": {
            "evidence": measured,
            "docs": unfair if measured else None,
            "share": _ratio(unfair, docs) if measured else None,
        },
        "attributes": _attributes(groups, docs, bool(measured)),
        "groups": groups,
        "filtering": {"loss": overall, "rows": outcomes, "groups": _by_group(groups, overall)},
        "diversity": _diversity(parts, docs),
    }


def _diversity(parts: list[Mapping[str, Any]], docs: int) -> dict[str, Any]:
    total = {key: _add(part[key] for part in parts) for key in ("jurisdictions", "sources", "years")}
    known = sum(n for year, n in total["years"].items() if year != "unknown")
    return {
        "sources": len(total["sources"]),
        "effective_sources": effective(total["sources"].values()),
        "jurisdictions": total["jurisdictions"],
        "domestic": _ratio(total["jurisdictions"].get(DOMESTIC, 0), docs),
        "foreign": _ratio(docs - total["jurisdictions"].get(DOMESTIC, 0), docs),
        "years": total["years"],
        "dated": _ratio(known, docs),
        "median_year": _median(total["years"]),
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


def _attributes(groups: list[dict[str, Any]], docs: int, measured: bool) -> list[dict[str, Any]]:
    """Return per attribute who is named how often, and how evenly: 1 is even, towards 0 one group alone.

    `docs_with_groups` counts a document once for each group that it names.
    """
    rows = []
    for attribute in ATTRIBUTES:
        own = [row for row in groups if row["attribute"] == attribute]
        sizes: Counter[str] = Counter()
        for row in own:
            sizes[row["group"]] += row["kept"]
        possible = len(_content()["attributes"][attribute])
        rows.append(
            {
                "attribute": attribute,
                "docs_with_groups": sum(sizes.values()),
                "mentions": sum(row["mentions"] for row in own),
                "unfair": sum(row["kept_unfair"] for row in own) if measured else None,
                "left": sum(row["left"] for row in own),
                "per_doc": _ratio(sum(sizes.values()), docs),
                "groups_named": len([n for n in sizes.values() if n]),
                "groups": possible,
                "evenness": round(effective(sizes.values()) / possible, 4),
            }
        )
    return rows


def _by_group(groups: list[dict[str, Any]], overall: float | None) -> list[dict[str, Any]]:
    """Return per group, over all languages, the share of its documents that filtering took."""
    rows = _add_rows(
        ({k: row[k] for k in ("attribute", "group", "kept", "left")} for row in groups),
        ("attribute", "group"),
    )
    for row in rows:
        row["loss"] = _ratio(row["left"], row["left"] + row["kept"])
        row["against_all"] = _less(row["loss"], overall)
    return rows


def _less(a: float | None, b: float | None) -> float | None:
    return round(a - b, 4) if a is not None and b is not None else None


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
        but=tuple(content["shields"]),
    )  # fmt: skip
    return Matcher([lexicon]), [tuple(name.split("/", 1)) for name in sets]
