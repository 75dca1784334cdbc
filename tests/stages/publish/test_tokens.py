"""Token counts: a named tokenizer, the same figure whoever counts, nothing added or cut."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import SettingsError
from stages.publish.manifest import merge
from stages.publish.tokens import WORDS_HAN, count, named, total


@pytest.mark.parametrize(
    "text, n",
    [
        ("", 0),
        (" \n\t", 0),
        ("two words", 2),
        ("don't stop.", 5),
        ("数据标注", 4),
        ("用Python3写", 3),
        ("ひらカタ", 4),
        ("e\u0301te\u0301", 1),
        ("한국어 문장", 2),
        ("3.14", 3),
    ],
)
def test_words_are_runs_and_han_characters_count_alone(text, n, tmp_path):
    assert count(pl.Series([text]), WORDS_HAN, tmp_path) == {"tokenizer": WORDS_HAN, "n": n}


@given(st.lists(st.text(max_size=40), max_size=6))
def test_a_batch_counts_what_its_texts_count(texts):
    own = [count(pl.Series([t]), WORDS_HAN, None)["n"] for t in texts]
    assert count(pl.Series(texts, dtype=pl.String), WORDS_HAN, None)["n"] == sum(own)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_latin_text_counts_as_a_plain_reading_of_the_rule(text):
    n, inside = 0, False
    for char in text:
        wordy = unicodedata.category(char)[0] in "LMN"
        n += not (wordy and inside)
        inside = wordy
    assert count(pl.Series([text]), WORDS_HAN, None)["n"] == n


@pytest.fixture
def file(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2, "[CLS]": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 3)])
    made.enable_truncation(2)
    made.enable_padding()
    made.save(str(tmp_path / "small.json"))
    return tmp_path


def test_a_tokenizer_file_is_named_by_its_digest_and_counts_whole_texts(file):
    found = count(pl.Series(["a b a b", None, "b"]), "small.json", file)
    assert found["n"] == 5 and found["tokenizer"].startswith("small@") and len(found["tokenizer"]) == 22
    (file / "small.json").write_text((file / "small.json").read_text() + "\n")
    assert named("small.json", file) != found["tokenizer"]


@pytest.mark.parametrize("content", [None, "{}", "no json"])
def test_a_tokenizer_that_is_none_is_refused_by_name(tmp_path, content):
    if content is not None:
        (tmp_path / "t.json").write_text(content)
    with pytest.raises(SettingsError, match="tokenizer"):
        count(pl.Series(["a"]), "t.json", tmp_path)


def test_counts_of_two_tokenizers_are_never_added():
    one, two = {"tokenizer": "a@1", "n": 2}, {"tokenizer": "b@1", "n": 3}
    assert total([one, one]) == {"tokenizer": "a@1", "n": 4}
    assert total([one, two]) is None and total([]) is None
    assert merge([])["tokens"] is None
