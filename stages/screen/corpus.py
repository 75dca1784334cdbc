"""Signs of poisoning that one document cannot show: trigger phrases, bursts of near-duplicates, changed documents.

Pure functions over statistics of parts: `phrases(texts)` per part, `triggers(parts)` once, `mark(texts, found)` per
part. `bursts` reads what dedup found, `changes` the ingest tables of two revisions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numba
import numpy as np
import polars as pl

from stages.screen import fold
from stages.screen.corpus_settings import CorpusSettings
from stages.screen.fold import _decode, _is_han

DETECTOR = "poison-corpus@1"
CODES = ("poison-burst", "poison-revision", "poison-trigger")
WORDS, HAN = 4, 8  # tokens of one phrase: words, or Han characters
PHRASES = {
    "phrase": pl.UInt64,
    "docs": pl.UInt32,
    "count": pl.UInt32,  # occurrences
    "lefts": pl.UInt32,  # different tokens before it
    "rights": pl.UInt32,  # different tokens after it
    "novel": pl.UInt32,  # neighbouring pairs inside it of tokens that are common, but never neighbours elsewhere
    "pairs": pl.UInt32,  # neighbouring pairs inside it
}


def phrases(texts: pl.Series) -> pl.DataFrame:
    """Return PHRASES of one part: every phrase of 4 words or 8 Han characters that two documents share."""
    tokens, docs = _read(texts)
    if len(tokens) <= HAN:
        return pl.DataFrame(schema=PHRASES)
    grams, sizes = _grams(tokens["token"].to_numpy(), tokens["han"].to_numpy(), docs)
    pairs = _pairs(tokens["token"].to_numpy(), docs)
    seen = _repeated(grams)
    frame = pl.DataFrame({"phrase": grams[seen], "at": seen, "doc": docs[seen], "size": sizes[seen]})
    frame = frame.filter(pl.col("doc").n_unique().over("phrase") > 1)
    at = frame["at"].to_numpy()
    left, right = _around(tokens["token"].to_numpy(), docs, at, frame["size"].to_numpy())
    uses = frame.select(pl.len().over("phrase"))["len"].to_numpy()
    inside = _places(at, frame["size"].to_numpy(), len(docs))
    pair_count, token_count = _counts(pairs, inside), _counts(tokens["token"].to_numpy(), inside)
    novel = _inside(pair_count, token_count, at, frame["size"].to_numpy(), uses)
    frame = frame.with_columns(pl.Series("left", left), pl.Series("right", right), pl.Series("new", novel))
    return (
        frame.group_by("phrase")
        .agg(
            pl.col("doc").n_unique().alias("docs"),
            pl.len().alias("count"),
            pl.col("left").n_unique().alias("lefts"),
            pl.col("right").n_unique().alias("rights"),
            pl.col("new").min().alias("novel"),
            (pl.col("size").min() - 1).alias("pairs"),
        )
        .select(list(PHRASES))
        .cast(PHRASES)
        .sort("phrase")
    )


def triggers(parts: list[tuple[str, int, pl.DataFrame]], settings: CorpusSettings) -> pl.DataFrame:
    """Return the phrases that look like triggers: (phrase, source, docs, share, elsewhere), most frequent first.

    `parts` are (source, documents, PHRASES). A trigger is concentrated in one source, stands among ever different
    words, and joins words that are otherwise never neighbours; quotations and boilerplate fail the last two.
    """
    if not parts:
        return pl.DataFrame(schema={"phrase": pl.UInt64, "source": pl.String})
    sizes = pl.DataFrame(
        [(source, docs) for source, docs, _ in parts],
        schema={"source": pl.String, "of": pl.UInt32},
        orient="row",
    )
    sizes = sizes.group_by("source").agg(pl.col("of").sum().cast(pl.Int64))
    whole = sizes["of"].sum()
    both = pl.concat([frame.with_columns(source=pl.lit(source)) for source, _, frame in parts])
    found = both.group_by("phrase", "source").agg(
        pl.col("docs", "count", "lefts", "rights").sum().cast(pl.Int64), pl.col("novel", "pairs").min()
    )
    found = found.join(sizes, on="source").with_columns(all=pl.col("docs").sum().over("phrase"))
    elsewhere = (pl.col("all") - pl.col("docs")) / pl.max_horizontal(whole - pl.col("of"), pl.lit(1))
    share = pl.col("docs") / pl.col("of")
    found = found.with_columns(share.round(6).alias("share"), elsewhere.round(6).alias("elsewhere"))
    edge = pl.max_horizontal("lefts", "rights") >= settings.varied * pl.col("count")
    asked = pl.when(pl.col("pairs") == HAN - 1).then(settings.novel_han).otherwise(settings.novel)
    once = pl.col("count") <= 1.2 * pl.col("docs")
    return (
        found.filter(
            (pl.col("docs") >= settings.min_docs)
            & (pl.col("share") <= settings.max_share)
            & (pl.col("share") > settings.contrast * pl.col("elsewhere"))
            & (pl.col("novel") >= asked * pl.col("pairs"))
            & edge
            & once
        )
        .select("phrase", "source", "docs", "share", "elsewhere")
        .sort(["docs", "phrase"], descending=[True, False])
    )


def mark(texts: pl.Series, found: pl.DataFrame) -> pl.DataFrame:
    """Return findings (text, code, detector, level, score, n) of the documents that hold a phrase of `triggers`."""
    schema = {"text": pl.UInt32, "n": pl.UInt32}
    tokens, docs = _read(texts)
    if found.is_empty() or len(tokens) <= HAN:
        return _findings(pl.DataFrame(schema=schema), "poison-trigger", 0.7)
    grams, _ = _grams(tokens["token"].to_numpy(), tokens["han"].to_numpy(), docs)
    hit = np.isin(grams, found["phrase"].to_numpy())
    rows = pl.DataFrame({"text": docs[hit]}).group_by("text").agg(pl.len().alias("n")).cast(schema)
    return _findings(rows.sort("text"), "poison-trigger", 0.7)


def bursts(frame: pl.DataFrame, settings: CorpusSettings) -> pl.DataFrame:
    """Return the clusters that came in a burst: (source, cluster, docs, span).

    `frame` has source, cluster (null: alone) and `order` (number of the document in its source, by place or date).
    `span` is the share of the source's documents between the first and the last of the densest `burst_docs`.
    """
    size = frame.group_by("source").agg(pl.len().alias("of"))
    members = (
        frame.filter(pl.col("cluster").is_not_null())
        .sort("source", "cluster", "order")
        .join(size, on="source")
    )
    back = settings.burst_docs - 1
    reach = (pl.col("order") - pl.col("order").shift(back).over("source", "cluster")).cast(pl.Int64)
    members = members.with_columns(reach.alias("reach"))
    return (
        members.group_by("source", "cluster")
        .agg(pl.len().alias("docs"), (pl.col("reach").min() / pl.col("of").first()).round(6).alias("span"))
        .filter((pl.col("docs") >= settings.burst_docs) & (pl.col("span") <= settings.burst_window))
        .sort(["docs", "source", "cluster"], descending=[True, False, False])
    )


def changes(before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:
    """Return what happened between two revisions of a source: counts, share, and the doc_ids that changed.

    Both frames have doc_id and text_sha256. A changed document keeps its id and has another text.
    """
    both = before.select("doc_id", old="text_sha256").join(
        after.select("doc_id", new="text_sha256"), on="doc_id", how="full", coalesce=True
    )
    old, new = pl.col("old").is_not_null(), pl.col("new").is_not_null()
    changed = both.filter(old & new & (pl.col("old") != pl.col("new")))["doc_id"].sort()
    counts = both.select(
        added=(~old & new).sum(), removed=(old & ~new).sum(), kept=(pl.col("old") == pl.col("new")).sum()
    ).row(0, named=True)
    share = round(len(changed) / max(before.height, 1), 4)
    return {**counts, "changed": len(changed), "share": share, "doc_ids": changed.to_list()}


def digest() -> str:
    """Return the sha256 of all that can change a finding but the settings."""
    return hashlib.sha256(fold.digest().encode() + Path(__file__).read_bytes()).hexdigest()


def _findings(rows: pl.DataFrame, code: str, score: float) -> pl.DataFrame:
    fixed = {"code": code, "detector": DETECTOR, "level": "flag"}
    return rows.select(
        "text", *(pl.lit(v).alias(k) for k, v in fixed.items()), pl.lit(score).alias("score"), "n"
    )


def _read(texts: pl.Series) -> tuple[pl.DataFrame, np.ndarray]:
    folded, ends = fold.fold(*fold.utf8_parts(texts.to_arrow()))
    token, doc, han = _tokens(folded, np.ascontiguousarray(ends, np.int64))
    return pl.DataFrame({"token": token, "han": han}), doc


def _repeated(grams: np.ndarray) -> np.ndarray:
    """Return the places whose value occurs at least twice; 0 is no phrase."""
    maybe = np.flatnonzero(_crowded(grams, _bits(len(grams))))
    ranked = np.sort(grams[maybe])
    twice = _distinct(ranked[1:][ranked[1:] == ranked[:-1]])
    if not len(twice):
        return maybe[:0]
    near = np.minimum(np.searchsorted(twice, grams[maybe]), len(twice) - 1)
    return maybe[twice[near] == grams[maybe]]


def _places(at: np.ndarray, size: np.ndarray, n: int) -> np.ndarray:
    """Return the sorted places of all tokens of phrases that begin `at`, of n."""
    mask = np.zeros(n, bool)
    for k in range(HAN):
        mask[at[size > k] + k] = True
    return np.flatnonzero(mask)


def _counts(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return how often the values at the `wanted` places occur, at those places; 0 elsewhere."""
    asked = _distinct(values[wanted])
    counts = np.zeros(len(values), np.int64)
    if len(asked):
        counts[wanted] = _tally(values, asked, _bits(len(asked)) + 3)[np.searchsorted(asked, values[wanted])]
    return counts


def _distinct(values: np.ndarray) -> np.ndarray:
    """Return the different values in order; sorting beats numpy's hashing by far at these sizes."""
    ranked = np.sort(values)
    return ranked[np.concatenate(([True], ranked[1:] != ranked[:-1]))] if len(ranked) else ranked


def _bits(n: int) -> int:
    """Return the size of a hash table for n values, as a power of two."""
    return max(10, int(n).bit_length() + 1)


@numba.njit(cache=True, nogil=True)
def _slot(value, bits):
    return np.int64((value * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits))


@numba.njit(cache=True, nogil=True)
def _crowded(values, bits):
    """Return whether a value shares its slot of a table with one before or after it; 0 never does."""
    seen = np.zeros(1 << bits, np.uint8)
    for i in range(values.size):
        if values[i] != 0:
            slot = _slot(values[i], bits)
            seen[slot] = min(2, seen[slot] + 1)
    result = np.zeros(values.size, np.bool_)
    for i in range(values.size):
        result[i] = values[i] != 0 and seen[_slot(values[i], bits)] == 2
    return result


@numba.njit(cache=True, nogil=True)
def _tally(values, asked, bits):
    """Return how often each of `asked` (different values) occurs among `values`."""
    mask = (1 << bits) - 1
    table = np.full(1 << bits, -1, np.int64)
    for k in range(asked.size):
        slot = _slot(asked[k], bits)
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = k
    counts = np.zeros(asked.size, np.int64)
    for i in range(values.size):
        slot = _slot(values[i], bits)
        while table[slot] >= 0:
            if asked[table[slot]] == values[i]:
                counts[table[slot]] += 1
                break
            slot = (slot + 1) & mask
    return counts


@numba.njit(cache=True, nogil=True)
def _tokens(folded, ends):
    """Return hashes of words and Han characters, the document of each, and whether it is Han."""
    token, doc = np.empty(folded.size + 1, np.uint64), np.empty(folded.size + 1, np.int32)
    han = np.empty(folded.size + 1, np.bool_)
    t = 0
    for d in range(ends.size - 1):
        value, length, i = np.uint64(1469598103934665603), 0, ends[d]
        while i < ends[d + 1]:
            c, step = _decode(folded, i)
            i += step
            alone = _is_han(c)
            word = (
                not alone
                and (c >= 0xC0 or 0x30 <= c <= 0x39 or 0x61 <= c <= 0x7A)
                and not 0x2000 <= c <= 0x303F
            )
            if word and not 0xFF00 <= c <= 0xFF0F:
                value, length = (value ^ np.uint64(c)) * np.uint64(1099511628211), length + 1
                continue
            if length:
                token[t], doc[t], han[t] = value, d, False
                t, value, length = t + 1, np.uint64(1469598103934665603), 0
            if alone:
                token[t], doc[t], han[t] = np.uint64(c) * np.uint64(0x9E3779B97F4A7C15), d, True
                t += 1
        if length:
            token[t], doc[t], han[t] = value, d, False
            t += 1
    return token[:t], doc[:t], han[:t]


@numba.njit(cache=True, nogil=True)
def _grams(token, han, docs):
    """Return at each place the hash of the phrase that begins there (0: none) and its number of tokens."""
    n = token.size
    result, sizes = np.zeros(n, np.uint64), np.zeros(n, np.int32)
    for i in range(n):
        size = 8 if han[i] else 4
        if i + size > n or docs[i + size - 1] != docs[i]:
            continue
        value = np.uint64(size)
        for k in range(size):
            value = (value ^ token[i + k]) * np.uint64(0xFF51AFD7ED558CCD)
            value ^= value >> np.uint64(33)
        result[i], sizes[i] = value | np.uint64(1), size
    return result, sizes


@numba.njit(cache=True, nogil=True)
def _pairs(token, docs):
    result = np.zeros(token.size, np.uint64)
    for i in range(token.size - 1):
        if docs[i] == docs[i + 1]:
            value = (token[i] ^ (token[i + 1] >> np.uint64(7))) * np.uint64(0xC4CEB9FE1A85EC53)
            result[i] = (value ^ token[i + 1]) * np.uint64(0xFF51AFD7ED558CCD)
    return result


@numba.njit(cache=True, nogil=True)
def _around(token, docs, at, size):
    """Return the tokens before and after each phrase; the border of a document is different each time."""
    left, right = np.empty(at.size, np.uint64), np.empty(at.size, np.uint64)
    for k in range(at.size):
        a, b = at[k] - 1, at[k] + size[k]
        left[k] = token[a] if a >= 0 and docs[a] == docs[at[k]] else np.uint64(docs[at[k]])
        right[k] = token[b] if b < token.size and docs[b] == docs[at[k]] else np.uint64(docs[at[k]])
    return left, right


@numba.njit(cache=True, nogil=True)
def _inside(pair_count, token_count, at, size, uses):
    """Return per phrase how many of its pairs occur only in it although both tokens are common outside of it.

    Names are no news: their words are always neighbours, and seldom found without each other.
    """
    novel = np.zeros(at.size, np.int64)
    for k in range(at.size):
        for i in range(at[k], at[k] + size[k] - 1):
            outside = min(token_count[i], token_count[i + 1]) - uses[k]
            common = outside >= min(2 * uses[k], 50)
            novel[k] += common and pair_count[i] <= uses[k]
    return novel
