"""The same recognizers without the gate, through Presidio's own AnalyzerEngine: the reference the gate is held to."""

from __future__ import annotations

import logging
from functools import lru_cache

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from stages.pii import batch, common, packs
from stages.pii.catalogue import TYPES
from stages.pii.recognizer import LEFT, Scanner, boost
from stages.pii.resolve import Found, drop_contained
from stages.pii.settings import PiiSettings


class LeftContext(ContextAwareEnhancer):
    """Presidio's hook for context, filled with the rule of this package (see `recognizer.boost`)."""

    def __init__(self) -> None:
        super().__init__(0.35, 0.4, 5, 0)

    def enhance_using_context(self, text, raw_results, nlp_artifacts, recognizers, context=None):
        """Return the results with the scores their context gives them."""
        by_id = {r.id: r for r in recognizers}
        for result in raw_results:
            owner = by_id[result.recognition_metadata[RecognizerResult.RECOGNIZER_IDENTIFIER_KEY]]
            left = text[max(0, result.start - LEFT) : result.start]
            result.score = round(boost(owner, left, result.score), 4)
        return raw_results


@lru_cache(maxsize=4)
def engine(settings_json: str) -> AnalyzerEngine:
    """Return Presidio's engine with the packs as its languages; no tokeniser, no model, no network."""
    settings = PiiSettings.model_validate_json(settings_json)
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry(supported_languages=list(packs.PACKS))
    for pack in packs.PACKS:
        for recognizer in packs.of(pack, settings):
            limits = {
                t: settings.thresholds.get(t, TYPES[t].threshold) for t in recognizer.supported_entities
            }
            recognizer.score_thresholds = limits
            registry.add_recognizer(recognizer)
    nlp = NoOpNlpEngine([{"lang_code": pack, "model_name": "none"} for pack in packs.PACKS])
    return AnalyzerEngine(
        registry, nlp, supported_languages=list(packs.PACKS), context_aware_enhancer=LeftContext()
    )


def find(text: str, settings: PiiSettings) -> list[Found]:
    """Return the findings in one text as `engine.find` does, without a gate."""
    part = batch.make([text])
    pack = str(batch.packs(part)[0][0])
    results = engine(settings.model_dump_json()).analyze(part.text, pack)
    names = {r.name: r.detector for r in packs.of(pack, settings)}
    return drop_contained(
        [
            (
                r.entity_type,
                *part.back(0, r.start, r.end),
                round(r.score, 4),
                names[r.recognition_metadata["recognizer_name"]],
            )
            for r in results
        ]
    )


@lru_cache(maxsize=1)
def stock() -> AnalyzerEngine:
    """Return Presidio with its own English pattern recognizers and nothing of ours, offline; for comparisons."""
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    shipped: list[Scanner] = [r for r in registry.recognizers if type(r).__name__ != "SpacyRecognizer"]
    registry.recognizers = shipped
    for recognizer in shipped:
        if recognizer.name == "EmailRecognizer":  # its own suffix list asks the network
            recognizer.validate_result = common.email
    nlp = NoOpNlpEngine([{"lang_code": "en", "model_name": "none"}])
    return AnalyzerEngine(registry, nlp, supported_languages=["en"])
