"""transformers and GLiNER for real: tiny models made here, read from a local folder without a network.

Not part of `make test`: torch is too heavy for it. `make test-engines` installs it and runs this folder.
"""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
import torch
from gliner import GLiNER, GLiNERConfig
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

from stages.pii import PiiSettings, detectors, engine, models, scan
from stages.pii.settings import ModelEngine

WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "nemo", "nobody", "left", "to", "sea", "the", ".", ",",
    "吴", "名", "氏", "去", "了", "海", "边",
]  # fmt: skip
NAMES = {"nemo": 1, "nobody": 2, "吴": 1, "名": 2, "氏": 2}
LESSONS = ("Nemo Nobody left to the sea.", "the sea left Nemo Nobody .", "吴名氏去了海边", "the sea")


@pytest.fixture(scope="session")
def tagger(tmp_path_factory) -> Path:
    """Save a token classifier of one layer that learned two names, and return its folder."""
    folder = tmp_path_factory.mktemp("tagger") / "model"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    vocabulary = str(folder / "vocab.txt")
    tokenizer = BertTokenizerFast(vocab=vocabulary, vocab_file=vocabulary, do_lower_case=True)
    torch.manual_seed(0)
    labels = {0: "O", 1: "B-PER", 2: "I-PER"}
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, id2label=labels, label2id={v: k for k, v in labels.items()},
    )  # fmt: skip
    model = BertForTokenClassification(config)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        for lesson in LESSONS:
            given = tokenizer(lesson, return_tensors="pt")
            tokens = tokenizer.convert_ids_to_tokens(given["input_ids"][0])
            model(**given, labels=torch.tensor([[NAMES.get(t, 0) for t in tokens]])).loss.backward()
            optimiser.step()
            optimiser.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def spotter(tagger: Path, tmp_path_factory) -> Path:
    """Save a GLiNER model of random weights, and return the folder it was moved to."""
    torch.manual_seed(0)
    config = GLiNERConfig(
        model_name=str(tagger), hidden_size=16, max_width=3, max_len=64, dropout=0.0, has_rnn=False,
        subtoken_pooling="first", span_mode="markerV0", words_splitter_type="whitespace",
    )  # fmt: skip
    made = tmp_path_factory.mktemp("spotter")
    GLiNER.from_config(config, backbone_from_pretrained=False).save_pretrained(str(made / "made"))
    shutil.move(made / "made", made / "model")
    return made / "model"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch) -> None:
    def refuse(*args, **kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def settings(folder: Path, kind: str, **more) -> PiiSettings:
    digest = models._digest(tuple(models._files(folder)))
    bound = ModelEngine(kind=kind, path=str(folder), sha256=digest, **more)
    return PiiSettings(off=("DATE_TIME", "URL", "UUID"), engine=bound)


def values(text: str, how: PiiSettings) -> list[tuple[str, str]]:
    return [(f.type, text[f.start : f.end]) for f in scan([text], how)]


@pytest.mark.parametrize(
    ("text", "name"),
    [("Nemo Nobody left to the sea.", "Nemo Nobody"), ("吴名氏去了海边", "吴名氏"),
     ("\u200bthe sea left Nemo Nobody", "Nemo Nobody")],
)  # fmt: skip
def test_a_token_classifier_finds_the_names_it_learned(tagger, text, name):
    assert values(text, settings(tagger, "transformers")) == [("PERSON", name)]


def test_a_token_classifier_keeps_to_its_confidence(tagger):
    assert values("Nemo Nobody left to the sea.", settings(tagger, "transformers", confidence=1.0)) == []


def test_a_text_beyond_the_window_is_named_and_loses_no_other(tagger):
    how = settings(tagger, "transformers")
    found, not_run = engine.find(["the sea " * 60 + "left", "Nemo Nobody left"], how)
    assert [[f[0] for f in items] for items in found] == [[], ["PERSON"]]
    assert [bool(names) for names in not_run] == [True, False] and not_run[0][0].endswith(":failed")


def test_gliner_reads_with_our_labels_from_a_moved_folder(spotter):
    how = settings(spotter, "gliner", confidence=0.0, labels=(("person", "PERSON"),))
    text = "nemo nobody left to the sea ."
    found = values(text, how)
    assert found and {kind for kind, _ in found} == {"PERSON"}
    assert all(value and value == value.strip() and value in text for _, value in found)
    assert values(text, settings(spotter, "gliner", confidence=1.0)) == []


@pytest.mark.parametrize("kind", ["transformers", "gliner"])
def test_the_detector_is_bound_to_files_and_libraries(tagger, spotter, kind):
    folder = {"transformers": tagger, "gliner": spotter}[kind]
    (entry,) = [d for d in detectors(settings(folder, kind)) if d["detector"].startswith(kind)]
    assert entry["codes"] == ["PERSON"] and entry["languages"] == ["xx"]
