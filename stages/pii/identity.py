"""Which detectors run under given settings, each with a digest over all that can change a finding."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata, resources

from stages.pii import packs
from stages.pii.settings import PiiSettings

LANGUAGES = {"china-pii@1": ["zh", "en"], "common-pii@1": ["zh", "en"], packs.PRESIDIO: ["en", "zh"]}
LIBRARIES = ("phonenumbers", "presidio-analyzer", "regex", "tldextract")


def detectors(settings: PiiSettings) -> list[dict]:
    """Return one entry per detector: name@version, digest, the types it finds, the languages it is written for."""
    codes: dict[str, set[str]] = {}
    for pack in packs.PACKS:
        for item in packs.of(pack, settings):
            codes.setdefault(item.detector, set()).add(item.supported_entities[0])
    digest = hashlib.sha256(
        json.dumps(
            [_code(), settings.model_dump(mode="json", exclude={"batch_chars"})], sort_keys=True
        ).encode()
    ).hexdigest()
    return [
        {
            "detector": name,
            "sha256": digest,
            "codes": sorted(codes[name]),
            "languages": LANGUAGES[name],
            "evidence": None,
        }
        for name in sorted(codes)
    ]


@cache
def _code() -> list[list[str]]:
    """Return digests of this package's files and the versions of the libraries that match."""
    files = sorted(
        (f for f in resources.files(__package__).iterdir() if f.name.endswith((".py", ".txt"))),
        key=lambda f: f.name,
    )
    own = [[f.name, hashlib.sha256(f.read_bytes()).hexdigest()] for f in files]
    return own + [[name, metadata.version(name)] for name in LIBRARIES]
