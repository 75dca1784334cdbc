"""An index over all shards of a release: search and sort in the browser, from a file, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import Template
from markupsafe import Markup

from lineage.sheets import safe
from lineage.sheets.build import SHARD
from lineage.sheets.glance import grade
from lineage.sheets.html import content_policy, environment, packed
from lineage.sheets.reader import HERE, Reader

#: Columns of the index: text first, then figures; the order of the fields of a row.
WORDS = ("source", "part", "licence", "grade")
FIGURES = ("in", "published", "removed", "quarantined", "unreadable")


def site(manifests: Iterable[dict[str, Any]], *, lang: Literal["zh", "en"], title: str) -> str:
    """Return `sheets/index.<lang>.html` for the shard manifests of a release, sorted by source and part.

    The page works from `file://`; it holds one row per shard as data and draws a hundred at a time.
    """
    rows = sorted((_row(m, lang) for m in manifests if m.get("schema") == SHARD), key=lambda row: row[:2])
    read = Reader({}, lang)
    heads = [read.say(f"col.{name}") for name in WORDS + FIGURES]
    return _template().render(
        lang="zh-Hans" if lang == "zh" else "en",
        other="en" if lang == "zh" else "zh",
        sheet_lang=lang,
        say=read.say,
        title=safe.visible(title),
        heads=heads,
        words=len(WORDS),
        total=f"{len(rows):,}",
        data=_data(rows),
    )


def _row(manifest: dict[str, Any], lang: str) -> list[Any]:
    """Return source, part, licence, grade, five figures, and the address of the sheet."""
    source, flow = manifest["source"], manifest["flow"]
    allowed = grade(Reader(manifest, lang))[0]
    href = f"{quote(source['id'], safe='')}/{quote(manifest['part'], safe='')}.{lang}.html"
    words = [
        safe.visible(str(w))
        for w in (source["id"], manifest["part"], source.get("licence") or "", allowed.text)
    ]
    out = [flow[name] for name in ("removed", "quarantined", "unreadable")]
    return [*words, flow["in"], flow["kept"] + flow["redacted"], *out, href]


def _data(rows: list[list[Any]]) -> Markup:
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@cache
def _template() -> Template:
    env = environment()
    style, script = packed(HERE / "sheet.css"), packed(HERE / "site.js.txt")
    env.globals.update(style=Markup(style), script=Markup(script), policy=content_policy(script, style))
    return env.get_template("site.html.jinja")
