"""YAML with positions: every settings error names file, line, field and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from lineage.errors import SettingsError

Model = TypeVar("Model")


class YamlFile:
    """A parsed YAML file that still knows on which line each value stands."""

    def __init__(self, path: Path) -> None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError

        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SettingsError(
                "file not found", where=str(path), cure="run this inside a project made by `hallmark init`"
            ) from None
        except (OSError, UnicodeDecodeError) as e:
            raise SettingsError(
                f"cannot be read: {e}", where=str(path), cure="it must be a readable file in UTF-8"
            ) from None
        try:
            self.data: Any = YAML(typ="rt").load(text)
        except MarkedYAMLError as e:
            line = e.problem_mark.line + 1 if e.problem_mark else 1
            raise SettingsError(
                f"not valid YAML: {e.problem}", where=f"{path}:{line}", cure="mend the indentation or quoting"
            ) from None

    def line(self, *keys: str | int) -> int:
        """Return the 1-based line of the value at `keys`, or of its nearest parent."""
        node, line = self.data, 1
        for key in keys:
            mark = getattr(node, "lc", None)
            try:
                pos = mark.key(key) if isinstance(key, str) else mark.item(key)
                line = pos[0] + 1
                node = node[key]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
        return line

    def where(self, *keys: str | int) -> str:
        """Return `file:line: field` for messages."""
        field = ".".join(str(k) for k in keys)
        return f"{self.path}:{self.line(*keys)}" + (f": {field}" if field else "")

    def plain(self) -> Any:
        """Return the content as plain dicts, lists and scalars."""
        return _plain(self.data)

    def validate(self, model: type[Model], at: tuple[str | int, ...] = ()) -> Model:
        """Return `model` built from the value at `at`; the first problem becomes a SettingsError with its line."""
        from pydantic import ValidationError

        node = self.plain()
        for key in at:
            node = (node or {}).get(key, {}) if isinstance(key, str) else node[key]
        try:
            return model.model_validate(node if node is not None else {})  # type: ignore[attr-defined]
        except ValidationError as e:
            first = e.errors()[0]
            keys = (*at, *first["loc"])
            raise SettingsError(_words(first), where=self.where(*keys), cure=_cure(first, model)) from None


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    for kind in (bool, int, float, str):  # ruamel's scalar classes keep formatting; drop it
        if isinstance(node, kind):
            return kind(node)
    return node


def _words(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown setting"
    if error["type"] == "missing":
        return "required setting is missing"
    return f"{error['msg'].removeprefix('Value error, ')} (found {error['input']!r:.60})"


def _cure(error: dict[str, Any], model: Any) -> str:
    if error["type"] == "extra_forbidden":
        return f"remove it, or use one of: {', '.join(_fields(model, error['loc'][:-1]))}"
    if model.__name__ == "Params":
        return "see `hallmark params` for every setting with its meaning and default"
    return "correct the value; docs/ describes the file's fields"


def _fields(model: Any, loc: tuple[str | int, ...]) -> list[str]:
    for key in loc:
        field = getattr(model, "model_fields", {}).get(key)
        model = field.annotation if field else model
    return sorted(getattr(model, "model_fields", {}))
