"""Evidence becomes verdicts: rules, then people, then the election among duplicates.

`verdicts` judges one part by the policy alone; `settle` adds source refusals, removal requests and reviews;
`elect` chooses the keeper among verified duplicates; `decisions` joins all three into DECISIONS.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "verdicts": "verdicts",
    "elect": "keepers",
    "settle": "settle",
    "order_view": "settle",
    "decisions": "settle",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
