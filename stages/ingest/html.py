"""Web pages: encoding, label, refusals and main text.

Main text is found by blocks: long blocks with sentences and few links are text, menus are short or full of
links, and short blocks follow their neighbours.
"""

from __future__ import annotations

import html
import re
from typing import Any, NamedTuple

from stages.ingest.encoding import accepted, bom_length, detect, transform_of
from stages.ingest.settings import IngestSettings

# fmt: off
#: Elements whose content is never text.
_SILENT = frozenset({
    "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "select", "textarea",
    "button", "head", "math",
})
#: Elements around a page's text.
_AROUND = frozenset({"nav", "footer", "aside", "form", "menu", "dialog"})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "time", "tt", "u", "var", "wbr", "img",
})
# fmt: on
#: A declaration is looked for over 2,000 characters: to the end of the text, many unclosed ones would cost its square.
_TOKEN = re.compile(
    r"<!--|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)(?P<rest>(?:\"[^\"]*+\"|'[^']*+'|[^'\"<>]++)*+)>|<[!?][^>]{0,2000}+>"
)
_META = re.compile(r"<meta\b[^<>]*+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?<![a-zA-Z:-])([a-zA-Z:-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
_CHARSET = re.compile(rb"charset\s*+=\s*+[\"']?\s*+([a-zA-Z0-9_-]++)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*+>([^<]*+)", re.IGNORECASE)
_XMP = re.compile(r"<TC260:AIGC>([^<]*+)|TC260:AIGC=[\"']([^\"']*+)", re.IGNORECASE)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SENTENCE = re.compile(r"[.!?。!?;;…]")
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")

_CODECS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5"),
    **dict.fromkeys(("windows-1252", "cp1252", "iso-8859-1", "latin1", "iso-8859-15"), "cp1252"),
}


class Page(NamedTuple):
    """A page's main text (None with the reason), title, label as found, refusals, transforms."""

    text: str | None
    error: str | None = None
    title: str | None = None
    label: Any = None
    refusals: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()


class _Block(NamedTuple):
    text: str
    linked: float  # share of the characters inside links
    heading: bool
    around: bool


def page_of(data: bytes, content_type: str, settings: IngestSettings) -> Page:
    """Return the page that some bytes are; a type that is not text, or no text, gives no-main-text."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind and not (kind.startswith("text/") or "html" in kind or "xml" in kind):
        return Page(None, "not-a-page")
    codec = _codec(data, content_type, settings)
    if codec is None:
        return Page(None, "bad-encoding")
    source = data[bom_length(data) :].decode(codec, "replace" if codec == "utf-8" else "strict")
    changed = transform_of(codec, bom=bom_length(data) > 0)
    if "\ufffd" in source and b"\xef\xbf\xbd" not in data:
        changed += ("undecodable-replaced",)
    if "html" not in kind and "xml" not in kind and not _TOKEN.search(source[:4096]):
        return Page(source, None, transforms=changed)
    return parse(source, changed)


def parse(source: str, transforms: tuple[str, ...] = ()) -> Page:
    """Return the page of an HTML text."""
    label, refusals = _meta(source)
    title = _TITLE.search(source)
    name = _SPACE.sub(" ", html.unescape(title.group(1))).strip() if title else None
    text = main_text(_blocks(source))
    changed = (*transforms, "html-main-text")
    return Page(text or None, None if text else "no-main-text", name or None, label, refusals, changed)


def _codec(data: bytes, content_type: str, settings: IngestSettings) -> str | None:
    """Return the codec: by byte order mark, else as declared if that is true, else by detection."""
    if data.isascii():
        return "utf-8"
    declared = _CHARSET.search(content_type.encode()) or _CHARSET.search(data[:4096])
    codec = _CODECS.get(declared.group(1).decode().lower(), "") if declared and not bom_length(data) else ""
    if codec and accepted(codec, settings):
        try:
            data.decode(codec)
            return codec
        except UnicodeDecodeError:
            pass
    found = detect(data, settings)
    if found not in (None, "utf-8"):
        try:
            data[bom_length(data) :].decode(found or "")
        except UnicodeDecodeError:
            return None
    return found


def _meta(source: str) -> tuple[Any, tuple[str, ...]]:
    """Return the AI-content label in meta elements or XMP, and what the page says against mining."""
    label: Any = None
    refusals: set[str] = set()
    for match in _META.finditer(source):
        pairs = {m.group(1).lower(): html.unescape(m.group(2) or m.group(3) or m.group(4) or "")
                 for m in _ATTRIBUTE.finditer(match.group())}  # fmt: skip
        name, content = pairs.get("name", pairs.get("property", "")).lower(), pairs.get("content", "")
        if name == "aigc":
            label = content
        elif name == "robots":
            refusals |= {word.strip() for word in content.lower().split(",")} & {"noai", "noimageai"}
        elif name == "tdm-reservation" and content.strip() == "1":
            refusals.add("tdm-reservation")
    xmp = _XMP.search(source) if label is None else None
    if xmp:
        label = html.unescape(xmp.group(1) or xmp.group(2) or "")
    return label, tuple(sorted(refusals))


def _blocks(source: str) -> list[_Block]:
    """Cut a page into blocks of text between block elements: one pass over its tags."""
    blocks: list[_Block] = []
    pieces: list[str] = []
    links: list[int] = []
    anchor = around = pre = 0
    heading, at = False, 0
    closed = _Ends(source)

    def add(text: str) -> None:
        text = html.unescape(text)
        pieces.append(text if pre else _SPACE.sub(" ", text))
        if anchor:
            links.append(len(text.strip()))

    def flush() -> None:
        text = "".join(pieces).strip("\n") if pre else "".join(pieces).strip()
        if text.strip():
            blocks.append(_Block(text, min(1.0, sum(links) / len(text)), heading, around > 0))
        pieces.clear()
        links.clear()

    last = (
        source.rfind(">") + 1
    )  # behind it nothing is a tag, and looking for one costs a walk to the end each
    while match := _TOKEN.search(source, at, last):
        if match.start() > at:
            add(source[at : match.start()])
        at = match.end()
        name = (match.group("name") or "").lower()
        closing = bool(match.group("close"))
        if match.group() == "<!--":
            at = closed.after("-->", at)
        elif name in _SILENT and not closing:
            at = closed.after(name, at)
        elif name == "a":
            anchor = 0 if closing else 1
        elif name == "br":
            pieces.append("\n")
        elif name and name not in _INLINE:
            flush()
            if name in _AROUND:
                around = max(0, around + (-1 if closing else 1))
            if name == "pre":
                pre = 0 if closing else 1
            heading = name in ("h1", "h2", "h3", "h4", "h5", "h6") and not closing
    add(source[at:])
    flush()
    return blocks


class _Ends:
    """Where silent elements and comments of a page end; what is nowhere closed is looked for once only."""

    def __init__(self, source: str) -> None:
        self._source, self._open = source, set[str]()

    def after(self, name: str, at: int) -> int:
        """Return the place behind the end of the element `name`, or of a comment; `at` where it is never closed."""
        if name in self._open:
            return at
        mark = re.escape(name) if name == "-->" else rf"</{name}\s*+>"
        end = re.compile(mark, re.IGNORECASE).search(self._source, at)
        if end is None:
            self._open.add(name)
        return end.end() if end else at


def main_text(blocks: list[_Block]) -> str:
    """Return the blocks that are text, joined by newlines."""
    kinds = [_kind(block) for block in blocks]
    keep = [kind == "good" for kind in kinds]
    if not any(keep):
        near = [block.text for block, kind in zip(blocks, kinds, strict=True) if kind == "near"]
        return "\n".join(near)
    before = _nearest(keep)
    after = [len(keep) - 1 - at if at >= 0 else -1 for at in reversed(_nearest(keep[::-1]))]
    for at, kind in enumerate(kinds):
        if kind in ("near", "short"):
            keep[at] = _follows(at, before[at], after[at], kind, blocks[at].heading)
    return "\n".join(block.text for block, kept in zip(blocks, keep, strict=True) if kept)


def _nearest(keep: list[bool]) -> list[int]:
    """Return, for each block, the last kept one before it; -1 for none."""
    out, last = [], -1
    for at, kept in enumerate(keep):
        out.append(last)
        last = at if kept else last
    return out


def _follows(at: int, before: int, after: int, kind: str, heading: bool) -> bool:
    """Tell whether a short block belongs to the text around it."""
    reach = 3 if kind == "near" else 1
    near_before = before >= 0 and at - before <= reach
    near_after = after >= 0 and after - at <= reach
    leads = heading and after >= 0 and after - at <= 3
    return leads or (near_before and near_after) or (kind == "near" and near_before)


def _kind(block: _Block) -> str:
    weight = len(block.text) + 1.5 * len(_CJK.findall(block.text))
    if block.around or block.linked > 0.4:
        return "bad"
    if weight < 40:
        return "short"
    sentences = len(_SENTENCE.findall(block.text))
    return "good" if weight >= 120 and sentences else "near"
