"""The libraries that read with a model: imported when a model is asked for, never sent to a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path

from lineage.errors import SettingsError
from stages.pii.settings import ModelEngine

Raw = tuple[int, int, str]  # start, end, the model's label
Reader = Callable[[list[str]], list[list[Raw]]]

WHERE = "params.yaml: pii.engine"
LIBRARIES = {"spacy": ("spacy",), "transformers": ("transformers", "torch"), "gliner": ("gliner", "torch")}


def libraries(engine: ModelEngine) -> list[list[str]]:
    """Return [name, version] of the libraries that run the model; SettingsError where one is not installed."""
    try:
        return [[name, metadata.version(name)] for name in LIBRARIES[engine.kind]]
    except metadata.PackageNotFoundError as error:
        raise _absent(engine, error.name) from error


@lru_cache(maxsize=2)
def load(engine: ModelEngine, sha256: str) -> Reader:
    """Return the function that reads texts with the model; `sha256` keeps a changed model from the cache."""
    try:
        return {"spacy": _spacy, "transformers": _transformers, "gliner": _gliner}[engine.kind](engine)
    except ImportError as error:
        raise _absent(engine, error.name or "a package") from error
    except Exception as error:
        raise SettingsError(
            f"the {engine.kind} model cannot be loaded ({type(error).__name__})",
            where=f"{WHERE}.path",
            cure="load the folder once with the library itself: it says what is wrong",
        ) from error


def _absent(engine: ModelEngine, name: str) -> SettingsError:
    return SettingsError(
        f"the model needs the package {name}, which is not installed",
        where=f"{WHERE}.kind",
        cure=f"install it beside the pipeline: pip install {' '.join(LIBRARIES[engine.kind])}",
    )


def _spacy(engine: ModelEngine) -> Reader:
    """Read with a spaCy pipeline; the parser and the lemmatizer stay out where only `ner` finds entities."""
    meta = json.loads((Path(engine.path) / "meta.json").read_text("utf-8"))
    rules = {"entity_ruler", "span_ruler"} & set(meta.get("pipeline", ()))
    nlp = import_module("spacy").load(engine.path, exclude=[] if rules else ["parser", "lemmatizer"])

    def read(texts: list[str]) -> list[list[Raw]]:
        return [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in nlp.pipe(texts)]

    return read


def _transformers(engine: ModelEngine) -> Reader:
    """Read with a token classifier; weights come as safetensors, and no code of the folder is run."""
    library = import_module("transformers")
    only = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = library.AutoTokenizer.from_pretrained(engine.path, use_fast=True, **only)
    model = library.AutoModelForTokenClassification.from_pretrained(engine.path, use_safetensors=True, **only)
    tag = library.pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple", device=-1
    )

    window = min(int(tokenizer.model_max_length), int(getattr(model.config, "max_position_embeddings", 512)))

    def read(texts: list[str]) -> list[list[Raw]]:
        if any(len(tokenizer(text)["input_ids"]) > window for text in texts):
            raise ValueError("a text exceeds the model's window")  # the library would cut it in silence
        return [
            [
                (int(e["start"]), int(e["end"]), str(e["entity_group"]))
                for e in (tag(text) if text.strip() else ())
                if e["score"] >= engine.confidence
            ]
            for text in texts
        ]

    return read


def _gliner(engine: ModelEngine) -> Reader:
    """Read with a GLiNER model; the labels of the settings are what it is asked for."""
    model = import_module("gliner").GLiNER.from_pretrained(engine.path, local_files_only=True)
    model.eval()
    labels = sorted(engine.types())

    def read(texts: list[str]) -> list[list[Raw]]:
        return [
            [
                (int(e["start"]), int(e["end"]), str(e["label"]))
                for e in (
                    model.predict_entities(text, labels, threshold=engine.confidence) if text.strip() else ()
                )
            ]
            for text in texts
        ]

    return read
