"""Settings of external detectors, apart from what runs them: settings are read at every start."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ExternalSettings(BaseModel):
    """One external detector: exactly one of `command` and `url`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Name of the detector.")
    version: int = Field(1, ge=1, description="Raised by the operator with every change of the model.")
    codes: tuple[str, ...] = Field(min_length=1, description="Risk codes, in the order of the scores.")
    languages: tuple[str, ...] = Field(("zh", "en"), description="Languages it was made for.")
    command: tuple[str, ...] = Field(
        (), description="Program and arguments; reads a JSON line per batch, writes a JSON line of scores."
    )
    url: str = Field("", description="HTTP endpoint on loopback that is sent the same JSON by POST.")
    files: tuple[str, ...] = Field(
        (), description="Model and program files whose digests stand for the model."
    )
    sha256: str = Field("", description="Digest that `files` must have together; empty: not checked.")
    timeout: float = Field(30.0, gt=0, le=3600, description="Seconds one batch may take.")
    batch: int = Field(64, ge=1, le=4096, description="Texts per batch.")
    max_chars: int = Field(
        2000, ge=50, description="Longer texts are sent in windows; the worst window counts."
    )
    floor: float = Field(0.2, ge=0, le=1, description="Scores below this are not stored.")

    @model_validator(mode="after")
    def _one_way(self) -> ExternalSettings:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either a command or a url")
        if self.url and (urlsplit(self.url).scheme != "http" or urlsplit(self.url).hostname not in LOOPBACK):
            raise ValueError("an external detector answers on loopback only (http://127.0.0.1:PORT/...)")
        return self

    @property
    def detector(self) -> str:
        """Detector name with version."""
        return f"{self.name}@{self.version}"
