"""A paper of headings, paragraphs, lists and tables: one content, written as Markdown or as .docx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lineage.sheets import safe


@dataclass
class Paper:
    """Blocks in order: ("h", level, text), ("p", text), ("list", items), ("table", heads, rows)."""

    title: str
    blocks: list[tuple[Any, ...]] = field(default_factory=list)

    def head(self, text: str, level: int = 2) -> Paper:
        """Add a heading."""
        self.blocks.append(("h", level, text))
        return self

    def say(self, *texts: str) -> Paper:
        """Add paragraphs."""
        self.blocks += [("p", text) for text in texts]
        return self

    def points(self, items: Sequence[str]) -> Paper:
        """Add a list."""
        if items:
            self.blocks.append(("list", list(items)))
        return self

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Paper:
        """Add a table; values print as text."""
        cells = [[_text(v) for v in row] for row in rows]
        self.blocks.append(("table", list(heads), cells))
        return self

    def markdown(self) -> bytes:
        """Return the paper as Markdown; foreign text cannot become markup."""
        out = [f"# {safe.markdown(self.title)}", ""]
        for kind, *what in self.blocks:
            out += _MARKDOWN[kind](*what)
        return ("\n".join(out).rstrip() + "\n").encode()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _paragraph(text: str) -> list[str]:
    return [safe.markdown(text), ""]


def _heading(level: int, text: str) -> list[str]:
    return [f"{'#' * level} {safe.markdown(text)}", ""]


def _list(items: list[str]) -> list[str]:
    return [f"- {_cell(item)}" for item in items] + [""]


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(map(_cell, heads)) + " |", "|" + " --- |" * len(heads)]
    return lines + ["| " + " | ".join(map(_cell, row)) + " |" for row in rows] + [""]


def _cell(text: str) -> str:
    return safe.markdown(" ".join(text.split()))


_MARKDOWN = {"h": _heading, "p": _paragraph, "list": _list, "table": _table}
