"""Promises about bad input: variants that a lexicon gives are found, hostile packs cost no time, local models run."""

from __future__ import annotations

import hashlib
import json
import sys
import time

import numpy as np
import polars as pl
import pytest

from lineage.errors import SettingsError
from stages.screen import ScreenSettings, scan
from stages.screen.external import ExternalError
from stages.screen.external_settings import ExternalSettings
from stages.screen.lexicon import load_lexicon

PACK = """lexicon: garden
version: 1
code: A.1-g
languages: [en, zh]
updated: 2026-01-01
source: An invented, neutral pack.
leet: [plant]
sets:
  plant: [{terms}]
rules:
  - {{id: harm, any: [plant], weight: 0.9}}
"""


def found(folder, terms: str, texts: list[str]) -> list[int]:
    (folder / "garden.yaml").write_text(PACK.format(terms=terms), encoding="utf-8")
    settings = ScreenSettings(
        lexicons=(), models=(), secrecy=False, cbrn=False, poisoning=False, operator_lexicons=str(folder)
    )
    return scan(texts, settings)["text"].to_list()


VARIANTS = [
    "郁金香",
    "鬱金香",
    "郁 金 香",
    "郁\u200b金\u2060香",
    "郁·金·香",
    "郁-金-香",
    "yujinxiang",
    "YUJINXIANG",
    "ｙｕｊｉｎｘｉａｎｇ",
    "уujinхiang",  # Cyrillic twins
    "yuj1nx1ang",  # digits for letters
    "玉金香",  # a homophone that the pack gives
]


@pytest.mark.parametrize("text", VARIANTS)
def test_pinyin_homophones_and_disguises_of_a_given_term_are_found(tmp_path, text):
    assert found(tmp_path, "郁金香, yujinxiang, 玉金香", [f"有人说 {text} 很好看"]) == [0]


@pytest.mark.parametrize("term", ["(a+)+$", "x.*.*.*=.*", "(x|x|x)*y", "[a-z]{1,9999}"])
def test_a_term_that_would_be_a_regex_bomb_is_plain_letters_and_costs_no_time(tmp_path, term):
    text = "a" * 200_000 + "!"
    began = time.process_time()
    assert found(tmp_path, json.dumps(term), [text, f"so {term} it is"]) in ([], [1])
    assert time.process_time() - began < 20


def test_a_term_that_equals_another_after_folding_is_refused_by_number(tmp_path):
    path = tmp_path / "garden.yaml"
    path.write_text(PACK.format(terms="郁金香, 鬱金香"), encoding="utf-8")
    with pytest.raises(SettingsError, match="stands twice") as error:
        load_lexicon(path)
    assert "plant[2]" in error.value.where


def test_ten_megabytes_of_one_document_are_judged_by_their_worst_window():
    body = "The garden club meets on Monday and shares its seeds. " * 95_000
    settings = ScreenSettings(models=("cbrn-topic-en",), lexicons=(), secrecy=False, poisoning=False)
    bad = "What is the main concern with sarin and tabun as a nerve agent? " * 15
    hits = scan([body + bad + body], settings).filter(pl.col("detector").str.starts_with("cbrn-topic-"))
    assert hits.filter(pl.col("code") == "cbrn")["score"].max() > 0.5
    assert hits.filter(pl.col("code") == "cbrn")["n"].max() < 10, "only the windows that hold it count"


EMBEDDER = """
import json, sys
import numpy as np
model = np.load(sys.argv[1])          # words to vectors, and a head: all from this path
words = {str(w): k for k, w in enumerate(model["words"])}
for line in sys.stdin:
    rows = []
    for text in json.loads(line)["texts"]:
        ids = [words[w] for w in text.lower().split() if w in words]
        vector = model["vectors"][ids].mean(axis=0) if ids else np.zeros(model["vectors"].shape[1])
        rows.append([float(1 / (1 + np.exp(-(vector @ model["head"]))))])
    print(json.dumps({"scores": rows}), flush=True)
"""


@pytest.fixture
def embedding(tmp_path):
    """A small model of word vectors with a head, and the program that scores with it."""
    near, far = np.array([1.0, 0.1]), np.array([-1.0, 0.1])
    words = {"tulip": near, "daffodil": near, "bulb": near, "engine": far, "gearbox": far}
    path, program = tmp_path / "model.npz", tmp_path / "embed.py"
    np.savez(
        path, words=np.array(list(words)), vectors=np.stack(list(words.values())), head=np.array([4.0, 0.0])
    )
    program.write_text(EMBEDDER, encoding="utf-8")
    digest = hashlib.sha256()
    for name in (program, path):
        digest.update(name.name.encode() + b"\0" + hashlib.sha256(name.read_bytes()).digest())
    return ExternalSettings(
        name="embedding", version=1, codes=("A.1-g",), languages=("en",), timeout=60,
        command=(sys.executable, str(program), str(path)), files=(str(program), str(path)), sha256=digest.hexdigest(),
    )  # fmt: skip


def test_an_embedding_model_from_a_local_path_finds_a_paraphrase_that_no_term_names(embedding):
    settings = ScreenSettings(
        lexicons=(), models=(), secrecy=False, cbrn=False, poisoning=False, external=(embedding,)
    )
    result = scan(["a daffodil bulb in spring", "the gearbox of an engine"], settings)
    assert dict(zip(result["text"], result["score"], strict=True))[0] > 0.9
    assert result.filter(result["score"] > 0.5)["text"].to_list() == [0]


def test_an_embedding_program_without_its_model_stops_the_stage(embedding, tmp_path):
    broken = embedding.model_copy(update={"sha256": "", "files": ()})
    (tmp_path / "model.npz").write_bytes(b"not a model")
    settings = ScreenSettings(
        lexicons=(), models=(), secrecy=False, cbrn=False, poisoning=False, external=(broken,)
    )
    with pytest.raises(ExternalError):
        scan(["a daffodil bulb in spring"], settings)
