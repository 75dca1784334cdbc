"""Values that look like the type they replace and can belong to nobody: drawn from the value's keyed selector.

Each has the form of its type and a right check digit where the type has one, in a range that no authority gives out:
region 100000 (GB/T 2260), province 99 of a credit code (GB 32100), mobile prefix 10, card issuer 0 (ISO/IEC 7812), test
bodies of GSMA and ITU for device and subscriber numbers, group 00 of US numbers, country ZZ (ISO 3166
user-assigned) of an account, letter 0 after a Taiwan county, domain `.invalid` (RFC 2606).
"""

from __future__ import annotations

import datetime as dt

from stages.pii.checks import ID_CHECK, ID_WEIGHTS, TW_LETTERS, USCC_ALPHABET, USCC_WEIGHTS, luhn


def make(kind: str, digest: bytes, value: str) -> str | None:
    """Return the surrogate of a value with selector `digest`, None for a type that has no form nobody holds."""
    maker = _MAKERS.get(kind)
    return (
        maker(int.from_bytes(digest[:16], "big"), len([c for c in value if c.isalnum()])) if maker else None
    )


def _resident_id(seed: int, size: int) -> str:
    body = f"100000{_day(seed):%Y%m%d}{seed // 25_000 % 1000:03d}"
    return body + ID_CHECK[sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True)) % 11]


def _resident_id_15(seed: int, size: int) -> str:
    value = f"100000{_day(seed):%y%m%d}{seed // 25_000 % 1000:03d}"
    return (
        value if not luhn(value) else f"{value[:-1]}{(int(value[-1]) + 1) % 10}"
    )  # it shall pass for no card


def _day(seed: int) -> dt.date:
    return dt.date(1930, 1, 1) + dt.timedelta(days=seed % 25_000)


def _credit_code(seed: int, size: int) -> str:
    body = f"91990000{seed % 10**9:09d}"
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(body, USCC_WEIGHTS, strict=True))
    return body + USCC_ALPHABET[(31 - total % 31) % 31]


def _mobile(seed: int, size: int) -> str:
    return f"10{seed % 10**9:09d}"


def _landline(seed: int, size: int) -> str:
    return f"000-{seed % 10**8:08d}"


def _taiwan_id(seed: int, size: int) -> str:
    letter, body = divmod(seed % (26 * 10**7), 10**7)
    digits = f"{letter + 10}0{body:07d}"
    total = sum(int(d) * w for d, w in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True))
    return f"{TW_LETTERS[letter]}0{body:07d}{-total % 10}"


def _card(seed: int, size: int) -> str:
    size = min(max(size, 13), 19)
    return _luhn(f"000{seed % 10 ** (size - 4):0{size - 4}d}")  # no number to dial begins with 000


def _imei(seed: int, size: int) -> str:
    return _luhn(f"000{seed % 10**11:011d}")


def _luhn(body: str) -> str:
    total = sum(sum(divmod(2 * int(d), 10)) for d in body[-1::-2]) + sum(int(d) for d in body[-2::-2])
    return body + str(-total % 10)


def _imsi(seed: int, size: int) -> str:
    return f"00101{seed % 10**10:010d}"


def _iban(seed: int, size: int) -> str:
    body = f"{seed % 10**18:018d}"
    return f"ZZ{98 - int(f'{body}353500') % 97:02d}{body}"


def _mail(seed: int, size: int) -> str:
    return f"n{seed % 10**12:012d}@mail.invalid"


def _ssn(seed: int, size: int) -> str:
    return f"000-{seed % 100:02d}-{seed // 100 % 10_000:04d}"


def _itin(seed: int, size: int) -> str:
    return f"9{seed % 100:02d}-00-{seed // 100 % 10_000:04d}"


_MAKERS = {
    "CN_RESIDENT_ID": _resident_id,
    "CN_RESIDENCE_PERMIT": _resident_id,
    "CN_FOREIGN_RESIDENT": _resident_id,
    "CN_RESIDENT_ID_15": _resident_id_15,
    "CN_USCC": _credit_code,
    "CN_MOBILE": _mobile,
    "CN_LANDLINE": _landline,
    "TW_ID": _taiwan_id,
    "CN_BANK_CARD": _card,
    "CREDIT_CARD": _card,
    "IMEI": _imei,
    "IMSI": _imsi,
    "IBAN_CODE": _iban,
    "EMAIL_ADDRESS": _mail,
    "US_SSN": _ssn,
    "US_ITIN": _itin,
}
