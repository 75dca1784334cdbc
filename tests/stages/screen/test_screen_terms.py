"""Every term is counted, in all its forms, and a term that finds nothing is named as dead."""

from __future__ import annotations

from datetime import date

import polars as pl

from stages.screen import ScreenSettings
from stages.screen.screen import engine
from stages.screen.terms import TERMS, count

PACK = """
lexicon: garden
version: 1
code: A.1-a
languages: [en, zh]
updated: 2026-10-01
source: invented
leet: [tools]
sets: {tools: [violet trowel, hedge, lantern*], flowers: [青石榴花]}
but: [hedge fund]
rules: [{id: any, any: [tools, flowers], level: flag}]
"""


def test_terms_are_counted_in_hits_and_documents_over_all_blocks(tmp_path):
    (tmp_path / "garden.yaml").write_text(PACK, encoding="utf-8")
    settings = ScreenSettings(
        lexicons=(), models=(), cbrn=False, poisoning=False, operator_lexicons=str(tmp_path)
    )
    texts = [
        "A Violet  Trowel and a violet trowel by the hedge.",
        "Lanterns, a h3dg3.",
        "a hedge fund",
        "谢青石榴花",
    ]
    table = count([pl.Series(texts[:2]), pl.Series(texts[2:])], engine(settings).matcher)
    mine = table.filter(pl.col("detector") == "lexicon-garden@1")
    assert {(r[3], r[5], r[6]) for r in mine.rows()} == {
        ("violet trowel", 2, 1),
        ("hedge", 3, 3),
        ("lantern*", 1, 1),
        ("青石榴花", 1, 1),
        ("hedge fund", 1, 1),
    }
    assert dict(table.schema) == TERMS and mine["updated"].unique().to_list() == [date(2026, 10, 1)]
    nothing = count([pl.Series(["plain"])], engine(settings).matcher)
    assert nothing.height == table.height and nothing["hits"].sum() == 0
