"""An index over all shards of one release or of several: search and sort in the browser, from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from jinja2 import Template
from markupsafe import Markup

from lineage.sheets import safe
from lineage.sheets.build import SHARD
from lineage.sheets.glance import grade
from lineage.sheets.html import content_policy, environment, han_font, packed
from lineage.sheets.reader import HERE, Reader

#: Columns of the index: text first, then figures; the order of the fields of a row.
WORDS = ("source", "part", "licence", "grade")
FIGURES = ("in", "published", "removed", "quarantined", "unreadable")


class Shelf(NamedTuple):
    """One release on an index of several: its title, version, shard manifests and where its sheets lie."""

    title: dict[str, str]
    version: str
    manifests: Iterable[dict[str, Any]]
    sheets: str  # address of its folder `sheets/` from the index, percent-encoded, ending in a slash


def site(manifests: Iterable[dict[str, Any]], *, lang: Literal["zh", "en"], title: str) -> str:
    """Return `sheets/index.<lang>.html` for the shard manifests of a release, sorted by source and part.

    The page works from `file://`; it holds one row per shard as data and draws a hundred at a time.
    """
    rows = [_row(m, lang) for m in manifests if m.get("schema") == SHARD]
    return _page(rows, lang, title, WORDS)


def site_of_releases(shelves: Iterable[Shelf], *, lang: Literal["zh", "en"]) -> str:
    """Return an index over the shards of several releases, each row with its release and version."""
    rows = []
    for shelf in shelves:
        named = safe.visible(f"{shelf.title.get(lang) or ''} {shelf.version}".strip())
        for manifest in shelf.manifests:
            row = _row(manifest, lang, shelf.sheets)
            rows.append([*row[: len(WORDS)], named, *row[len(WORDS) :]])
    return _page(rows, lang, Reader({}, lang).say("site.all"), (*WORDS, "release"), up=False)


def _page(rows: list[list[Any]], lang: str, title: str, words: tuple[str, ...], *, up: bool = True) -> str:
    read = Reader({}, lang)
    rows = sorted(rows, key=lambda row: row[: len(words)])
    return _template().render(
        lang="zh-Hans" if lang == "zh" else "en",
        other="en" if lang == "zh" else "zh",
        sheet_lang=lang,
        say=read.say,
        title=safe.visible(title),
        heads=[read.say(f"col.{name}") for name in words + FIGURES],
        words=len(words),
        total=f"{len(rows):,}",
        data=_data(rows),
        up=up,
    )


def _row(manifest: dict[str, Any], lang: str, at: str = "") -> list[Any]:
    """Return source, part, licence, grade, five figures, and the address of the sheet."""
    source, flow = manifest["source"], manifest["flow"]
    allowed = grade(Reader(manifest, lang))[0]
    href = f"{at}{quote(source['id'], safe='')}/{quote(manifest['part'], safe='')}.{lang}.html"
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
    env.globals.update(
        style=Markup(style), script=Markup(script), policy=content_policy(script, style, han_font())
    )
    env.globals.update(han=Markup(han_font()))
    return env.get_template("site.html.jinja")
