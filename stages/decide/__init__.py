"""Evidence becomes verdicts: rules, then people, then the election among duplicates.

`verdicts` judges one part by the policy alone; `settle` adds source refusals, removal requests and reviews;
`elect` chooses the keeper among verified duplicates; `decisions` joins all three into DECISIONS.
"""

from __future__ import annotations

from lineage import lazy

__getattr__, __all__ = lazy.names(
    __name__,
    {
        "verdicts": "verdicts",
        "elect": "keepers",
        "settle": "settle",
        "order_view": "settle",
        "decisions": "settle",
    },
)
