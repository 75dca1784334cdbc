"""Reads the YAML files that come with the package: word lists and tables, parsed by libyaml, ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load(path: Path) -> Any:
    """Return the content of a packaged file as plain values.

    libyaml reads YAML 1.1, where a bare `no` is a boolean; a test holds that each of these files means the same in 1.2.
    What a person writes goes through `lineage.yamlfile`, which knows line numbers.
    """
    import yaml

    loader = yaml.CSafeLoader(path.read_text(encoding="utf-8"))
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
