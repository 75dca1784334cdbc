"""Settings of the decide stage."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class DecideSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: str = Field(
        "cn-gbt-45654-2025",
        pattern=r"^[a-z0-9-]+$",
        description="Policy file in policies/, without its ending",
    )
    quarantine: Literal["plain", "fernet"] = Field(
        "plain",
        description="How quarantine/ holds texts: as they are, or locked with the key of `hallmark keys quarantine`",
    )
    refusals: tuple[str, ...] = Field(
        (),
        description="Refusal lists for every source (docs/sources.md): domains, addresses, text digests, authors",
    )
