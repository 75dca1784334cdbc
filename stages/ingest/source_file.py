"""Reading sources.yaml so that an error can point at its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from lineage.errors import SettingsError

M = TypeVar("M", bound=BaseModel)

_CURES = {
    "missing": "add `{field}:`; `{description}`",
    "extra_forbidden": "remove it, or correct its spelling",
    "literal_error": "use one of the values named",
    "string_pattern_mismatch": "ids are lower-case letters, digits and hyphens; countries two capitals",
}


def read_entries(path: Path, model: type[M]) -> list[M]:
    """Return the validated entries under `sources:`; SettingsError lists every problem with its line."""
    document = _parse(path)
    entries = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise SettingsError(
            "the list `sources:` is missing",
            where=f"{path}:1",
            cure="start the file with `sources:` and one `- id:` each",
        )
    extra = [key for key in document if key != "sources"]
    if extra:
        raise SettingsError(
            f"unknown key {extra[0]!r}", where=_place(path, document, (extra[0],)), cure="remove it"
        )
    problems: list[SettingsError] = []
    found = [_entry(path, document, index, model, problems) for index in range(len(entries))]
    problems += _same_ids(path, document, [item for item in found if item is not None])
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SettingsError(
            f"{len(problems)} problems:\n" + "\n".join(str(p) for p in problems), where=str(path)
        )
    return [item for item in found if item is not None]


def _parse(path: Path) -> Any:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            "there is no such file", where=str(path), cure="`hallmark source add` writes the first entry"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"cannot be read: {error.strerror}", where=str(path), cure="check its permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"is not UTF-8 at byte {error.start}", where=str(path), cure="save the file as UTF-8"
        ) from None
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(
            f"is not valid YAML: {error.problem}",
            where=f"{path}:{line}",
            cure="check indentation, quotes and colons",
        ) from None
    except YAMLError as error:
        raise SettingsError(
            f"is not valid YAML: {error}", where=str(path), cure="check the file's characters"
        ) from None


def _entry(path: Path, document: Any, index: int, model: type[M], problems: list[SettingsError]) -> M | None:
    raw = document["sources"][index]
    if not isinstance(raw, dict):
        where = _place(path, document, ("sources", index))
        problems.append(
            SettingsError("an entry must be a mapping", where=where, cure="write `- id: name` and its fields")
        )
        return None
    try:
        return model.model_validate(_plain(raw))
    except ValidationError as error:
        name = raw.get("id", f"number {index + 1}")
        problems += [_problem(path, document, index, str(name), detail, model) for detail in error.errors()]
        return None


def _problem(
    path: Path, document: Any, index: int, name: str, detail: Any, model: type[BaseModel]
) -> SettingsError:
    keys = tuple(detail["loc"])
    field = ".".join(str(key) for key in keys) or "entry"
    described = {(item.alias or key): item.description for key, item in model.model_fields.items()}
    cure = _CURES.get(detail["type"], "{description}").format(
        field=field, description=described.get(str(keys[0]) if keys else "", "") or "correct the value"
    )
    message = detail["msg"].removeprefix("Value error, ")
    return SettingsError(
        f"source {name}, field `{field}`: {message}",
        where=_place(path, document, ("sources", index, *keys)),
        cure=cure,
    )


def _same_ids(path: Path, document: Any, found: list[Any]) -> list[SettingsError]:
    ids = [str(raw.get("id")) for raw in document["sources"] if isinstance(raw, dict)]
    problems = []
    for index, raw in enumerate(document["sources"]):
        name = str(raw.get("id")) if isinstance(raw, dict) else ""
        if name and name in ids[:index]:
            where = _place(path, document, ("sources", index, "id"))
            problems.append(
                SettingsError(f"two sources have the id {name}", where=where, cure="rename one of them")
            )
    return problems


def _place(path: Path, document: Any, keys: tuple[Any, ...]) -> str:
    """Return file:line of the deepest key that exists."""
    line, node = 0, document
    for key in keys:
        marks = getattr(node, "lc", None)
        if marks is None:
            break
        try:
            line = (marks.item(key) if isinstance(node, list) else marks.key(key))[0]
            node = node[key]
        except (KeyError, IndexError, TypeError):
            break
    return f"{path}:{line + 1}"


def _plain(node: Any) -> Any:
    """Turn ruamel's round-trip nodes into plain Python values."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, bool):
        return bool(node)
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
