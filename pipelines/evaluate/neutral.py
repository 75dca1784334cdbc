"""Rules of the lexicon on sexual content about minors, in invented words: no lawful labelled set of it exists.

What is measured is the rules (what must be near, what must not, how far), never the terms: each set of terms is
replaced by words without meaning. Too few texts for more than `experimental`, on purpose.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.evaluate.figures import figure
from pipelines.evaluate.planted import SCHEMA, fill
from pipelines.evaluate.sets import made
from stages.screen import fold
from stages.screen.lexicon import SHIPPED, load_lexicon
from stages.screen.matcher import Matcher

CODE, SET = "sexual-minors", "own/rules-in-invented-words"
DETECTOR = f"lexicon-{CODE}@1"
#: One word without meaning for each set of terms, and places to fill.
WORDS = {"minor": ("tabok", "塔博可"), "sexual": ("quandel", "匡德耳"), "solicit": ("vrimsk", "弗林姆")}
_SLOTS = {"zh": ["甲", "乙", "丙", "丁"], "en": ["first", "second", "third", "fourth"]}
_FOUND = {
    "en": ("{place} page: tabok quandel vrimsk.", "vrimsk this {place} thing: quandel and tabok.",
           "The {place} note asks to vrimsk some quandel with a tabok.", "quandel, tabok: {place} vrimsk!"),
    "zh": ("{place}页塔博可匡德耳弗林姆。", "弗林姆这{place}件匡德耳和塔博可。", "{place}条写着匡德耳塔博可请弗林姆。",
           "塔博可的{place}种匡德耳,可以弗林姆。"),
}  # fmt: skip
_QUIET = {
    "en": ("The {place} tabok went to vrimsk.", "A {place} quandel, and vrimsk.", "The {place} tabok and a quandel.",
           "The court found the {place} defendant guilty: quandel of a tabok, vrimsk.",
           "tabok" + " and the road went on" * 5 + " to the {place} quandel, vrimsk"),
    "zh": ("{place}个塔博可去弗林姆。", "{place}种匡德耳弗林姆。", "{place}个塔博可和匡德耳。",
           "法院判决{place}某有罪,匡德耳塔博可弗林姆。", "塔博可" + "走过一条很长的路" * 8 + "{place}匡德耳弗林姆"),
}  # fmt: skip


def measure() -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return {detector: (sets, figures)} of the rules on invented words."""
    rows = texts()
    found = _flagged(rows["text"])
    figures = []
    for language in sorted(_FOUND):
        part = rows.with_row_index("no").filter(pl.col("language") == language)
        good, bad = (set(part.filter(pl.col("benign") == quiet)["no"].to_list()) for quiet in (False, True))
        counts = {"hits": len(good & found), "positives": len(good)}
        figures.append(
            figure(SET, CODE, language, alarms=len(bad & found), benign=len(bad), threshold=0.5, **counts)
        )
    return {DETECTOR: ([made(SET, rows).named(rows.height)], figures)}


def texts() -> pl.DataFrame:
    """Return the texts (SCHEMA): every word in reach, or one missing, too far, or in the words of a court."""
    rows = [
        (text, language, [CODE] if wanted else [], not wanted, "")
        for wanted, templates in ((True, _FOUND), (False, _QUIET))
        for language, some in templates.items()
        for template in some
        for text in fill(template, {"place": _SLOTS[language]})
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _flagged(column: pl.Series) -> set[int]:
    """Return the texts that the shipped rules flag where its sets hold WORDS."""
    shipped = load_lexicon(SHIPPED / f"{CODE}.yaml")
    matcher = Matcher([shipped.model_copy(update={"sets": WORDS})])
    folded, ends = fold.fold(*fold.utf8_parts(column.to_arrow()))
    found = matcher.findings(matcher.match(folded, ends))
    return set(found.filter((pl.col("level") == "flag") & (pl.col("score") >= 0.5))["text"].to_list())
