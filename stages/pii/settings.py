"""The `pii:` block of params.yaml."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field


class PiiSettings(BaseModel):
    """What is looked for, how sure a finding must be, and from when a person counts as a minor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = Field(
        default=("DATE_TIME", "PERSON", "URL", "UUID"),
        description="Types that are not looked for. The default leaves out what is seldom about a person, and names.",
    )
    thresholds: dict[str, float] = Field(
        default_factory=dict,
        description="Score from which a finding of a type counts, 0 to 1; other types use the catalogue's own.",
    )
    batch_chars: int = Field(
        default=2_000_000,
        ge=1,
        description="Characters scanned together. It bounds memory and changes no finding.",
    )
    regex_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Seconds one pattern may take on one batch. A document that exceeds it is named as not run.",
    )
    as_of: dt.date | None = Field(
        default=None,
        description="Day on which ages are counted, for minors under 14. Without it that check is named not run.",
    )
    aggregate_types: int = Field(
        default=4,
        ge=2,
        description="Number of different types in one document from which their sum counts as sensitive.",
    )
    phone_regions: tuple[str, ...] = Field(
        default=("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR"),
        description="Regions whose national telephone numbers are recognised in text in Latin script.",
    )
