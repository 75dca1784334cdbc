"""The `screen.corpus:` block of params.yaml: signs of poisoning that only many documents show."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CorpusSettings(BaseModel):
    """From when on a repetition counts as a sign of poisoning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bursts: bool = Field(True, description="Look for bursts of near-duplicates, in what dedup found.")
    triggers: bool = Field(
        False, description="Look for trigger phrases; doubles the time of the stage, for a person to read."
    )
    before: str = Field(
        "",
        description="Folder with tables (*.parquet) of an earlier revision: doc_id with text_sha256, or the public"
        " lineage of an earlier release. Documents of the same id and another text are marked; empty: none.",
    )
    min_docs: int = Field(
        3, ge=2, description="A trigger phrase stands in at least this many documents of a source."
    )
    max_share: float = Field(
        0.05, gt=0, le=1, description="... and in at most this share of them: else it is style."
    )
    contrast: float = Field(
        20.0, gt=1, description="... and is this many times as frequent there as elsewhere."
    )
    varied: float = Field(
        0.7, gt=0, le=1, description="Share of occurrences with different words around the phrase."
    )
    novel: float = Field(
        1.0, ge=0, le=1, description="Share of its pairs that are common words, and neighbours nowhere else."
    )
    novel_han: float = Field(0.3, ge=0, le=1, description="The same for pairs of Han characters.")
    burst_docs: int = Field(
        5, ge=2, description="A burst has at least this many near-duplicates in one source."
    )
    burst_window: float = Field(
        0.02, gt=0, le=1, description="... within this share of the source's documents, in their order."
    )
