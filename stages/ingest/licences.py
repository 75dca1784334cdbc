"""What a licence asks of whoever publishes the data: a table by SPDX id, joined over an expression."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

TABLE = Path(__file__).parent / "licences.tsv"
KINDS = ("attribution", "share-alike", "non-commercial", "no-derivatives", "ai-training")


@lru_cache(maxsize=1)
def table() -> dict[str, dict[str, str]]:
    """Return obligations by SPDX id: {kind: yes | no | unstated | refused}, from the table beside this module."""
    lines = [x.split("\t") for x in TABLE.read_text(encoding="utf-8").splitlines() if x and x[0] != "#"]
    head, *rows = lines
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


@lru_cache(maxsize=4096)
def obligations(expression: str) -> dict[str, Any]:
    """Return what an SPDX expression asks: {kind: yes|no|unknown}, `ai-training` and the ids not in the table.

    AND joins what its parts ask. OR leaves the choice to the publisher: an obligation is `yes` where every choice
    has it. Of an id that the table lacks, of LicenseRef, NOASSERTION and NONE nothing is known: `unknown`.
    """
    from license_expression import get_spdx_licensing

    if expression in ("", "NOASSERTION", "NONE"):
        return dict.fromkeys(KINDS, "unknown") | {"unknown": [expression or "NOASSERTION"]}
    try:
        tree = get_spdx_licensing().parse(expression, validate=False)
    except Exception:  # the package raises errors of several libraries for a broken expression
        return dict.fromkeys(KINDS, "unknown") | {"unknown": [expression]}
    found = _joined(tree)
    missing = sorted({_id(symbol) for symbol in tree.symbols} - set(table()))
    return found | {"unknown": missing}


def _joined(node: Any) -> dict[str, str]:
    children = getattr(node, "args", ())
    if not children:
        key = getattr(
            getattr(node, "license_symbol", node), "key", ""
        )  # WITH keeps its licence's obligations
        return table().get(key) or dict.fromkeys(KINDS, "unknown")
    rows = [_joined(child) for child in children]
    ranks = _WORST if type(node).__name__ == "AND" else _WORST[::-1]
    return {kind: min((row[kind] for row in rows), key=ranks.index) for kind in KINDS}


def _id(symbol: Any) -> str:
    """Return a symbol's SPDX id; WITH keeps what its licence asks."""
    return str(getattr(symbol, "license_symbol", symbol).key)


#: From most to least binding: AND takes the first that occurs, OR (the publisher's choice) the last.
_WORST = ("refused", "yes", "unknown", "unstated", "no")


def licence_counts(licences: pl.Series) -> list[dict[str, Any]]:
    """Return [{spdx, docs, obligations}] of a column of expressions, most frequent first, then by name."""
    counts = licences.fill_null("NOASSERTION").value_counts(name="docs")
    rows = counts.sort(["docs", counts.columns[0]], descending=[True, False]).rows()
    return [{"spdx": spdx, "docs": docs, "obligations": obligations(spdx)} for spdx, docs in rows]
