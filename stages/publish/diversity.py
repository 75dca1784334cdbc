"""Fairness and diversity of one part: the counts of `stages.screen.fairness`, with the policy's view of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import polars as pl

from stages.decide.policy import Policy, ScreenRule
from stages.decide.rules import screen_rows
from stages.screen import TAXONOMY
from stages.screen.fairness import DISCRIMINATION, part_facts


def fairness_facts(tables: Mapping[str, pl.DataFrame], policy: Policy, jurisdiction: str) -> dict[str, Any]:
    """Return the fairness counts of one part: who is named, beside which evidence, what filtering took.

    `tables`: ingest (with text), quality, screen and decide of the part. A document counts as unfair where a rule of
    the policy, acting or flagging, fires on a hit of a discrimination code: scores that no rule asks for are no
    evidence.
    """
    screen, rules = _discrimination(tables["screen"], policy)
    rows = [screen_rows(rule, screen).select("row") for rule in rules]
    unfair = pl.concat(rows)["row"].unique() if rows else pl.Series(dtype=pl.UInt32)
    frame = (
        tables["ingest"]
        .select("row", "source", "text", "date")
        .with_columns(
            tables["quality"]["lang"],
            tables["decide"]["disposition"],
            unfair=pl.col("row").is_in(unfair.implode()),
        )
    )
    return part_facts(frame, jurisdiction=jurisdiction, evidence=[rule.id for rule in rules])


def _discrimination(screen: pl.DataFrame, policy: Policy) -> tuple[pl.DataFrame, list[ScreenRule]]:
    """Return SCREEN with discrimination hits alone, and the rules that can fire on such a code."""
    codes = [r.code for r in TAXONOMY.risks if _matches(r.code, DISCRIMINATION)]
    own = pl.element().filter(pl.element().struct.field("code").is_in(codes))
    rules = [
        r for r in policy.rules if isinstance(r, ScreenRule) and any(_matches(c, r.codes) for c in codes)
    ]
    return screen.select("row", pl.col("hits").list.eval(own)), rules


def _matches(code: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(code, pattern) for pattern in patterns)
