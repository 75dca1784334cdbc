"""Which detectors run under given settings, each with a digest over all that can change a finding."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata, resources

from stages.pii import china, common, models, packs, readers
from stages.pii.settings import PiiSettings

LANGUAGES = {china.DETECTOR: ["zh", "en"], common.DETECTOR: ["zh", "en"], packs.PRESIDIO: ["en", "zh"]}
#: Settings that change no finding: how texts are batched, and what second label a document gets.
LABELS_ONLY = ("batch_chars", "engine", "as_of", "aggregate_types")
LIBRARIES = ("phonenumbers", "presidio-analyzer", "regex", "tldextract")


def detectors(settings: PiiSettings) -> list[dict]:
    """Return one entry per detector: name@version, digest, the types it finds, the languages it is written for."""
    codes: dict[str, set[str]] = {}
    for pack in packs.PACKS:
        for item in packs.of(pack, settings):
            codes.setdefault(item.detector, set()).add(item.supported_entities[0])
    rules = _digest([_code(), settings.model_dump(mode="json", exclude=set(LABELS_ONLY))])
    found = [
        {
            "detector": n,
            "sha256": rules,
            "codes": sorted(codes[n]),
            "languages": LANGUAGES[n],
            "evidence": None,
        }
        for n in sorted(codes)
    ]
    return sorted([*found, *_model(settings)], key=lambda d: d["detector"])


def _model(settings: PiiSettings) -> list[dict]:
    """Return the entry of the user's model, if there is one; its digest is bound to its files and libraries."""
    engine = settings.engine
    if engine.kind == "none":
        return []
    who = models.identity(engine)
    facts = [
        _code(),
        readers.libraries(engine),
        who.sha256,
        engine.model_dump(mode="json", exclude={"path"}),
        settings.model_dump(mode="json", include={"off", "thresholds"}),
    ]
    codes = sorted(set(engine.types().values()) - set(settings.off))
    return [
        {
            "detector": who.detector,
            "sha256": _digest(facts),
            "codes": codes,
            "languages": list(who.languages),
            "evidence": None,
        }
    ]


def _digest(facts: list) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> list[list[str]]:
    """Return digests of this package's files and the versions of the libraries that match."""
    files = sorted(
        (f for f in resources.files(__package__).iterdir() if f.name.endswith((".py", ".txt"))),
        key=lambda f: f.name,
    )
    own = [[f.name, hashlib.sha256(f.read_bytes()).hexdigest()] for f in files]
    return own + [[name, metadata.version(name)] for name in LIBRARIES]
