"""Which recognizers run on which script: built once per process and settings."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer import predefined_recognizers as shipped

from stages.pii import china, common, names, names_en, places
from stages.pii.phones import Phones
from stages.pii.recognizer import FLAGS, Row, Scanner, TableRecognizer
from stages.pii.settings import PiiSettings

PRESIDIO = "presidio@2.2.366"
PACKS = ("latin", "han", "mixed")

#: Presidio's own recognizers and where their candidates are sought. E-mail, links and telephones are replaced.
SHIPPED_ANY = {
    "CreditCardRecognizer": "num12",
    "IbanRecognizer": "iban",
    "IpRecognizer": "net",
    "MacAddressRecognizer": "net",
    "CryptoRecognizer": "long",
    "UuidRecognizer": "code",
}
SHIPPED_LATIN = {
    "DateRecognizer": "date",
    "MedicalLicenseRecognizer": "num7",
    "NhsRecognizer": "num9",
    "UsBankRecognizer": "num7",
    "UsItinRecognizer": "num9",
    "UsLicenseRecognizer": "code",
    "UsPassportRecognizer": "num7",
    "UsSsnRecognizer": "num9",
}


AGAINST = {
    "IpRecognizer": ("version", "版本", "release"),
    "CreditCardRecognizer": ("imei", "串号", "机身码"),  # fifteen digits with a Luhn digit too
}
#: Presidio's patterns that need a firmer border: a health number is no part of a telephone number.
PATTERNS = {
    "NhsRecognizer": [
        Pattern(
            "NHS", r"(?<![0-9+.-])(?<![0-9+)][- ])\b[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{4}\b(?![-.]?[0-9])", 0.5
        )
    ]
}


@lru_cache(maxsize=4)
def recognizers(pack: str, off: tuple[str, ...], phone_regions: tuple[str, ...]) -> tuple[Scanner, ...]:
    """Return the recognizers of a pack in a fixed order, without the types that are off."""
    han = [] if pack == "latin" else [*china.HAN, *places.ROWS, *names.ROWS]
    latin = [] if pack == "han" else [*common.LATIN, *names_en.ROWS]
    mail = [] if pack == "latin" else common.HAN
    out = _table([*common.COMMON, *mail, *latin], pack, common.DETECTOR)
    out += _table([*china.STRICT, *han], pack, china.DETECTOR)
    gates = dict(SHIPPED_ANY)
    gates |= {} if pack == "han" else SHIPPED_LATIN
    regions = (None,) if pack == "han" else phone_regions  # None: international form only
    out.append(Phones(supported_language=pack, supported_regions=regions))
    for name, gate in gates.items():
        extra = {"patterns": PATTERNS[name]} if name in PATTERNS else {}
        item = getattr(shipped, name)(supported_language=pack, **extra)
        item.gate, item.detector, item.against = gate, PRESIDIO, AGAINST.get(name, ())
        item.global_regex_flags = FLAGS  # the registry's, and a Han character is no part of a word
        item.sure = type(item).validate_result is not PatternRecognizer.validate_result
        out.append(item)
    return tuple(r for r in out if r.supported_entities[0] not in off)


def of(pack: str, settings: PiiSettings) -> tuple[Scanner, ...]:
    """Return the recognizers of `pack` under `settings`."""
    return recognizers(pack, tuple(sorted(settings.off)), settings.phone_regions)


def _table(rows: list[Row], language: str, detector: str) -> list[Scanner]:
    """Make one recognizer of the rows that share everything but pattern and score."""
    same = groupby(rows, key=lambda r: (r.type, r.gate, r.check, r.context, r.against, r.case))
    return [TableRecognizer(list(group), language, detector, i) for i, (_, group) in enumerate(same)]
