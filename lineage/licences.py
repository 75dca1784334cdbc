"""What a licence asks of who passes the text on: one table by SPDX id, joined over AND, OR and WITH."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from lineage import packaged

PATH = Path(__file__).parent / "licences.yaml"
UNSTATED = ("NOASSERTION", "NONE", "unknown", "")
Obligation = Literal[
    "attribution",
    "notice",
    "state-changes",
    "share-alike",
    "non-commercial",
    "no-derivatives",
    "no-ai-training",
]
#: What stands for the terms of a licence that the table lacks, or of an expression that cannot be read.
UNREAD = "unread"


@cache
def table() -> dict[str, dict[str, Any]]:
    """Return {duties, family?} by SPDX id, from the table beside this module."""
    return packaged.load(PATH)["licences"]


def terms(spdx: str) -> dict[str, Any] | None:
    """Return what our table says of a licence id: its duties, or None where a person must read the terms."""
    return table().get(spdx)


@cache
def ids(expression: str) -> tuple[str, ...]:
    """Return the licence ids to meet, sorted: of alternatives joined by OR, the one that asks least.

    An expression that cannot be read is returned whole, so that a person looks at it.
    """
    if expression in UNSTATED:
        return ()
    tree = _parsed(expression)
    return (expression,) if tree is None else tuple(sorted(_least(tree)))


def obligations(expression: str) -> tuple[str, ...]:
    """Return what the ids to meet ask together, sorted; `unread` stands for terms that the table lacks."""
    asked = [(terms(one) or {"duties": [UNREAD]})["duties"] for one in ids(expression)]
    return tuple(sorted({duty for duties in asked for duty in duties}))


def refused(
    expression: str, refuse: Collection[str], own: Mapping[str, Iterable[str]] | None = None
) -> tuple[str, ...]:
    """Return which of the obligations in `refuse` cannot be avoided under an expression, sorted; none: it can be met.

    AND unites what its parts ask; of alternatives joined by OR the one that asks fewest of `refuse` counts, which may
    be another one than in `ids`. `own`: obligations by id of licences that the table lacks. Without a licence: none.
    """
    if not refuse or expression in UNSTATED:
        return ()
    tree = _parsed(expression)
    mine = {name.casefold(): frozenset(asked) for name, asked in (own or {}).items()}
    found = {UNREAD} & set(refuse) if tree is None else _met(tree, frozenset(refuse), mine)
    return tuple(sorted(found))


def _met(tree: Any, refuse: frozenset[str], own: Mapping[str, frozenset[str]]) -> set[str]:
    branches = getattr(tree, "args", ())
    if not branches:
        key = _key(tree)
        known = terms(key)
        asked = known["duties"] if known else own.get(key.casefold(), (UNREAD,))
        return refuse & set(asked)
    met = [_met(branch, refuse, own) for branch in branches]
    if _is_or(tree):
        return min(met, key=lambda asked: (len(asked), sorted(asked)))
    return set().union(*met)


def _least(tree: Any) -> set[str]:
    branches = getattr(tree, "args", ())
    if not branches:
        return {_key(tree)}
    met = [_least(branch) for branch in branches]
    return min(met, key=_burden) if _is_or(tree) else set().union(*met)


def _burden(names: set[str]) -> tuple[int, int, list[str]]:
    """Return what makes an alternative worse: terms nobody read, then the number of duties; names break ties."""
    unread = sum(terms(one) is None for one in names)
    return unread, sum(len((terms(one) or {}).get("duties", ())) for one in names), sorted(names)


def _is_or(tree: Any) -> bool:
    return getattr(tree, "operator", "").strip() == "OR"


def _key(symbol: Any) -> str:
    """Return a symbol's SPDX id; WITH keeps what its licence asks."""
    return str(getattr(symbol, "license_symbol", symbol).key)


def _parsed(expression: str) -> Any:
    from license_expression import ExpressionError, ExpressionParseError

    try:
        return _licensing().parse(expression)
    except (ExpressionError, ExpressionParseError):
        return None


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()  # builds its index anew at every call: a third of a second
