"""The page and its two files, read once; the words of both languages travel inside the page as data."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from ruamel.yaml import YAML

HERE = Path(__file__).parent
_FILES = {
    "/desk.js": ("desk.js.txt", "text/javascript; charset=utf-8"),
    "/desk.css": ("desk.css", "text/css; charset=utf-8"),
}


def page(csrf: str) -> bytes:
    """Return the page; `csrf` is the secret that its requests carry."""
    words = json.dumps(messages(), ensure_ascii=False)
    return _template().render(csrf=csrf, words=words).encode("utf-8")


@lru_cache(maxsize=4)
def asset(path: str) -> tuple[bytes, str] | None:
    """Return (content, media type) of a file the page loads; None if there is none of this name."""
    if path not in _FILES:
        return None
    name, kind = _FILES[path]
    return (HERE / name).read_bytes(), kind


@lru_cache(maxsize=1)
def messages() -> dict[str, dict[str, str]]:
    """Return {id: {zh, en}} of every word on the page."""
    return YAML(typ="safe", pure=True).load((HERE / "messages.yaml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string((HERE / "page.html.jinja").read_text(encoding="utf-8"))
