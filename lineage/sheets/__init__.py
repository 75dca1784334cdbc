"""Data sheets: what a shard or a release is, what was measured, what was not, in Chinese and English."""

from __future__ import annotations

from typing import Any, Literal

from lineage.sheets import html, md
from lineage.sheets.answers import check, questions, unanswered
from lineage.sheets.build import manifest_path, sheet
from lineage.sheets.reader import Reader
from lineage.sheets.shard_index import Shelf, site, site_of_releases

_FORMATS = {"html": html, "md": md}

__all__ = [
    "Shelf",
    "check",
    "manifest_path",
    "questions",
    "render",
    "render_all",
    "site",
    "site_of_releases",
    "unanswered",
]


def render(
    manifest: dict[str, Any],
    *,
    lang: Literal["zh", "en"],
    fmt: Literal["html", "md"],
    digests: dict[str, str],
    answers: dict[str, Any] | None,
    verify_command: str,
) -> str:
    """Return the data sheet of a shard or release manifest; equal inputs give equal bytes.

    `digests` maps paths inside the release to sha256 hex and must hold `manifest_path(manifest)`.
    `answers` is datasheet.yaml as read; None on a shard leaves the person-written part to the release.
    Raises InputError for an unknown schema or a missing digest, SettingsError for an unusable answer.
    """
    page = sheet(manifest, lang, digests, answers, verify_command)
    return _FORMATS[fmt].page(page, Reader(manifest, lang))


def render_all(
    manifest: dict[str, Any], *, digests: dict[str, str], answers: dict[str, Any] | None, verify_command: str
) -> dict[str, str]:
    """Return all data sheets of a manifest by `LANG.FORMAT`, as `render` gives each, put together once a language."""
    pages = {lang: sheet(manifest, lang, digests, answers, verify_command) for lang in ("zh", "en")}
    return {
        f"{lang}.{fmt}": writer.page(page, Reader(manifest, lang))
        for lang, page in pages.items()
        for fmt, writer in _FORMATS.items()
    }
