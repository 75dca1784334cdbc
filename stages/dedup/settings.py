"""The `dedup:` block of params.yaml."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class DedupSettings(BaseModel):
    """How texts are shingled, signed, compared and grouped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Two documents are near-duplicates when the Jaccard similarity of their shingle sets, "
        "computed exactly, reaches this value",
    )
    num_perm: int = Field(128, ge=16, le=4096, description="Permutations of a MinHash signature")
    seed: int = Field(1, ge=0, lt=2**32, description="Seed of the permutations, as datasketch takes it")
    word_ngram: int = Field(5, ge=1, le=64, description="Units in a shingle that begins with a word")
    char_ngram: int = Field(
        5,
        ge=1,
        le=64,
        description="Units in a shingle that begins with a character of a script without spaces",
    )
    bands: int | None = Field(
        None, ge=1, description="Bands of the signature; empty: chosen by datasketch from the threshold"
    )
    rows: int | None = Field(None, ge=1, description="Rows of a band; set it together with `bands`")
    miss_weight: float = Field(
        0.98,
        gt=0,
        lt=1,
        description="Weight of missed pairs against needless candidates when bands and rows are chosen; "
        "candidates are cheap to verify, so it stands near 1",
    )
    hot_band_size: int = Field(
        256,
        ge=2,
        description="A bucket with more documents than this is compared as a star around its smallest "
        "document id, so that shared boilerplate cannot cause quadratic work",
    )
    partitions: int = Field(
        0, ge=0, le=4096, description="Partitions of the candidate search; 0: as many as memory asks for"
    )
    partition_keys: int = Field(
        32_000_000, ge=1000, description="Band keys that one partition may hold (about 40 bytes each)"
    )
    batch_shingles: int = Field(
        16_000_000, ge=1000, description="Shingles that one verification batch may hold (about 20 bytes each)"
    )
    repeat_documents: int = Field(
        0, ge=0, description="A line or paragraph in this many documents is a repeated one; 0: not measured"
    )
    repeat_chars: int = Field(
        20, ge=1, description="Shorter lines and paragraphs are not looked at for repetition"
    )
    test_sets: str = Field(
        "",
        description="Folder of test sets (*.jsonl, *.parquet, *.csv, *.txt; a set is named by its file), with which "
        "documents must not overlap; empty: not measured",
    )
    test_word_ngram: int = Field(
        13, ge=2, le=64, description="Units in an n-gram that begins with a word, for test sets"
    )
    test_char_ngram: int = Field(
        26, ge=2, le=64, description="Units in an n-gram that begins with a character, for test sets"
    )
    earlier: bool = Field(
        False,
        description="Match documents with the index of the releases sealed before this one, for rules that read "
        "`earlier`; standing removal requests hold without it",
    )
    source_loss_warn: float = Field(
        0.5, ge=0, le=1, description="Flag a source of which more than this share has a duplicate elsewhere"
    )

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        if (self.bands is None) != (self.rows is None):
            raise ValueError("bands and rows belong together: set both or neither")
        if self.bands and self.rows and self.bands * self.rows > self.num_perm:
            raise ValueError(f"bands * rows = {self.bands * self.rows} exceeds num_perm = {self.num_perm}")
        if self.repeat_documents == 1:
            raise ValueError("repeat_documents: 1 would call every line repeated; set 0 or at least 2")
        return self
