"""The `screen:` block of params.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from stages.screen.corpus_settings import CorpusSettings
from stages.screen.external_settings import ExternalSettings

LEXICONS = (
    "terrorism",
    "hatred",
    "discrimination",
    "violence-sexual",
    "sexual-minors",
    "illegal-trade",
    "self-harm",
    "insult",
    "piracy",
    "doxxing",
)
MODELS = (
    "discrimination-zh",
    "hate-en",
    "harm-zh",
    "harm-en",
    "semantic-zh",
    "semantic-en",
    "cbrn-topic-zh",
    "cbrn-topic-en",
)


class ScreenSettings(BaseModel):
    """What the screen looks for and where its lists and models come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lexicons: tuple[str, ...] = Field(LEXICONS, description="Shipped lexicons to run, by name.")
    operator_lexicons: str = Field(
        "", description="Folder with the operator's own lexicon files (*.yaml); empty: none."
    )
    models: tuple[str, ...] = Field(MODELS, description="Shipped classifiers to run, by name.")
    operator_models: str = Field(
        "",
        description="Folder with the operator's own classifiers (*.bin|*.ftz|*.lin|*.vec, each with its card *.json).",
    )
    embedding: str = Field(
        "",
        description="Folder with an embedding model (model.onnx, tokenizer.json, head.json) in place of `semantic-*`; "
        "empty: none.",
    )
    secrecy: bool = Field(True, description="Look for secrecy, work-secret and trade-secret markings.")
    markers: bool = Field(
        True,
        description="Look for shapes of important data: tables of coordinates, plant networks, route marks.",
    )
    cbrn: bool = Field(
        True, description="Look for names, CAS numbers and topics of public CBRN control lists."
    )
    poisoning: bool = Field(True, description="Look for hidden text, prompt injection and encoded payloads.")
    works: str = Field(
        "",
        description="Folder with the operator's registry of protected works (*.txt, *.jsonl); empty: none.",
    )
    corpus: CorpusSettings = Field(
        CorpusSettings(), description="Signs of poisoning over the whole corpus: bursts, triggers, changes."
    )
    classifier_floor: float = Field(
        0.2, ge=0, le=1, description="Classifier scores below this are not stored; thresholds are policy."
    )
    window_chars: int = Field(
        400, ge=100, description="Long documents are classified in windows of this length; the worst counts."
    )
    external: tuple[ExternalSettings, ...] = Field(
        (), description="The operator's own models behind a command or a loopback endpoint."
    )
    block_mb: float = Field(4.0, gt=0, description="Text is screened in blocks of about this many MB.")
