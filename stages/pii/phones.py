"""Telephone numbers by `phonenumbers`: candidates are sought once for all regions and parsed only where one could
be a number."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from typing import Any

import phonenumbers
from presidio_analyzer import RecognizerResult
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

upstream: Any = import_module("phonenumbers.phonenumbermatcher")  # its patterns are not in its type stubs
util: Any = import_module("phonenumbers.phonenumberutil")
MIN_DIGITS = 7  # fewer are years and counts: German metadata takes 1640 for a number
_PLAIN = re.compile(r"[0-9 ().,/~–—-]*\Z")
_NOT_DIGIT = re.compile(r"[^0-9]+")
DECIMAL = re.compile(r"(?<![0-9.)])[0-9]*\.[0-9]+(?![0-9.])")
_POINT = re.compile(r"[0-9]{3}\.[0-9]{7}\Z")
_DAY = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])\Z")
KINDS = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
    "voicemail",
)  # fmt: skip
_SUFFIX_RULES = (None, r"\2")  # prefix rules that leave the end of the number as it was


class Phones(PhoneRecognizer):
    """Presidio's telephone recognizer without its silent limit of tries, for numbers of seven digits and more."""

    gate, against, detector, sure = "num7", (), "common-pii@4", True

    def analyze(self, text: str, entities: list[str], nlp_artifacts=None) -> list[RecognizerResult]:
        """Return telephone numbers of the supported regions in `text` (score 0.4, see Presidio)."""
        found = {
            (a, b) for a, b in spans(text, tuple(self.supported_regions), self.leniency) if _digits(text[a:b])
        }
        return [self._result(a, b) for a, b in sorted(found)]

    def _result(self, start: int, end: int) -> RecognizerResult:
        name, key = RecognizerResult.RECOGNIZER_NAME_KEY, RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
        me: Any = self  # the base class has no types for its name
        return RecognizerResult(
            "PHONE_NUMBER", start, end, self.SCORE, recognition_metadata={name: me.name, key: me.id}
        )


def _digits(value: str) -> bool:
    """Answer whether a value has enough digits."""
    return sum(c.isdigit() for c in value) >= MIN_DIGITS


def spans(text: str, regions: tuple[str | None, ...], leniency: Any) -> set[tuple[int, int]]:
    """Return what `PhoneNumberMatcher` finds in `text` for each of `regions`, as (start, end)."""
    chain: dict[int, tuple[int, str, str | None, bool] | None] = {}
    found = set()
    for region in regions:
        matcher, index = Matcher(text, region, leniency, max_tries=sys.maxsize), 0
        while True:
            if index not in chain:
                chain[index] = _next_candidate(text, index)
            if (item := chain[index]) is None:
                break
            start, candidate, digits, dead = item
            index = start + len(candidate)
            if dead or not (digits is None or _somewhere(region, digits)):
                continue
            if match := matcher.try_candidate(candidate, start):
                found.add((match.start, match.end))
                index = match.end
    return found


def _next_candidate(text: str, index: int) -> tuple[int, str, str | None, bool] | None:
    """Return the next candidate: start, text, its digits if it is plain, and whether no region can want it."""
    match = upstream._PATTERN.search(text, index)
    if match is None:
        return None
    start, candidate = match.start(), match.group()
    if second := upstream._SECOND_NUMBER_START_PATTERN.search(candidate):
        candidate = candidate[: second.start()]
    digits = _NOT_DIGIT.sub("", candidate) if _PLAIN.match(candidate) else None
    if not _digits(candidate) or _figures(candidate):
        return start, candidate, digits, True
    end = start + len(candidate)
    dead = bool(upstream._SLASH_SEPARATED_DATES.search(candidate)) or bool(
        upstream._TIME_STAMPS.search(candidate) and upstream._TIME_STAMPS_SUFFIX.match(text[end : end + 8])
    )
    return start, candidate, digits, dead


def _figures(candidate: str) -> bool:
    """Answer whether a candidate is a day in ISO form, or decimal numbers as in drawings and colours.

    Several decimals, one without a digit before its point, or one and nothing else.
    """
    if "." not in candidate:
        return _DAY.match(candidate) is not None
    decimals = DECIMAL.findall(candidate)
    return (
        len(decimals) > 1
        or "".join(decimals).startswith(".")
        or (decimals == [candidate] and not _POINT.match(candidate))
    )


class Matcher(phonenumbers.PhoneNumberMatcher):
    """The library's matcher; what no numbering plan of the region can hold is not parsed."""

    def try_candidate(self, candidate: str, offset: int):
        """Return the match in a candidate or in a part of it, as upstream does."""
        return self._parse_and_verify(candidate, offset) or self._extract_inner_match(candidate, offset)

    def _parse_and_verify(self, candidate: str, offset: int):
        """Do as upstream where the candidate could be a number of the region."""
        if _PLAIN.match(candidate):
            digits = _NOT_DIGIT.sub("", candidate)
            if len(digits) < MIN_DIGITS or not _whole(self.preferred_region, digits):
                return None
        return super()._parse_and_verify(candidate, offset)


def _whole(region: str | None, digits: str) -> bool:
    """Answer False only where plain digits cannot be read as a number dialled in the region.

    Without a plus sign a number is national, or follows the international prefix. A national number is one of a kind
    that some region of the country code has, behind the prefix or country code that the library cuts off its front.
    """
    plan = _plan(region)
    return plan is None or plan[0].search(digits) is not None


def _somewhere(region: str | None, digits: str) -> bool:
    """Answer False only where no row within plain digits can be read as a number dialled in the region."""
    plan = _plan(region)
    return plan is None or plan[1].search(digits) is not None


@cache
def _plan(region: str | None) -> tuple[re.Pattern, re.Pattern] | None:
    """Return the patterns of `_whole` and `_somewhere`; None where the region's rules rewrite numbers."""
    if region is None:
        return re.compile(r"(?!)"), re.compile(r"(?!)")
    home = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if home is None or home.national_prefix_transform_rule not in _SUFFIX_RULES or home.country_code is None:
        return None
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[home.country_code]
    known = [phonenumbers.PhoneMetadata.metadata_for_region(code) for code in codes]
    national = "|".join(sorted({pattern for m in known if m for pattern in _kinds(m)}))
    abroad, country = rf"(?:{home.international_prefix})[0-9]{{5}}", str(home.country_code)
    prefix = home.national_prefix_for_parsing or "(?!)"
    if home.national_prefix_transform_rule:  # a carrier's code follows the prefix
        prefix = "[0-9]{1,4}"
    dialled = rf"(?:{country}(?:{prefix})?|{prefix})(?:{national})\Z"
    return re.compile(rf"\A(?:{_bare(home)}(?:{national})\Z|{dialled}|{abroad})"), re.compile(
        rf"{national}|{abroad}"
    )


def _kinds(metadata: Any) -> list[str]:
    """Return the patterns of the kinds of numbers of a region: a number of no kind is not valid."""
    kinds = (getattr(metadata, name) for name in KINDS)
    return [str(kind.national_number_pattern) for kind in kinds if kind and kind.national_number_pattern]


def _bare(metadata: Any) -> str:
    """Return what must hold for a number without national prefix: no form asks for one, or some form does not."""
    needed: list[str] = []
    free: list[str] = []
    for form in metadata.number_format:
        rule = form.national_prefix_formatting_rule
        bound = rule and not form.national_prefix_optional_when_formatting
        lead = form.leading_digits_pattern[-1] if form.leading_digits_pattern else ""
        look = rf"(?=(?:{lead}))(?:{form.pattern})\Z"
        (needed if bound and not util._formatting_rule_has_first_group_only(rule) else free).append(look)
    if not needed:
        return ""
    return rf"(?:(?!{'|'.join(needed)})|(?={'|'.join(free) or '(?!)'}))"
