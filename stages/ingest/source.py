"""One entry of sources.yaml: what a source is, where it comes from, and what it may be used for."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from stages.ingest.places import path_problem

if TYPE_CHECKING:
    from stages.ingest.evidence import Finding

SourceClass = Literal[
    "open-licence", "self-collected", "commercial-contract", "user-data", "synthetic", "public-domain"
]
Format = Literal[
    "auto", "jsonl", "json", "csv", "tsv", "parquet", "arrow", "txt", "markdown", "html", "warc", "hf-disk"
]
Basis = Literal[
    "none", "consent", "contract", "legal-duty", "public-disclosure", "legitimate-interest", "not-personal"
]
PublishField = Literal["url", "title", "author", "date", "meta"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Title(_Model):
    """The source's name in both languages of the sheets."""

    zh: str = Field(min_length=1, description="Chinese name.")
    en: str = Field(min_length=1, description="English name.")


class Fields(_Model):
    """The data's own names for the fields of a document; a name that the data lacks is simply not there."""

    text: str = Field("text", description="Plain text.")
    id: str = Field("id", description="The data's own id, unique in the source.")
    url: str = Field("url", description="Web address.")
    title: str = Field("title", description="Title.")
    author: str = Field("author", description="Author.")
    date: str = Field("date", description="Date as found.")
    licence: str = Field("license", description="The document's own licence (SPDX); overrides the source's.")
    prompt: str = Field("prompt", description="Question of a prompt/answer pair.")
    answer: str = Field("answer", description="Answer of a prompt/answer pair.")
    messages: str = Field("messages", description="List of chat turns.")


class Evidence(_Model):
    """A file that proves a claim about the source; it is hashed, never copied into a release."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="What the file is, e.g. licence-text.")
    path: str = Field(min_length=1, description="Path relative to the project folder.")
    note: str = Field("", description="Contract number, term, or whatever a reader needs to know.")


class Span(_Model):
    """When the source was collected."""

    start: dt.date = Field(alias="from", description="First day.")
    end: dt.date = Field(alias="to", description="Last day.")

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.end < self.start:
            raise ValueError("`to` is before `from`")
        return self


#: Kinds under which a release lists the digests of two files of `PersonalData`.
CONSENT, ASSESSMENT = "separate-consent", "pipia"


class PersonalData(_Model):
    """On what ground personal information in the source is processed (PIPL Art. 13, 29, 55)."""

    lawful_basis: Basis = Field(description="Ground for processing personal information.")
    separate_consent: str | None = Field(
        None, description="Evidence file of separate consent (sensitive data)."
    )
    pipia: str | None = Field(None, description="Evidence file of the impact assessment.")
    pipia_until: dt.date | None = Field(None, description="Last day on which the impact assessment holds.")


class RobotsFile(_Model):
    """robots.txt of one site as it was when the site was fetched."""

    site: str = Field(min_length=1, description="Host (and port) it speaks for, e.g. example.org.")
    path: str | None = Field(
        None, description="The snapshot, relative to the project; null where none was given."
    )
    status: int = Field(
        200, ge=100, le=599, description="HTTP status of the answer: 4xx allows all, 5xx nothing."
    )

    @model_validator(mode="after")
    def _with_file(self) -> RobotsFile:
        if self.status < 400 and not self.path:
            raise ValueError("a snapshot that was answered needs its `path`")
        return self


class Robots(_Model):
    """What the sites of a source allow to robots; each document's address is judged by it (R-07)."""

    agents: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        ("*",),
        min_length=1,
        description="Names of crawlers to judge for; one that is refused refuses the page.",
    )
    files: tuple[RobotsFile, ...] = Field(min_length=1, description="One snapshot for each site.")


class Source(_Model):
    """One entry of sources.yaml."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, description="Unique id.")
    title: Title = Field(description="Name of the source.")
    paths: tuple[str, ...] = Field(
        min_length=1,
        description="Files, folders or globs, relative to the project; also file://, s3://, https://, hf://.",
    )
    allow_http: bool = Field(
        False,
        description="Accept http:// addresses beyond this machine; their bytes can be changed on the way.",
    )
    format: Format = Field("auto", description="Format of the files; auto goes by the file's name.")
    fields: Fields = Field(default_factory=Fields, description="The data's names for the fields.")
    source_class: SourceClass = Field(alias="class", description="How the source was acquired.")
    licence: str = Field(
        validation_alias=AliasChoices("licence", "license"),
        description="SPDX expression; NOASSERTION where none is known.",
    )
    evidence: tuple[Evidence, ...] = Field(
        (), description="Files that prove the claims; kinds depend on class."
    )
    jurisdiction: str = Field(pattern=r"^[A-Z]{2}$", description="Country the source is from (ISO 3166).")
    storage_region: str = Field(pattern=r"^[A-Z]{2}$", description="Country the data is stored in.")
    cross_border: bool = Field(description="Whether the data crosses a border on its way here.")
    collected: Span = Field(description="Time of collection.")
    personal_data: PersonalData = Field(description="Ground for processing personal information.")
    retain_until: dt.date = Field(description="Last day on which the source may be used.")
    purpose: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="What the data may be used for, e.g. pretraining."
    )
    priority: int = Field(0, description="Higher wins when duplicates compete.")
    revision: str = Field("1", description="Change it to accept changed input files.")
    publish_fields: tuple[PublishField, ...] = Field((), description="Columns published next to the text.")
    annotation: dict[str, Any] | None = Field(
        None, description="How labels or answers were made, if they were."
    )
    robots: Robots | None = Field(None, description="robots.txt snapshots of the sites collected.")
    refusals: tuple[str, ...] = Field(
        (), description="Refusal lists for this source, relative to the project."
    )
    ip_contact: str | None = Field(None, description="Who answers for intellectual property.")
    copyright_notice: str | None = Field(None, description="Notice that must go with the data.")
    complaints: str | None = Field(None, description="Where a rights holder can complain.")

    @field_validator("licence")
    @classmethod
    def _spdx(cls, value: str) -> str:
        problem = licence_problem(value)
        if problem:
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Source:
        for path in self.paths:
            problem = path_problem(path, self.allow_http)
            if problem:
                raise ValueError(f"paths: {problem}")
        return self


@lru_cache(maxsize=4096)
def licence_problem(expression: str) -> str | None:
    """Say what is wrong with an SPDX licence expression, or None."""
    from license_expression import get_spdx_licensing  # its index takes a moment; only loaded when needed

    if expression in ("NOASSERTION", "NONE"):
        return None
    if not expression.strip():
        return "the licence is empty; write NOASSERTION if none is known"
    # any user-defined reference is valid SPDX (annex D.1); the package knows only those of its own list
    known = re.sub(r"(?<![\w.-])(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+", "MIT", expression)
    try:
        errors = get_spdx_licensing().validate(known).errors
    except Exception:  # the package's own report of some syntax errors fails
        errors = ["not an SPDX expression"]
    return "; ".join(errors) or None


def load_sources(path: Path) -> list[Source]:
    """Read sources.yaml; every problem names file, line, field and cure (SettingsError)."""
    from stages.ingest.source_file import read_entries

    return read_entries(path, Source)


def check(source: Source, project: Path) -> list[Finding]:
    """List what is missing for a source, each with the reason it matters and the cure."""
    from stages.ingest.evidence import findings

    return findings(source, project)


def public_view(source: Source) -> dict[str, Any]:
    """Return what a release may say about a source: no path, no evidence file name, no contact."""
    shown = source.model_dump(mode="json", by_alias=True)
    hidden = (
        "paths",
        "allow_http",
        "fields",
        "format",
        "evidence",
        "personal_data",
        "annotation",
        "robots",
        "refusals",
        "ip_contact",
    )
    view = {key: value for key, value in shown.items() if key not in hidden}
    view["evidence"] = sorted({item.kind for item in source.evidence})
    view["lawful_basis"] = source.personal_data.lawful_basis
    until = source.personal_data.pipia_until
    view["pipia_until"] = until.isoformat() if until else None
    view["annotated"] = source.annotation is not None
    view["annotation"] = annotation_facts(source)
    return view


def annotation_facts(source: Source) -> dict[str, Any] | None:
    """Return what a release says of a source's record of annotation, null without one; it names nobody.

    `open` counts what the record lacks or leaves open: fields, people in both roles, batches not inspected (R-33 to
    R-38); `uninspected` of `batches` is one part of it. `stored`: how safety labels are kept (R-40, advised: not
    open where they lie together); null where the labels are functional.
    """
    from stages.ingest.evidence import open_labels, stored, uninspected

    if source.annotation is None:
        return None
    batches = source.annotation.get("batches") or ()
    count = len(batches) if isinstance(batches, list | tuple) else 0
    lacking = sum(f.level == "error" for f in open_labels(source))
    return {
        "batches": count, "uninspected": uninspected(source), "open": lacking, "stored": stored(source)
    }  # fmt: skip


def schema_text() -> str:
    """Return the JSON Schema (2020-12) of sources.yaml, for editors; docs/sources.schema.json holds it."""
    whole = Source.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    inner = whole.pop("$defs", {})
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sources.yaml",
        "type": "object",
        "additionalProperties": False,
        "required": ["sources"],
        "properties": {"sources": {"type": "array", "items": {"$ref": "#/$defs/Source"}}},
        "$defs": inner | {"Source": whole},
    }
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
