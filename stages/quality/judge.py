"""Policy rules on evidence columns: which rule a document fails first."""

from __future__ import annotations

import polars as pl

from lineage.errors import SettingsError

OPERATORS = ("<", ">")


def judge(evidence: pl.DataFrame, rules: list[dict]) -> pl.Series:
    """Return for each row the id of the first rule it fails, null where it passes all.

    A rule {id, column, op: "<"|">", value, languages: [...]|null} fails a document whose column is below
    (above) the value. A language matches itself and its subtags: `zh` covers zh-Hans. A null fails no rule.
    """
    for rule in rules:
        _check(evidence, rule)
    failed = [pl.when(_applies(rule) & _beyond(rule)).then(pl.lit(rule["id"])) for rule in rules]
    return evidence.select(
        pl.coalesce(*failed, pl.repeat(None, pl.len(), dtype=pl.String)).alias("rule")
    ).to_series()


def _applies(rule: dict) -> pl.Expr:
    languages = rule.get("languages")
    if languages is None:
        return pl.lit(True)
    subtags = pl.any_horizontal(
        *(pl.col("lang").str.starts_with(f"{code}-") for code in languages), pl.lit(False)
    )
    return pl.col("lang").is_in(list(languages)) | subtags


def _beyond(rule: dict) -> pl.Expr:
    column = pl.col(rule["column"]).cast(pl.Float64)
    return column < rule["value"] if rule["op"] == "<" else column > rule["value"]


def _check(evidence: pl.DataFrame, rule: dict) -> None:
    where = f"quality rule {rule.get('id', '(no id)')}"
    missing = [key for key in ("id", "column", "op", "value") if key not in rule]
    if missing:
        raise SettingsError(
            f"the rule lacks {', '.join(missing)}", where=where, cure="add the missing fields"
        )
    if rule["op"] not in OPERATORS:
        raise SettingsError(f"`{rule['op']}` is no operator", where=where, cure="write `<` or `>`")
    if isinstance(rule["value"], bool) or not isinstance(rule["value"], int | float):
        raise SettingsError(
            f"`{rule['value']}` is no number", where=where, cure="write a threshold as a number"
        )
    dtype = evidence.schema.get(rule["column"], pl.String)
    if not (dtype.is_numeric() or dtype == pl.Boolean):
        raise SettingsError(
            f"`{rule['column']}` is no measured column",
            where=where,
            cure="take a column from docs/quality.md",
        )
