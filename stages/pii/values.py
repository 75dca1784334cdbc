"""The normal form of a value, its keyed selector, and what is derived from both."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from stages.pii.normal import ZERO_WIDTH

_GONE = dict.fromkeys(int(c) for c in ZERO_WIDTH)
_NUMERALS = str.maketrans("零〇一幺二两三四五六七八九", "0011223456789")
_PHONES = ("CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER")
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
        return value.lower()
    if type in _PHONES:
        digits = "".join(c for c in value.translate(_NUMERALS) if c.isdigit())
        for prefix in ("0086", "86"):
            if type == "CN_MOBILE" and digits.startswith(prefix) and len(digits) == 11 + len(prefix):
                digits = digits[len(prefix) :]
        return digits
    return "".join(c for c in value.upper() if c.isalnum())


def selector(type: str, value: str, hmac_key: bytes) -> bytes:
    """Return HMAC-SHA256(key, type 0x00 normalised value): 32 bytes that name a value without holding it."""
    message = f"{type}\x00{normalise_value(type, value)}".encode("utf-8", "surrogatepass")
    return hmac.new(hmac_key, message, hashlib.sha256).digest()
