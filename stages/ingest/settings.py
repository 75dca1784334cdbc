"""The `ingest` block of params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Encoding = Literal["utf-8", "utf-16", "gb18030", "big5", "windows-1252"]


class IngestSettings(BaseModel):
    """How files are cut into parts and how their bytes become text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part_mib: float = Field(64.0, gt=0, le=1024, description="Size of a part in MiB of text, about.")
    max_record_mib: float = Field(
        16.0, gt=0, le=512, description="A longer record is not read: it gets the reason too-long."
    )
    max_slice_mib: float = Field(
        512.0,
        gt=0,
        description="A slice or an archive's member that becomes more than this is given up (archive-bomb).",
    )
    max_ratio: float = Field(
        500.0,
        ge=10,
        description="Packed bytes that grow by more than this, past 64 MiB, are given up (archive-bomb).",
    )
    encodings: tuple[Encoding, ...] = Field(
        ("utf-8", "utf-16", "gb18030", "big5", "windows-1252"),
        description="Accepted encodings; bytes in any other become bad-encoding. Leave one out to forbid it.",
    )
    normalise: Literal["NFC", "none"] = Field(
        "NFC", description="Unicode normalisation of texts; a changed text says so in `transforms`."
    )
    repair: Literal["mojibake", "none"] = Field(
        "none",
        description="Read texts again that were stored after reading them in a wrong encoding; `transforms` says from "
        "which, with the sha256 of the text before.",
    )
    newlines: bool = Field(
        True, description="Turn CRLF and CR into LF; a changed text says so in `transforms`."
    )
    ai_labels: bool = Field(
        True, description="Look for AI-content labels (GB 45438-2025) before any conversion."
    )
    keep_meta: bool = Field(True, description="Keep the data's other columns as canonical JSON in `meta`.")
