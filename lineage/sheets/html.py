"""A sheet as one HTML file that needs nothing else: no script for reading, no font, picture or network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from lineage.sheets import safe, svg
from lineage.sheets.model import Sheet, Value
from lineage.sheets.reader import HERE, Reader

#: A word longer than this may break anywhere; a shorter one stays whole.
LONG = 24


def page(sheet: Sheet, read: Reader) -> str:
    """Return the sheet as an HTML page."""
    return _template().render(sheet=sheet, say=read.say, lang="zh-Hans" if sheet.lang == "zh" else "en")


def value(v: Value) -> Markup:
    """Return one value as an element that names its manifest field and its exact value."""
    text = _text(v)
    if not v.field:
        return (
            Markup(f'<code class="sha">{text}</code>') if v.kind == "sha256" else Markup(f"<bdi>{text}</bdi>")
        )
    attributes = f' data-field="{escape(safe.visible(v.field))}"'
    if v.raw:
        attributes += f' data-value="{escape(safe.visible(v.raw))}"'
    if v.of:
        attributes += f' data-of="{escape(v.of)}"'
    state = f" {escape(v.raw)}" if v.kind in ("status", "grade") and v.raw.replace("_", "").isalpha() else ""
    if v.href:
        return Markup(f'<a class="v {v.kind}" href="{escape(v.href)}"{attributes}>{text}</a>')
    return Markup(f'<data class="v {v.kind}{state}"{attributes} tabindex="0">{text}</data>')


def _text(v: Value) -> Markup:
    """Return the escaped text; a code after its name is set apart, a long word may break."""
    text = safe.visible(v.text)
    code = f" ({v.raw})"
    if v.kind == "code" and text.endswith(code):
        return Markup(f'{escape(text[: -len(code)])} <span class="c">({escape(v.raw)})</span>')
    if v.kind in ("text", "code", "list") and len(text) > LONG and " " not in text:
        return Markup(f'<span class="long">{escape(text)}</span>')
    return escape(text)


def _paragraphs(text: str) -> Markup:
    return Markup("").join(Markup(f"<p>{escape(line)}</p>") for line in safe.lines(text))


@cache
def han_font() -> str:
    """Return the style that carries the Chinese letters of the fixed phrases, for readers without a Chinese font."""
    data = base64.b64encode((HERE / "han.woff2").read_bytes()).decode()
    return f'@font-face {{ font-family: "Hallmark Han"; src: url(data:font/woff2;base64,{data}); }}'


def content_policy(script: str, *styles: str) -> str:
    """Return a policy that admits this script, these styles and a font inside the page, and nothing else."""

    def source(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    admitted = " ".join(source(style) for style in styles)
    return f"default-src 'none'; script-src {source(script)}; style-src {admitted}; font-src data:; base-uri 'none'"


@cache
def _template() -> Template:
    env = environment()
    style, script = packed(HERE / "sheet.css"), packed(HERE / "script.js.txt")
    env.globals.update(
        style=Markup(style), script=Markup(script), policy=content_policy(script, style, han_font())
    )
    env.globals.update(han=Markup(han_font()))
    env.globals.update(bar=svg.bar, stack=svg.stack, whisker=svg.whisker, leaving=_leaving)
    env.filters.update(v=value, paragraphs=_paragraphs, kind=lambda block: type(block).__name__)
    return env.get_template("page.html.jinja")


def environment() -> Environment:
    """Return a new template environment that escapes everything and forgives no unknown name."""
    env = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["clean"] = safe.visible
    return env


def packed(path: Path) -> str:
    """Return a file without indentation and empty lines."""
    text = path.read_text(encoding="utf-8")
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _leaving(leaves: list[tuple[str, str, Value]]) -> list[tuple[str, int]]:
    return [(key, int(docs.raw)) for key, _, docs in leaves]
