"""Settings of the publish stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PublishSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: str = Field("datasheet.yaml", description="Person-written answers for the data sheets")
    rescan: bool = Field(
        True, description="Scan redacted texts again and print what personal information is left"
    )
