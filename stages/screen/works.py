"""The operator's registry of protected works: verbatim spans and near-duplicates of what a rights holder named.

A registry is a folder. Each `*.txt` is the text of one work, named by its file; each line of a `*.jsonl` names a
`work` by its `text`, by the `sha256` of its text, or by its `fingerprint` (hashes of its windows, from `fingerprint`),
so that a rights holder need not hand the text over. Windows are folded as the shingles of dedup are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from lineage.errors import InputError, SettingsError
from stages.dedup.signing import composed
from stages.dedup.verification import window_hashes
from stages.screen.matcher import FINDING

DETECTOR = "works-registry@1"
CODE = "protected-work"
LEVELS = ("exact", "near", "verbatim")
#: Units (words; characters of scripts without spaces) of a window: of a verbatim span, and of a set that is compared.
LONG, SHORT = (13, 26), (3, 6)
#: Jaccard similarity of two sets of short windows from which a work is reported as near; thresholds are policy.
FLOOR = 0.5
_ROW = {"work": pl.String, "hash": pl.UInt64}
_CURE = "write {work, text}, {work, sha256} or {work, fingerprint: {long, short}}"


class Registry(NamedTuple):
    """The works of a folder: digest of all its files, digests of whole texts, windows by work (ROW each, distinct)."""

    sha256: str
    works: int
    exact: frozenset[bytes]
    long: pl.DataFrame
    short: pl.DataFrame


def load(folder: str) -> Registry:
    """Return the registry of a folder; an empty one or a line that names no work is an error with file and line."""
    root = Path(folder)
    files = sorted(p for p in root.rglob("*") if p.suffix in (".txt", ".jsonl") and p.is_file())
    if not files:
        raise SettingsError(
            "no work (*.txt, *.jsonl) in this folder", where=folder, cure="set screen.works to '' or fill it"
        )
    digest, names = hashlib.sha256(), set()
    exact: set[bytes] = set()
    long, short, texts = [pl.DataFrame(schema=_ROW)], [pl.DataFrame(schema=_ROW)], []
    for path in files:
        data = path.read_bytes()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(data).digest())
        for where, entry in _entries(path, root, data):
            name = str(entry["work"])
            if name in names:
                raise InputError("two works have this name", where=where, cure="rename one")
            names.add(name)
            if "text" in entry:
                texts.append((name, entry["text"]))
            elif "sha256" in entry:
                exact.add(bytes.fromhex(entry["sha256"]))
            else:
                long.append(_given(name, entry["fingerprint"]["long"]))
                short.append(_given(name, entry["fingerprint"]["short"]))
    exact |= {hashlib.sha256(text.encode()).digest() for _, text in texts}
    long.append(_windows(texts, LONG))
    short.append(_windows(texts, SHORT))
    return Registry(
        digest.hexdigest(), len(names), frozenset(exact), pl.concat(long).unique(), pl.concat(short).unique()
    )


def fingerprint(text: str) -> dict[str, list[str]]:
    """Return {long, short}: the hashes (16 hex digits) of a text's windows; they show no word of it."""
    found = {}
    for name, lengths in (("long", LONG), ("short", SHORT)):
        hashes = _windows([("", text)], lengths)["hash"].unique().sort()
        found[name] = [f"{value:016x}" for value in hashes]
    return found


def find(texts: pl.Series, registry: Registry) -> pl.DataFrame:
    """Return FINDING of texts without nulls, the nearest work per level.

    exact: the whole text is a work (score 1). near: Jaccard similarity of the sets of short windows, from FLOOR on.
    verbatim: `n` distinct long windows shared; score: the larger share, of the text's windows or of the work's.
    """
    frames = [pl.DataFrame(schema=FINDING)]
    if registry.exact:
        same = [i for i, t in enumerate(texts) if hashlib.sha256(t.encode()).digest() in registry.exact]
        rows = pl.DataFrame({"text": same}, schema={"text": pl.UInt32})
        frames.append(_hits(rows.with_columns(score=pl.lit(1.0), n=pl.lit(1)), "exact"))
    nfc = composed(texts)
    shared = pl.col("n")
    near = _shared(nfc, registry.short, SHORT).with_columns(
        score=shared / (pl.col("of_text") + pl.col("of_work") - shared)
    )
    frames.append(_hits(near.filter(pl.col("score") >= FLOOR), "near"))
    spans = _shared(nfc, registry.long, LONG).with_columns(
        score=pl.max_horizontal(shared / pl.col("of_text"), shared / pl.col("of_work"))
    )
    frames.append(_hits(spans, "verbatim"))
    return pl.concat(frames)


def code_digest() -> str:
    """Return the sha256 of what is done with a registry."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _shared(texts: pl.Series, index: pl.DataFrame, lengths: tuple[int, int]) -> pl.DataFrame:
    """Return (text, work, n distinct windows shared, of_text, of_work) of every text and work with one in common."""
    hashes, counts = window_hashes(texts, np.array(lengths, np.int64))
    known = index["hash"].unique().sort().to_numpy()
    place = np.searchsorted(known, hashes)
    hit = np.zeros(len(hashes), bool)
    inside = place < len(known)
    hit[inside] = known[place[inside]] == hashes[inside]
    owner = np.repeat(np.arange(len(texts), dtype=np.uint32), counts)
    met = np.zeros(len(texts), bool)
    met[owner[hit]] = True
    mine = met[owner]  # only texts with a window in common are counted
    rows = pl.DataFrame(
        {"text": owner[mine], "hash": hashes[mine]}, schema={"text": pl.UInt32, "hash": pl.UInt64}
    )
    rows = rows.unique()
    of_text = rows.group_by("text").agg(of_text=pl.len())
    of_work = index.group_by("work").agg(of_work=pl.len())
    both = rows.join(index, on="hash").group_by("text", "work").agg(n=pl.len())
    return both.join(of_text, on="text").join(of_work, on="work")


def _hits(rows: pl.DataFrame, level: str) -> pl.DataFrame:
    if "work" in rows.columns:
        rows = rows.sort(["text", "score", "n", "work"], descending=[False, True, True, False])
        rows = rows.unique("text", keep="first", maintain_order=True)
    named = rows.with_columns(
        code=pl.lit(CODE), detector=pl.lit(DETECTOR), level=pl.lit(level), score=pl.col("score").round(4)
    )
    return named.select(pl.col(name).cast(kind) for name, kind in FINDING.items())


def _windows(texts: list[tuple[str, str]], lengths: tuple[int, int]) -> pl.DataFrame:
    """Return ROW of the windows of works; a text shorter than one window has none."""
    if not texts:
        return pl.DataFrame(schema=_ROW)
    column = composed(pl.Series("text", [text for _, text in texts], dtype=pl.String))
    hashes, counts = window_hashes(column, np.array(lengths, np.int64))
    whole = np.repeat(counts > 1, counts)  # one window alone may be cut short
    names = pl.Series("work", [name for name, _ in texts], dtype=pl.String)
    owner = names.gather(np.repeat(np.arange(len(texts)), counts)[whole])
    return pl.DataFrame({"work": owner, "hash": hashes[whole]}, schema=_ROW).unique(maintain_order=True)


def _given(name: str, values: list[str]) -> pl.DataFrame:
    hashes = [int(value, 16) for value in values]
    return pl.DataFrame({"work": [name] * len(hashes), "hash": hashes}, schema=_ROW)


def _entries(path: Path, root: Path, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not UTF-8", where=str(path), cure="write the work as UTF-8 text") from None
    if path.suffix == ".txt":
        yield (
            str(path),
            {"work": path.relative_to(root).with_suffix("").as_posix(), "text": text.rstrip("\r\n")},
        )
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield f"{path}:{number}", _entry(line, f"{path}:{number}")


def _entry(line: str, where: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        said = [name for name in ("text", "sha256", "fingerprint") if name in entry]
        if not entry.get("work") or len(said) != 1:
            raise ValueError
        if said == ["sha256"] and len(bytes.fromhex(entry["sha256"])) != 32:
            raise ValueError
        if said == ["text"] and not isinstance(entry["text"], str):
            raise ValueError
        if said == ["fingerprint"]:
            for name in ("long", "short"):
                _given("", entry["fingerprint"][name])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise InputError("not a line of a registry of works", where=where, cure=_CURE) from None
    return entry
