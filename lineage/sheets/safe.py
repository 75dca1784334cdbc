"""Makes foreign text harmless: control and direction characters become visible, markup is escaped."""

from __future__ import annotations

import re

#: C0 and C1 controls, direction overrides and isolates, zero-width and tag characters, lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#!$<>])")
_LINE_START = re.compile(r"^([^\S\n]*)([-+=]|\d+[.)])", re.MULTILINE)


def visible(text: str) -> str:
    """Return the text with every invisible or direction-changing character shown by its code point."""
    if not _HIDDEN.search(text):
        return text
    return _HIDDEN.sub(_show, text)


def lines(text: str) -> list[str]:
    """Return the lines of a person's text, each made visible; empty lines are dropped."""
    return [visible(line) for line in text.splitlines() if line.strip()]


def markdown(text: str) -> str:
    """Return text that Markdown prints as it stands, in a table cell too."""
    text = (
        _MARKDOWN.sub(r"\\\1", visible(text).replace("&", "&amp;"))
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
    )
    return _LINE_START.sub(r"\1\\\2" if not text[:1].isdigit() else r"\1\2", text).replace(
        "://", ":&#47;&#47;"
    )


def code_span(text: str) -> str:
    """Return a Markdown code span that no backtick or pipe inside can end."""
    text = visible(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _show(match: re.Match[str]) -> str:
    return " " if match[0] in "\t\n\r" else f"[U+{ord(match[0]):04X}]"
