"""Keeps libraries quiet: no telemetry, no look-up over the network that nobody asked for."""

from __future__ import annotations

import os

SET_HERE = "HALLMARK_QUIETED"  # names of the variables below that were not the operator's own
VARIABLES = {
    "DVC_NO_ANALYTICS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}


def quiet_libraries() -> None:
    """Switch off every library's telemetry and its look-ups; what the operator set stays as it is."""
    ours = {name for name in VARIABLES if name not in os.environ}
    os.environ.update({name: VARIABLES[name] for name in ours})
    known = set(filter(None, os.environ.get(SET_HERE, "").split(",")))
    os.environ[SET_HERE] = ",".join(sorted(known | ours))


def open_hub() -> None:
    """Let huggingface_hub ask its server, for a source that lies there; not where the operator forbids it.

    The library reads the variable once, when it is imported, so its constant is set as well.
    """
    ours = "HF_HUB_OFFLINE" in os.environ.get(SET_HERE, "").split(",")
    if ours and not os.environ.get("TRANSFORMERS_OFFLINE"):
        from huggingface_hub import constants

        constants.HF_HUB_OFFLINE = False
