"""What every export is made from: a release's manifests, its files by digest, and the answers people gave."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lineage import packaged
from lineage.canonical import plain_dumps
from lineage.digests import sha256_bytes, sha256_file
from lineage.errors import InputError
from lineage.sheets.answers import check
from lineage.sheets.reader import catalogue

NOT_STATED = {"en": "not stated", "zh": "未声明"}
MANIFEST = "meta/manifest.json"
#: Namespace of all ids made here: equal releases give equal ids.
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:hallmark:exports:1")
DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Release:
    """A release as exports see it; `staging` holds its files, `answers` is datasheet.yaml as read."""

    staging: Path
    manifest: Mapping[str, Any]
    manifests: tuple[Mapping[str, Any], ...]
    answers: Mapping[str, Any]

    @classmethod
    def of(cls, staging: Path, manifest: dict, manifests: list[dict], answers: dict | None) -> Release:
        """Return the view; an answer that cannot be used is a SettingsError."""
        check(answers)
        ordered = sorted(manifests, key=lambda m: (m["source"]["id"], m["part"]))
        return cls(Path(staging), manifest, tuple(ordered), answers or {})

    @classmethod
    def open(cls, folder: Path, answers: dict | None = None) -> Release:
        """Return the view of a release folder; an InputError where its manifests cannot be read."""
        from lineage import canonical

        def read(path: Path) -> Any:
            try:
                return canonical.loads(path.read_bytes(), where=str(path))
            except OSError as error:
                cure = "name a whole release folder; `hallmark verify` says what it lacks"
                raise InputError(f"cannot be read: {error.strerror}", where=str(path), cure=cure) from None

        manifest = read(Path(folder) / MANIFEST)
        parts = [f"meta/shards/{s['source']}/{s['part']}.json" for s in manifest["shards"]]
        return cls.of(folder, manifest, [read(Path(folder) / p) for p in parts], answers)

    @property
    def dataset(self) -> Mapping[str, Any]:
        return self.manifest["dataset"]

    @cached_property
    def shards(self) -> list[Mapping[str, Any]]:
        """Return the entries of the manifest that have a file, by path."""
        return sorted((s for s in self.manifest["shards"] if s["path"]), key=lambda s: s["path"])

    @cached_property
    def by_path(self) -> dict[str, Mapping[str, Any]]:
        """Return the shard manifest of each shard by the shard's path."""
        return {m["shard"]["path"]: m for m in self.manifests if m["shard"]}

    @cached_property
    def sources(self) -> list[Mapping[str, Any]]:
        return sorted(self.manifest["sources"], key=lambda s: s["id"])

    @cached_property
    def used(self) -> list[Mapping[str, Any]]:
        """Return the sources of which at least one document is published."""
        return [s for s in self.sources if published(s["flow"])]

    @cached_property
    def documents(self) -> int:
        return published(self.manifest["flow"])

    @cached_property
    def manifest_digest(self) -> str:
        """Return the digest of meta/manifest.json, which need not be on disk yet."""
        return sha256_bytes(_canonical(self.manifest))

    def of_class(self, *classes: str) -> list[Mapping[str, Any]]:
        """Return the used sources of these classes."""
        return [s for s in self.used if s["class"] in classes]

    def answer(self, key: str, lang: str) -> str | None:
        """Return a person's answer with author and date, None where nobody answered."""
        found = self.answers.get(key)
        if not found:
            return None
        other = "zh" if lang == "en" else "en"
        text = str(found.get(lang) or found.get(other) or "").strip()
        return f"{text} ({found['author']}, {found['date']})"

    def digest(self, path: str) -> str | None:
        """Return the digest of a release file, None where it is not there."""
        if path == MANIFEST:
            return self.manifest_digest
        file = self.staging / path
        return sha256_file(file) if file.is_file() else None

    def uuid(self, *names: str) -> str:
        """Return a UUID (version 5) of this release and these names."""
        return str(uuid.uuid5(_SPACE, "\0".join((self.manifest_digest, *names))))


def published(flow: Mapping[str, int]) -> int:
    """Return the documents of a flow that are in the release."""
    return flow.get("kept", 0) + flow.get("redacted", 0)


def or_not_stated(value: Any, lang: str) -> str:
    """Print a value, or that nobody stated it."""
    return NOT_STATED[lang] if value in (None, "", [], ()) else str(value)


def name(group: str, code: str, lang: str) -> str:
    """Return the sheets' name of a code, the code itself where there is none."""
    entry = catalogue("names").get(group, {}).get(code)
    return entry[lang] if entry else code


@cache
def table(name: str) -> Any:
    """Return a packaged data file of this package, parsed."""
    return packaged.load(DATA / f"{name}.yaml")


def json_bytes(value: Any) -> bytes:
    """Return JSON as exports write it: sorted, one form, final newline."""
    return plain_dumps(value) + b"\n"


def _canonical(value: Any) -> bytes:
    from lineage import canonical

    return canonical.dumps(value)
