"""The definitions of stages.dedup once more, in plain Python, one character at a time."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path

import polars as pl

from stages import dedup

NO_SPACES = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1b7f\u2e80-\u312f\u31a0-\u31ff\u3400-\ua4cf\ua980-\ua9df"
    "\ua9e0-\ua9ff\uaa60-\uaadf\uf900-\ufaff\U00016fe0-\U00018dff\U0001aff0-\U0001b2ff\U00020000-\U00033fff]"
)
SPACES = re.compile(r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
LINE = re.compile(r"[\n-\r\x85\u2028\u2029]")


def units(text: str) -> list[str]:
    """Return the words and single characters of a text; a character is told from a word by NO_SPACES."""
    found, word = [], ""
    for folded in (piece for c in unicodedata.normalize("NFC", text) for piece in fold(c)):
        if unicodedata.category(folded)[0] in "LMN" and not NO_SPACES.match(folded):
            word += folded
            continue
        found += [word] if word else []
        word = ""
        if unicodedata.category(folded)[0] in "LMN":
            found.append(folded)
    return found + ([word] if word else [])


def fold(character: str) -> str:
    """Return what a character becomes: nothing when invisible, and one or more characters otherwise."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    return "" if invisible(character) else "".join(c for c in folded if not invisible(c))


def invisible(character: str) -> bool:
    """Tell whether a character vanishes without parting a word."""
    variation = "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff"
    return variation or unicodedata.category(character) == "Cf"


def shingles(text: str, words: int = 5, characters: int = 5) -> list[bytes]:
    """Return the shingles in order, as the bytes that are hashed."""
    all_units = units(text)
    found, reached = [], 0
    for i, unit in enumerate(all_units):
        stop = i + (characters if NO_SPACES.match(unit) else words)
        if stop > len(all_units) and reached == len(all_units):
            continue
        stop = min(stop, len(all_units))
        reached = max(reached, stop)
        found.append(join(all_units[i:stop]).encode())
    return found


def join(parts: list[str]) -> str:
    """Return units as one string, with a space wherever one of two neighbours is a word."""
    joined = ""
    for before, part in zip(["", *parts], parts, strict=False):
        gap = before and not (NO_SPACES.match(before) and NO_SPACES.match(part))
        joined += (" " if gap else "") + part
    return joined


def exact(text: str) -> bytes:
    """Return the digest of the exact group."""
    folded = SPACES.sub(lambda m: "\n" if LINE.search(m[0]) else " ", unicodedata.normalize("NFC", text))
    return hashlib.sha256(folded.strip(" \n").encode()).digest()


def jaccard(left: str, right: str) -> float:
    """Return the Jaccard similarity of two texts' shingle sets."""
    a, b = set(shingles(left)), set(shingles(right))
    return len(a & b) / len(a | b) if a | b else 0.0


def documents(texts: list[str | None], source: str = "s") -> pl.DataFrame:
    """Return the columns of an ingest table that dedup reads."""
    digests = [None if t is None else hashlib.sha256(t.encode()).digest() for t in texts]
    ids = [hashlib.sha256(f"{source}\0{i}".encode()).digest() for i in range(len(texts))]
    columns = {"row": range(len(texts)), "doc_id": ids, "text": texts, "text_sha256": digests}
    kinds = {"row": pl.UInt32, "doc_id": pl.Binary, "text": pl.String, "text_sha256": pl.Binary}
    return pl.DataFrame(columns, schema=kinds)


class Run:
    """All phases over parts of documents, with files in a folder, as a runner would."""

    def __init__(
        self, folder: Path, parts: list[pl.DataFrame], settings: dedup.DedupSettings, partitions: int = 1
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.texts = [folder / f"text-{n}.parquet" for n in range(len(parts))]
        self.files = [folder / f"signed-{n}.parquet" for n in range(len(parts))]
        for part, text, file in zip(parts, self.texts, self.files, strict=True):
            part.write_parquet(text, row_group_size=700)
            dedup.sign(part, settings).write_parquet(file)
        self.members = dedup.exact(self.files, settings)
        found = [
            dedup.candidates(self.files, settings, p, partitions, self.members) for p in range(partitions)
        ]
        self.pairs = dedup.merge_pairs(found)
        self.verified = [dedup.verify(b, self.texts, settings) for b in dedup.batches(self.pairs, settings)]
        self.edges = dedup.merge(self.members, self.verified, settings)
        self.clusters = dedup.clusters(self.edges)

    def near(self) -> set[tuple[bytes, bytes]]:
        """Return the near-duplicate pairs."""
        return set(self.edges.filter(pl.col("kind") == "near").select("a", "b").rows())


def survivors(run: Run, ids: list[bytes]) -> list[bytes]:
    """Return the ids that a greedy election in the order of `ids` keeps, by the rule for reading EDGES."""
    same = run.edges.filter(pl.col("jaccard") == 1.0)
    leader = {i: i for i in ids} | dict(dedup.clusters(same).select("doc_id", "cluster").rows())
    near: dict[bytes, set[bytes]] = {}
    for a, b in run.edges.filter(pl.col("jaccard") < 1.0).select("a", "b").rows():
        near.setdefault(leader[a], set()).add(leader[b])
        near.setdefault(leader[b], set()).add(leader[a])
    kept: dict[bytes, bytes] = {}
    for i in ids:
        if leader[i] not in kept and not any(n in kept for n in near.get(leader[i], ())):
            kept[leader[i]] = i
    return list(kept.values())
