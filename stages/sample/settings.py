"""Settings of the sample stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SampleSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(20260101, description="Seed of every draw; recorded with the draw")
    probe: int = Field(400, ge=1, description="Documents drawn per source for its content probe (5 % rule)")
    audit: int = Field(
        4000,
        ge=1,
        description="Documents drawn for the whole-corpus manual audit, shared out over the sources",
    )
    quarantine: int = Field(400, ge=0, description="Quarantined documents queued for review")
    detector: int = Field(
        50,
        ge=0,
        description="Documents drawn to check a detector, per language and stratum (flagged, near, unflagged); 0: none",
    )
    detector_score: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Score from which a hit flags a document in the check sets; below it is near",
    )
