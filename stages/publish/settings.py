"""Settings of the publish stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PublishSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: str = Field("datasheet.yaml", description="Person-written answers for the data sheets")
    tokenizer: str = Field(
        "words-han@1",
        description="Tokenizer of the token counts: `words-han@1` (built in), or the path of a tokenizer.json",
    )
    rescan: bool = Field(
        True, description="Scan redacted texts again and print what personal information is left"
    )
