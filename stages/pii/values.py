"""The normal form of a value, its keyed selector, and what is derived from both."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

from stages.pii.normal import ZERO_WIDTH

_GONE = dict.fromkeys(int(c) for c in ZERO_WIDTH)
_NUMERALS = str.maketrans("零〇一幺二两三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖", "0011223456789122334566789")
_IDS = ("CN_RESIDENT_ID",)
_PHONES = ("CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER")
_AT_WORDS = re.compile(r" ?[\[({<] ?(?:at|AT|At|@|艾特) ?[\])}>] ?| ?艾特 ?| (?:at|AT|At) ")
_DOT_WORDS = re.compile(r" ?[\[({<] ?(?:dot|DOT|Dot|点|\.) ?[\])}>] ?| ?点 ?| (?:dot|DOT|Dot) ")
_AS_IS = ("API_KEY", "PRIVATE_KEY", "JWT", "CRYPTO", "URL")


def normalise_value(type: str, value: str) -> str:
    """Return the form under which two spellings of one value are the same person's value.

    NFKC without zero-width characters; telephone numbers as digits without +86; e-mail in lower case; keys and links as
    they are; everything else as letters and digits in upper case.
    """
    value = unicodedata.normalize("NFKC", value).translate(_GONE).strip()
    if type in _AS_IS:
        return value
    if type == "EMAIL_ADDRESS":
        return plain_address(value).lower()
    if type in _IDS:
        value = numerals_to_digits(value)
    if type in _PHONES:
        digits = "".join(c for c in numerals_to_digits(value) if c.isdigit())
        for prefix in ("0086", "86"):
            if type == "CN_MOBILE" and digits.startswith(prefix) and len(digits) == 11 + len(prefix):
                digits = digits[len(prefix) :]
        return digits
    return "".join(c for c in value.upper() if c.isalnum())


def numerals_to_digits(value: str) -> str:
    """Return a value with its Chinese numerals as digits, one for one."""
    return value.translate(_NUMERALS)


def plain_address(value: str) -> str:
    """Return an e-mail address with @ and dots where words, brackets or spaces stand for them."""
    return _DOT_WORDS.sub(".", _AT_WORDS.sub("@", value)).replace(" ", "")


def selector(type: str, value: str, hmac_key: bytes) -> bytes:
    """Return HMAC-SHA256(key, type 0x00 normalised value): 32 bytes that name a value without holding it."""
    message = f"{type}\x00{normalise_value(type, value)}".encode("utf-8", "surrogatepass")
    return hmac.new(hmac_key, message, hashlib.sha256).digest()
