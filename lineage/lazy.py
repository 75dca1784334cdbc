"""Names of a package that are imported on first use: settings are read at every start of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Return `__getattr__` and `__all__` of `package`, whose names stand in its modules as `places` says.

    With the first name of a module all of its names become the package's own: importing a module sets an attribute of
    its name, and that would hide a function which is called like its module.
    """

    def look_up(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{places[name]}")
        for other in (n for n, place in places.items() if place == places[name]):
            setattr(sys.modules[package], other, getattr(module, other))
        return getattr(module, name)

    return look_up, sorted(places)
