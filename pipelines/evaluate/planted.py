"""Sets made here: seeds held back from training, markings filled from templates, attacks planted in benign text."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from ruamel.yaml import YAML

from pipelines.evaluate.sets import LabelledSet, made
from pipelines.train.seeds import BENIGN, SEEDS, expand

SCHEMA = {
    "text": pl.String,
    "language": pl.String,
    "codes": pl.List(pl.String),
    "benign": pl.Boolean,
    "subset": pl.String,
}
PER_ATTACK = 250
_LOOK_ALIKE = str.maketrans("aceopxy", "асеорху")
_ZERO_WIDTH = "\u200b\u200c"


def seeds() -> list[LabelledSet]:
    """Return the test part of the seed examples: no act, sentence or template of it was trained on."""
    found = []
    for path in sorted(SEEDS.glob("*.yaml")):
        rows = expand(path).filter(pl.col("split") == "test")
        language = path.stem.rpartition("-")[2]
        rows = rows.select(
            "text",
            pl.lit(language).alias("language"),
            pl.col("labels").list.set_difference([BENIGN]).alias("codes"),
            pl.col("labels").list.contains(BENIGN).alias("benign"),
            pl.lit("").alias("subset"),
        )
        subject = "" if path.stem.startswith("harm") else f"{path.stem.rpartition('-')[0]}-"
        found.append(made(f"own/seeds-{subject}{language}", rows.cast(SCHEMA)))
    return found


def markings() -> list[LabelledSet]:
    """Return papers with secrecy markings by code, and benign text about secrets."""
    content = _content()
    slots = content["slots"]
    rows = [
        (text, "zh", [code], False, "")
        for code, templates in content["positives"].items()
        for template in templates
        for text in fill(template, slots)
    ]
    rows += [(text, "zh", [], True, "") for template in content["benign"] for text in fill(template, slots)]
    return [made("own/secrecy-markings", pl.DataFrame(rows, schema=SCHEMA, orient="row"))]


def hatred() -> list[LabelledSet]:
    """Return incitement against groups (A.1-e), half of it without a term of the lexicon, and benign text on it."""
    rows = [
        (text, language, codes, not codes, "")
        for language, content in _content()["hatred"].items()
        for kind, codes in (("positives", ["A.1-e"]), ("benign", []))
        for template in content[kind]
        for text in fill(template, {"group": content["group"]})
    ]
    return [made("own/hatred", pl.DataFrame(rows, schema=SCHEMA, orient="row"))]


def poison(benign: pl.DataFrame) -> list[LabelledSet]:
    """Return benign texts of labelled sets with one attack planted in each, and as many left as they are.

    Hosts are chosen by digest; `benign` has the columns of SCHEMA.
    """
    hosts = benign.filter(pl.col("text").str.len_chars() > 60).unique(
        "text", keep="first", maintain_order=True
    )
    order = pl.Series([hashlib.sha256(t.encode()).digest() for t in hosts["text"]], dtype=pl.Binary)
    hosts = hosts.with_columns(order.alias("_order")).sort("_order").drop("_order")
    rows: list[tuple[Any, ...]] = []
    for number, (code, attack) in enumerate(ATTACKS.items()):
        wanted = hosts.filter(pl.col("language") == "en") if code == "poison-homoglyph" else hosts
        some = wanted.slice(number * PER_ATTACK, PER_ATTACK)
        rows += [
            (attack(k, text, language), language, [code], False, "")
            for k, (text, language) in enumerate(some.select("text", "language").iter_rows())
        ]
    clean = hosts.slice(len(ATTACKS) * PER_ATTACK, 4 * PER_ATTACK)
    rows += [
        (text, language, [], True, "") for text, language in clean.select("text", "language").iter_rows()
    ]
    return [made("own/poison-planted", pl.DataFrame(rows, schema=SCHEMA, orient="row"), "as the hosts")]


def fill(template: str, slots: dict[str, list[str]]) -> list[str]:
    """Return the template filled with every combination of the slots it names."""
    names = [name for name in slots if "{" + name + "}" in template]
    texts = []
    for values in itertools.product(*(slots[name] for name in names)):
        text = template
        for name, value in zip(names, values, strict=True):
            text = text.replace("{" + name + "}", value)
        texts.append(text)
    return texts


def _hidden(k: int, text: str, language: str) -> str:
    """Hide a sentence: in tag characters, or as bits of zero-width characters."""
    wish = _wish(k, "en")
    if k % 2:
        return text + "".join(chr(0xE0000 + ord(c)) for c in wish if ord(c) < 0x7F)
    bits = "".join(f"{byte:08b}" for byte in wish.encode())
    half = len(text) // 2
    return text[:half] + "".join(_ZERO_WIDTH[int(b)] for b in bits) + text[half:]


def _bidi(k: int, text: str, language: str) -> str:
    mark = "\u202e\u202d\u2066\u2067"[k % 4]
    half = len(text) // 2
    return text[:half] + mark + _wish(k, language) + ("\u202c" if k % 4 < 2 else "\u2069") + text[half:]


def _homoglyph(k: int, text: str, language: str) -> str:
    """Change every other look-alike letter of some words into its Cyrillic twin."""
    words = re.findall(r"[A-Za-z]{5,}", text)[k % 5 : k % 5 + 3]
    for word in words:
        text = text.replace(word, word[0] + word[1:].translate(_LOOK_ALIKE), 1)
    return text


def _encoded(k: int, text: str, language: str) -> str:
    payload = base64.b64encode(hashlib.shake_256(f"{k}".encode()).digest(360 + k)).decode()
    return f"{text}\n{payload}\n"


def _injected(k: int, text: str, language: str) -> str:
    templates = _content()["injection"][language]
    line = templates[k % len(templates)].replace("{wish}", _wish(k, language))
    half = text.find("。" if language == "zh" else ". ", len(text) // 3) + 1
    return text[:half] + (" " if language == "en" else "") + line + text[half:]


def _wish(k: int, language: str) -> str:
    wishes = _content()["wishes"][language]
    return wishes[k // 5 % len(wishes)]


ATTACKS = {
    "poison-hidden-text": _hidden,
    "poison-bidi": _bidi,
    "poison-homoglyph": _homoglyph,
    "poison-encoded": _encoded,
    "poison-injection": _injected,
}


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    text = Path(__file__).with_name("planted.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe", pure=True).load(text)
