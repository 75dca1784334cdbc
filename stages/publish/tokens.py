"""How many tokens a text has, by a tokenizer that is named, so that the figure can be counted again."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from lineage.digests import sha256_file
from lineage.errors import SettingsError
from stages.file_state import state

#: One token: a Han character or kana; a run of other letters, marks and digits; any other character but white space.
WORDS_HAN = "words-han@1"
_ONE_BY_ONE = r"\p{Han}\p{Hiragana}\p{Katakana}"
_TOKEN = rf"[{_ONE_BY_ONE}]|[[\p{{L}}\p{{M}}\p{{N}}]--[{_ONE_BY_ONE}]]+|[^\s\p{{L}}\p{{M}}\p{{N}}]"
_AT_ONCE = 1_000  # texts given to a tokenizer file at a time, so that memory holds few encodings


def named(tokenizer: str, root: Path) -> str:
    """Return the tokenizer's name as manifests write it: the built-in one, or file name and digest of a JSON file."""
    if tokenizer == WORDS_HAN:
        return tokenizer
    path = root / tokenizer
    if not path.is_file():
        raise SettingsError(
            f"no tokenizer is called {tokenizer!r}, and no such file is here",
            where="params.yaml: publish.tokenizer",
            cure=f"write {WORDS_HAN}, or the path of a tokenizer.json inside the project",
        )
    return f"{path.stem}@{sha256_file(path)[:16]}"


def count(texts: pl.Series, tokenizer: str, root: Path) -> dict[str, Any]:
    """Return {tokenizer, n}: the tokens of all `texts`, without marks that a tokenizer would add around a text."""
    name = named(tokenizer, root)
    if tokenizer == WORDS_HAN:
        n = texts.str.count_matches(_TOKEN).sum()
    else:
        n = _by_file(texts.drop_nulls().to_list(), str(root / tokenizer))
    return {"tokenizer": name, "n": int(n or 0)}


def total(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the sum of counts by one tokenizer; None where there is none, or where two tokenizers were used."""
    names = {r["tokenizer"] for r in rows}
    return {"tokenizer": names.pop(), "n": sum(r["n"] for r in rows)} if len(names) == 1 else None


def _by_file(texts: list[str], path: str) -> int:
    reader = _load(path, state(path))
    n = 0
    for start in range(0, len(texts), _AT_ONCE):
        batch = reader.encode_batch_fast(texts[start : start + _AT_ONCE], add_special_tokens=False)
        n += sum(len(encoding) for encoding in batch)
    return n


@lru_cache(maxsize=1)
def _load(path: str, files: tuple[tuple[str, int, int], ...]) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        cure = "pip install 'hallmark[tokens]', or set publish.tokenizer to " + WORDS_HAN
        raise SettingsError("a tokenizer file needs the extra `tokens`", where=path, cure=cure) from None
    try:
        reader = Tokenizer.from_file(path)
    except Exception as error:  # the library raises bare Exception for every defect of a file
        raise SettingsError(
            f"not a tokenizer: {error}", where=path, cure="save it with tokenizers' Tokenizer.save"
        ) from None
    reader.no_truncation()  # a limit for training batches would cut the count
    reader.no_padding()
    return reader
