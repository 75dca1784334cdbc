"""Findings of a model that the user brings: a spaCy pipeline, a transformers or a GLiNER model in a local folder.

No model is shipped and none is fetched. A model reads whole texts as they are given; its findings meet those of the
patterns in `resolve`.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from lineage.errors import SettingsError
from stages.pii.catalogue import TYPES
from stages.pii.readers import WHERE, Raw, Reader, load
from stages.pii.resolve import Found
from stages.pii.settings import ModelEngine, PiiSettings

#: Files without which a folder holds no model of the kind.
NEEDS = {
    "spacy": ("config.cfg", "meta.json"),
    "transformers": ("config.json", "model.safetensors", "tokenizer.json"),
    "gliner": ("gliner_config.json", "tokenizer_config.json"),
}
#: Characters read at once: what fits a window of 512 tokens; spaCy has no window, but refuses a million characters.
PIECE = {"spacy": 20_000, "transformers": 400, "gliner": 400}
CUTS = (("\n",), ("。", "！", "？", "；"), (". ", "! ", "? "), (" ",))  # where a long text is cut, best first
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # no tokeniser can encode them
_PACKS = {"zh": ("han", "mixed"), "xx": ("han", "latin", "mixed")}  # all others: Latin script, or none


class Identity(NamedTuple):
    """What a model is: its detector's name@version, the digest of its files, its languages ("xx": any)."""

    detector: str
    sha256: str
    languages: tuple[str, ...]


def identity(engine: ModelEngine) -> Identity:
    """Return what the model in the folder of `engine` is, without loading it.

    Raises SettingsError for a folder that is missing, holds no model of the kind, or has another digest than stated.
    """
    folder = Path(engine.path)
    if not engine.path or not folder.is_dir():
        raise SettingsError(
            "the folder of the model is missing",
            where=f"{WHERE}.path",
            cure="name a local folder; nothing is fetched from a network",
        )
    if lacking := [name for name in NEEDS[engine.kind] if not (folder / name).is_file()]:
        raise SettingsError(
            f"the folder holds no {engine.kind} model: {', '.join(lacking)} missing", where=f"{WHERE}.path"
        )
    digest = _digest(tuple(_files(folder)))
    if engine.sha256 != digest:
        raise SettingsError(
            f"the model's files have the digest {digest}, not {engine.sha256 or 'a stated one'}",
            where=f"{WHERE}.sha256",
            cure="state the digest of the model you mean: findings are kept as long as it is the same",
        )
    name, languages = _named(engine, folder, digest)
    return Identity(name, digest, engine.languages or languages)


def find(
    texts: list[str], packs: list[str], settings: PiiSettings
) -> tuple[list[list[Found]], list[list[str]]]:
    """Return per text the model's findings (own offsets) and its name where it did not run on the text.

    `packs` holds the script of each text (see `batch.packs`): a text in a script that the model does not know is named
    as not run, and so is one on which the model fails.
    """
    who = identity(settings.engine)
    read = load(settings.engine, who.sha256)
    known = {pack for language in who.languages for pack in _PACKS.get(language, ("latin", "mixed"))}
    found: list[list[Found]] = [[] for _ in texts]
    not_run: list[list[str]] = [[] for _ in texts]
    docs = [i for i, pack in enumerate(packs) if pack in known]
    for i, pack in enumerate(packs):
        if pack not in known:
            not_run[i].append(f"{who.detector}:script")
    parts = [(i, start, part) for i in docs for start, part in pieces(texts[i], PIECE[settings.engine.kind])]
    for (i, shift, part), raw in zip(parts, _read(read, [p[2] for p in parts]), strict=True):
        if raw is None:
            not_run[i].append(f"{who.detector}:failed")
        found[i] += _placed(raw or [], part, shift, who.detector, settings)
    return [sorted(f) for f in found], [sorted(set(n)) for n in not_run]


def pieces(text: str, limit: int) -> list[tuple[int, str]]:
    """Cut a text into runs of at most `limit` characters as (start, run), behind a line or sentence if possible."""
    out, at = [], 0
    while len(text) - at > limit:
        low, high = at + limit // 2, at + limit
        window = text[low:high]
        marks = next(
            ([m for m in tier if m in window] for tier in CUTS if any(m in window for m in tier)), []
        )
        cut = max((low + window.rfind(m) + len(m) for m in marks), default=high)
        out.append((at, text[at:cut]))
        at = cut
    return [*out, (at, text[at:])]


def _read(read: Reader, parts: list[str]) -> list[list[Raw] | None]:
    """Return the model's findings per part, None for a part on which it fails."""
    clean = [part.translate(_SURROGATES) for part in parts]
    try:
        return list(read(clean))
    except Exception:  # a model is foreign code: one bad text must not lose the batch
        return [_read_one(read, part) for part in clean]


def _read_one(read: Reader, part: str) -> list[Raw] | None:
    try:
        return read([part])[0]
    except Exception:  # the caller names the document as not run
        return None


def _placed(raw: list[Raw], part: str, shift: int, detector: str, settings: PiiSettings) -> list[Found]:
    """Return a part's findings of types that are looked for, without white space at their ends."""
    out: list[Found] = []
    for start, end, label in raw:
        kind = settings.engine.types().get(label.lower())
        if kind is None or kind in settings.off:
            continue
        value = part[start:end]
        start, end = start + len(value) - len(value.lstrip()), end - len(value) + len(value.rstrip())
        if start < end and settings.engine.score >= settings.thresholds.get(kind, TYPES[kind].threshold):
            out.append((kind, shift + start, shift + end, round(settings.engine.score, 4), detector))
    return out


def _files(folder: Path) -> list[tuple[str, str, int, int]]:
    """Return (name, path, size, mtime) of a model's files in order of name; hidden files are none of it."""
    out = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(p.startswith(".") or p == "__pycache__" for p in parts):
            stat = path.stat()
            out.append(("/".join(parts), str(path), stat.st_size, stat.st_mtime_ns))
    return sorted(out)


@lru_cache(maxsize=4)
def _digest(files: tuple[tuple[str, str, int, int], ...]) -> str:
    """Return the SHA-256 over names and digests of files; unchanged files are not read again."""
    digest = hashlib.sha256()
    for name, path, _, _ in files:
        with Path(path).open("rb") as f:
            digest.update(f"{name}\x00{hashlib.file_digest(f, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _named(engine: ModelEngine, folder: Path, digest: str) -> tuple[str, tuple[str, ...]]:
    """Return name@version and languages: what a spaCy pipeline says of itself, else the kind and its digest."""
    if engine.kind != "spacy":
        return f"{engine.kind}@{digest[:12]}", ("xx",)
    meta: dict[str, Any] = json.loads((folder / "meta.json").read_text("utf-8"))
    language = str(meta.get("lang", "xx"))
    name = re.sub(r"[^a-z0-9._-]+", "-", f"spacy-{language}-{meta.get('name', 'pipeline')}".lower())
    return f"{name}@{meta.get('version', digest[:12])}", (language,)
