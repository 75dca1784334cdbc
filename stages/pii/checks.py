"""Check digits and calendars: pure functions over one value; each says yes or no."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK = "10X98765432"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
PERMIT_REGIONS = ("810000", "820000", "830000")  # Hong Kong, Macau, Taiwan people living in the mainland
TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # order of the two-digit codes 10 to 35


def iso7064_mod11_2(value: str) -> bool:
    """Answer whether 17 digits and a check character agree (GB 11643-1999, ISO 7064 MOD 11-2)."""
    body = value[:17]
    if len(value) != 18 or not (body.isascii() and body.isdigit()):
        return False
    total = sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True))
    return ID_CHECK[total % 11] == value[17].upper()


@cache
def regions() -> frozenset[str]:
    """Return every six-digit county code ever assigned under GB/T 2260 (4 + 2 digits)."""
    table = resources.files(__package__).joinpath("regions.txt").read_text("utf-8")
    out: set[str] = set()
    for line in table.splitlines()[1:]:
        prefix, *ranges = line.split()
        for item in ranges:
            low, _, high = item.partition("-")
            out.update(f"{prefix}{n:02d}" for n in range(int(low), int(high or low) + 1))
    return frozenset(out)


@cache
def _provinces() -> frozenset[str]:
    """Return the two-digit codes of provinces."""
    return frozenset(code[:2] for code in regions())


def birth_date(value: str) -> dt.date | None:
    """Return the date in positions 7 to 14 of an 18-digit number, None where there is no such day."""
    try:
        return dt.date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return None


def resident_id(value: str) -> bool:
    """Answer whether a resident ID is possible: region once assigned, real date, right check digit."""
    if value[:6] in PERMIT_REGIONS:
        return False
    return value[:6] in regions() and birth_date(value) is not None and iso7064_mod11_2(value)


def resident_id_15(value: str) -> bool:
    """Answer whether an ID of the first generation is possible; it has no check digit."""
    return value[:6] in regions() and birth_date(f"{value[:6]}19{value[6:]}") is not None


def residence_permit(value: str) -> bool:
    """Answer whether a residence permit of Hong Kong, Macau or Taiwan people is possible (GB 11643 form)."""
    return value[:6] in PERMIT_REGIONS and birth_date(value) is not None and iso7064_mod11_2(value)


def permanent_residence(value: str) -> bool:
    """Answer whether a foreigner's permanent-residence card (2023 form) is possible: 9, date, check digit."""
    return value[0] == "9" and birth_date(value) is not None and iso7064_mod11_2(value)


def uscc(value: str) -> bool:
    """Answer whether a social credit code has a province (10: the state) and its check character (GB 32100)."""
    value = value.upper()
    if len(value) != 18 or any(c not in USCC_ALPHABET for c in value):
        return False
    if value[2:4] != "10" and value[2:4] not in _provinces():
        return False
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(value[:17], USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31] == value[17]


def luhn(value: str) -> bool:
    """Answer whether a row of digits passes the Luhn check (ISO/IEC 7812-1)."""
    if not (value.isascii() and value.isdigit()):
        return False
    twice = [sum(divmod(2 * int(d), 10)) for d in value[-2::-2]]
    return (sum(twice) + sum(int(d) for d in value[-1::-2])) % 10 == 0


def hong_kong_id(value: str) -> bool:
    """Answer whether a Hong Kong identity card number has its check digit (weights 9 to 2, space = 36, mod 11)."""
    body, check = value[:-1].upper(), value[-1].upper()
    codes = [36] * (8 - len(body)) + [ord(c) - 55 if c.isalpha() else int(c) for c in body]
    total = sum(c * w for c, w in zip(codes, range(9, 1, -1), strict=True))
    return (total + (10 if check == "A" else int(check))) % 11 == 0


def taiwan_id(value: str) -> bool:
    """Answer whether a Taiwan identity number has its check digit (letter as two digits, mod 10)."""
    letter = TW_LETTERS.index(value[0].upper()) + 10
    digits = [letter // 10, letter % 10, *(int(d) for d in value[1:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(d * w for d, w in zip(digits, weights, strict=True)) % 10 == 0
