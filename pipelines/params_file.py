"""params.yaml as `hallmark init` writes it: every setting with its default, and its meaning as a comment."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from typing import Any

from pydantic import BaseModel

from pipelines.settings import Params

HEAD = "# Settings of this project. A stage runs again when its own block changes.\n"
WIDTH = 110


def params_text(params: Params) -> str:
    """Return the text of params.yaml for `params`; reading it back gives the same settings."""
    return HEAD + "\n" + "\n".join(_block(params, 0))


def _block(model: BaseModel, depth: int) -> list[str]:
    lines: list[str] = []
    pad = "  " * depth
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel) and (depth == 0 or _nested(value)):
            lines += [f"{pad}{name}:", *_block(value, depth + 1)]
            if depth == 0:
                lines.append("")
            continue
        text = field.description or ""
        lines += [f"{pad}# {t}" for t in textwrap.wrap(text, WIDTH - len(pad) - 2, break_on_hyphens=False)]
        lines.append(f"{pad}{name}: {_scalar(value)}")
    return lines


def _nested(value: BaseModel) -> bool:
    return any(isinstance(getattr(value, n), BaseModel) for n in type(value).model_fields)


def _scalar(value: Any) -> str:
    """Return a value as one line of YAML; JSON is YAML, and quotes what needs quoting."""
    if isinstance(value, dt.date):
        return f'"{value.isoformat()}"'  # DVC takes no bare dates
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, (tuple, list, dict)):
        return json.dumps(_plain(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return value
