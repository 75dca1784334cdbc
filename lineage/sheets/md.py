"""A sheet as Markdown: the same facts in the same order, for a terminal, a diff or a repository page."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from lineage.sheets import safe
from lineage.sheets.model import Sheet, Value
from lineage.sheets.reader import HERE, Reader


def page(sheet: Sheet, read: Reader) -> str:
    """Return the sheet as Markdown; empty lines are folded to one."""
    text = _template().render(sheet=sheet, say=read.say)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def value(v: Value) -> str:
    """Return one value; digests and structures as code."""
    if v.kind in ("digest", "sha256", "json", "id"):
        return safe.code_span(v.text)
    return safe.markdown(v.text)


@cache
def _template() -> Template:
    # every value passes a filter that escapes for Markdown; HTML escaping would show in code spans
    env = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(v=value, md=safe.markdown, code=safe.code_span, lines=safe.lines, clean=safe.visible)
    env.filters.update(kind=lambda block: type(block).__name__)
    return env.get_template("page.md.jinja")
