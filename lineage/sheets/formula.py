"""A small formula over a manifest: which fields a printed number comes from.

A formula is a list of JSON pointers joined by spaces and added up; a leading `-` subtracts, a leading `#`
counts the entries of a list. In a path `*` stands for every entry and `7:` for those from the eighth on.
Characters that would be ambiguous are percent-encoded, as in the URI form of a JSON pointer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = Any
_ABSENT = object()


def token(key: str | int) -> str:
    """Return one key as a pointer token: `~`, `/`, `%`, space, `*` and `:` escaped."""
    text = str(key)
    if text.isalnum():
        return text
    text = text.replace("~", "~0").replace("/", "~1")
    for mark, code in (("%", "%25"), (" ", "%20"), ("*", "%2A"), (":", "%3A")):
        text = text.replace(mark, code)
    return text


def get(manifest: Json, pointer: str) -> Json:
    """Return the value at one plain pointer, None where the manifest has no such field."""
    found = next(_walk(manifest, _keys(pointer)), _ABSENT)
    return None if found is _ABSENT else found


def total(manifest: Json, formula: str) -> int | float:
    """Return the value of a formula; an absent or null field adds nothing."""
    result: int | float = 0
    for term in formula.split():
        sign = -1 if term[0] == "-" else 1
        count = term.lstrip("-")[0] == "#"
        for value in _walk(manifest, _keys(term.lstrip("-#"))):
            result += sign * (len(value) if count else value or 0)
    return result


def _keys(pointer: str) -> list[str]:
    return pointer.split("/")[1:]


def _walk(node: Json, keys: list[str]) -> Iterator[Json]:
    for depth, key in enumerate(keys):
        if isinstance(node, list):
            if key == "*" or key.endswith(":"):
                for entry in node[0 if key == "*" else int(key[:-1]) :]:
                    yield from _walk(entry, keys[depth + 1 :])
                return
            node = node[int(key)] if key.isdigit() and int(key) < len(node) else _ABSENT
        elif isinstance(node, dict) and key == "*":
            for entry in node.values():
                yield from _walk(entry, keys[depth + 1 :])
            return
        elif isinstance(node, dict):
            node = node.get(_plain(key), _ABSENT)
        else:
            node = _ABSENT
        if node is _ABSENT:
            return
    yield node


def _plain(key: str) -> str:
    if "~" not in key and "%" not in key:
        return key
    for mark, code in ((":", "%3A"), ("*", "%2A"), (" ", "%20"), ("%", "%25")):
        key = key.replace(code, mark)
    return key.replace("~1", "/").replace("~0", "~")
