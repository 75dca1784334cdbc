"""What the sample's files are called, and the shapes that plants and writers pass to each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

#: Folder of the corpora as sources.yaml names it.
CORPORA = "sample/corpora"

#: Source -> (main file, or the suffix of one file per document).
FILES = {
    "zh-notes": "notes.jsonl",
    "en-articles": "articles.jsonl.gz",
    "digest": "digest.parquet",
    "zh-ledger": "ledger.csv",
    "zh-handbook": ".md",
    "en-letters": ".txt",
    "zh-web": "pages.jsonl.zst",
    "club-archive": "set",
    "qa-pairs": "pairs.jsonl",
    "help-chats": "chats.jsonl",
}
#: The keeper order's first key; equal to `priority` in sources.yaml.
PRIORITY = {
    "zh-web": 90,
    "club-archive": 60,
    "zh-notes": 50,
    "zh-ledger": 45,
    "en-articles": 40,
    "zh-handbook": 35,
    "digest": 30,
    "en-letters": 20,
    "qa-pairs": 15,
    "help-chats": 12,
}
#: Background documents by source and language.
COUNTS = {
    "zh-notes": {"zh": 160},
    "en-articles": {"en": 175},
    "digest": {"zh": 60, "en": 80},
    "zh-ledger": {"zh": 110},
    "zh-handbook": {"zh": 58},
    "en-letters": {"en": 65},
    "zh-web": {"zh": 40},
    "club-archive": {"zh": 12, "en": 23},
    "qa-pairs": {"zh": 32, "en": 33},
    "help-chats": {"zh": 22, "en": 28},
}


@dataclass(frozen=True)
class Doc:
    """One good record before it is written: its id in the data, its text or turns, and other columns."""

    source: str
    key: str
    lang: str
    text: str = ""
    turns: tuple[tuple[str, str], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lines:
    """A file of raw records, broken ones among them, written as it stands."""

    source: str
    name: str
    body: bytes


def path_of(source: str, name: str) -> str:
    """Return a file's path as the pipeline sees it, relative to the project."""
    return f"{CORPORA}/{source}/{name}"


def native_id(source: str, key: str) -> str:
    """Return the id under which the pipeline knows a good record."""
    suffix = FILES[source]
    return f"{path_of(source, key + suffix)}#0" if suffix.startswith(".") else key


def doc_id(source: str, native: str) -> bytes:
    """Return the document id, by which ties in the keeper order are broken."""
    return hashlib.sha256(source.encode() + b"\x00" + native.encode()).digest()
