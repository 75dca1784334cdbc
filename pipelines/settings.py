"""The typed form of params.yaml: one block per stage, each field with its description."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lineage.yamlfile import YamlFile
from stages.decide.settings import DecideSettings
from stages.dedup.settings import DedupSettings
from stages.ingest.settings import IngestSettings
from stages.pii.settings import PiiSettings
from stages.publish.settings import PublishSettings
from stages.quality.settings import QualitySettings
from stages.sample.settings import SampleSettings
from stages.screen.settings import ScreenSettings


class Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Block):
    zh: str = Field(description="Chinese wording")
    en: str = Field(description="English wording")


class ReleaseSettings(Block):
    id: str = Field("my-corpus", pattern=r"^[a-z0-9][a-z0-9-]*$", description="Name of the data set")
    version: str = Field("0.1.0", pattern=r"^\d+\.\d+\.\d+$", description="Version of the release")
    title: Bilingual = Field(description="Title of the data set")
    purpose: str = Field("pretraining", description="What the release is for; a source must cover it")
    as_of: dt.date = Field(description="The only date a stage knows: retention and validity count from it")
    validity_days: int = Field(365, ge=1, description="Days a certificate stays valid after as_of")
    issuer: str = Field("", description="Who answers for the release")
    contact: str = Field("", description="Where a data subject or rights holder can write")


class ExecutorSettings(Block):
    kind: Literal["local", "ray"] = Field("local", description="Where parts are worked on")
    workers: int = Field(0, ge=0, description="Worker processes; 0 means all cores")
    address: str | None = Field(None, description="Address of a Ray cluster (kind: ray)")
    document_seconds: float = Field(
        60.0, gt=0, description="CPU seconds one document may take in one stage; then it is quarantined"
    )
    bytes_per_second: float = Field(
        20_000.0, gt=0, description="A part that is worked on slower than this is searched for such documents"
    )
    worker_mib: int = Field(
        0,
        ge=0,
        description="Memory of one worker in MiB; 0 means four fifths of the machine's, shared by all",
    )


class KeySettings(Block):
    hmac: str | None = Field(None, description="Id of the project's HMAC key; null accepts the one at hand")


class Params(Block):
    release: ReleaseSettings
    executor: ExecutorSettings = ExecutorSettings()
    keys: KeySettings = KeySettings()
    ingest: IngestSettings = IngestSettings()
    quality: QualitySettings = QualitySettings()
    dedup: DedupSettings = DedupSettings()
    pii: PiiSettings = PiiSettings()
    screen: ScreenSettings = ScreenSettings()
    sample: SampleSettings = SampleSettings()
    decide: DecideSettings = DecideSettings()
    publish: PublishSettings = PublishSettings()


def load_params(root: Path) -> Params:
    """Return the project's settings; the first problem is a SettingsError with file, line, field and cure."""
    return YamlFile(root / "params.yaml").validate(Params)


def reference(model: type[BaseModel] = Params, prefix: str = "") -> list[tuple[str, str, str, str]]:
    """Return every setting as (name, type, default, description), in the order of params.yaml."""
    rows: list[tuple[str, str, str, str]] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            rows += reference(kind, f"{prefix}{name}.")
            continue
        rows.append((prefix + name, _kind(kind), _default(field), field.description or ""))
    return rows


def _kind(kind: Any) -> str:
    return (
        getattr(kind, "__name__", str(kind)) if isinstance(kind, type) else str(kind).replace("typing.", "")
    )


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "null" if value is None else str(value)
