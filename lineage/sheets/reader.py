"""Reads values out of a manifest in one language; every value it returns knows where it comes from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from lineage import packaged
from lineage.reasons import BY_SLUG
from lineage.sheets import formula
from lineage.sheets.model import Column, Value

HERE = Path(__file__).parent


@cache
def catalogue(name: str) -> dict[str, Any]:
    """Return a packaged word list (`messages`, `questions` or `names`), keys to {zh, en}."""
    return packaged.load(HERE / f"{name}.yaml")


class Reader:
    """A manifest with a language; the methods print its fields."""

    def __init__(self, manifest: dict[str, Any], lang: str) -> None:
        self.manifest, self.lang = manifest, lang
        self._words = catalogue("messages")
        self._names = catalogue("names")

    def say(self, key: str, **fill: str) -> str:
        """Return a fixed phrase; a missing key is a bug and raises KeyError."""
        text = self._words[key][self.lang]
        return text.format(**fill) if fill else text

    def name(self, group: str, code: str) -> str:
        """Return the name of a code in a group of the catalogue, empty where it has none."""
        if group == "reason":
            known = BY_SLUG.get(code)
            return getattr(known, self.lang) if known else ""
        entry = self._names[group].get(code)
        return entry[self.lang] if entry else ""

    def get(self, pointer: str) -> Any:
        """Return the plain value of a field, None where absent."""
        return formula.get(self.manifest, pointer)

    def entries(self, pointer: str) -> list[Any]:
        """Return a list field, empty where absent or null."""
        return self.get(pointer) or []

    def int(self, field: str) -> Value:
        """Print a whole number: one field or a formula; a single field that is null was not counted."""
        if " " not in field and "*" not in field and self.get(field) is None and field[0] == "/":
            return self.any(field, absent="uncounted")
        value = formula.total(self.manifest, field)
        return Value(f"{value:,}", field, "int", str(value))

    def share(self, field: str, of: str) -> Value:
        """Print one formula as per cent of another; a dash where there is nothing to divide by."""
        part, whole = formula.total(self.manifest, field), formula.total(self.manifest, of)
        if not whole:
            return Value("–", field, "share", "", of)
        return Value(percent(part / whole), field, "share", f"{part / whole:.6f}", of)

    def bytes(self, field: str) -> Value:
        """Print a size in binary units; the exact number stays in `raw`."""
        size = formula.total(self.manifest, field)
        return Value(binary(size), field, "bytes", str(size))

    def any(self, pointer: str, absent: str = "absent") -> Value:
        """Print a field of unknown type; null or absent reads as the phrase `absent`."""
        value = self.get(pointer)
        if value is None or value == "" or value == [] or value == {}:
            return Value(self.say(absent), pointer, "absent")
        if isinstance(value, bool):
            return Value(self.say("yes" if value else "no"), pointer, "code", str(value).lower())
        if isinstance(value, (int, float)):
            return Value(number(value), pointer, "number", str(value))
        if isinstance(value, str):
            return Value(value, pointer, "text")
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return Value(", ".join(value), pointer, "list")
        if isinstance(value, dict) and set(value) == {"from", "to"} and all(map(_plain, value.values())):
            return Value(f"{value['from']} – {value['to']}", f"{pointer}/from {pointer}/to", "span")
        if isinstance(value, dict) and self.lang in value and set(value) <= {"zh", "en"}:
            return Value(str(value[self.lang]), f"{pointer}/{self.lang}", "text")
        compact = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))
        return Value(compact, pointer, "json", compact)

    def digest(self, pointer: str) -> Value:
        """Print a digest as lower-case hex."""
        value = self.any(pointer)
        return value._replace(kind="digest") if value.kind == "text" else value

    def code(self, pointer: str, group: str, *, bare: bool = True) -> Value:
        """Print a code with its name in the reader's language; `bare=False` prints the name alone."""
        value = self.get(pointer)
        if not isinstance(value, str) or not value:
            return self.any(pointer)
        name = self.name(group, value)
        text = (
            f"{name} ({value})"
            if name and bare and name.lower().replace(" ", "-") != value.lower()
            else name or value
        )
        return Value(text, pointer, "code", value)

    def status(self, pointer: str) -> Value:
        """Print a gate's status: pass, fail, warn, not_run or waived; anything else as found."""
        return self.code(pointer, "status", bare=False)._replace(kind="status")

    def columns(self, *names: str) -> tuple[Column, ...]:
        """Return table heads by name; a trailing `#` marks a column of figures."""
        return tuple(Column(self.say(f"col.{name.rstrip('#')}"), name.endswith("#")) for name in names)

    def present(self, at: str, *names: str) -> tuple[str, ...]:
        """Return those of the names that the manifest has below a pointer."""
        found = self.get(at) if at else self.manifest
        return tuple(name for name in names if isinstance(found, dict) and name in found)

    def pairs(self, at: str, *names: str) -> list[tuple[str, list[Value]]]:
        """Return fields below a pointer with their names, each printed after its kind."""
        return [(self.name("field", name) or name, [self._field(at, name)]) for name in names]

    def _field(self, at: str, name: str) -> Value:
        pointer = f"{at}/{formula.token(name)}"
        if name == "bytes":
            return self.bytes(pointer)
        if name == "class":
            return self.code(pointer, "class")
        if name.endswith(("sha256", "_root")):
            return self.digest(pointer)
        return self.any(pointer)


def _plain(value: Any) -> bool:
    return isinstance(value, (str, int)) and value != ""


def percent(share: float) -> str:
    """Return a share in per cent with one decimal that never rounds to 0 or to 100."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share * 100:.1f}%"


def number(value: float) -> str:
    """Return a number with thousands separators and at most four decimals."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def binary(size: float) -> str:
    """Return a size in B, KiB, MiB, GiB or TiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:,} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
