"""Values that look like the type they replace and can belong to nobody: drawn from the value's keyed selector."""

from __future__ import annotations

import datetime as dt

from stages.pii.checks import ID_CHECK, ID_WEIGHTS


def make(kind: str, digest: bytes, value: str) -> str | None:
    """Return the surrogate of a value with selector `digest`, None for a type that has no form nobody holds.

    Resident IDs and permits of their form get the unassigned region 100000 and a right check digit, mobile numbers the
    unassigned prefix 10, cards the unassigned issuer 0 and a right Luhn digit, mail an address under the domain
    `.invalid`.
    """
    maker = _MAKERS.get(kind)
    return (
        maker(int.from_bytes(digest[:16], "big"), len([c for c in value if c.isalnum()])) if maker else None
    )


def _resident_id(seed: int, size: int) -> str:
    day = dt.date(1930, 1, 1) + dt.timedelta(days=seed % 25_000)
    body = f"100000{day:%Y%m%d}{seed // 25_000 % 1000:03d}"
    return body + ID_CHECK[sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True)) % 11]


def _mobile(seed: int, size: int) -> str:
    return f"10{seed % 10**9:09d}"


def _card(seed: int, size: int) -> str:
    size = min(max(size, 13), 19)
    body = f"0{seed % 10 ** (size - 2):0{size - 2}d}"
    total = sum(sum(divmod(2 * int(d), 10)) for d in body[-1::-2]) + sum(int(d) for d in body[-2::-2])
    return body + str(-total % 10)


def _mail(seed: int, size: int) -> str:
    return f"u{seed % 16**10:010x}@mail.invalid"


def _ssn(seed: int, size: int) -> str:
    return f"000-{seed % 100:02d}-{seed // 100 % 10_000:04d}"


_MAKERS = {
    "CN_RESIDENT_ID": _resident_id,
    "CN_RESIDENCE_PERMIT": _resident_id,
    "CN_FOREIGN_RESIDENT": _resident_id,
    "CN_MOBILE": _mobile,
    "CN_BANK_CARD": _card,
    "CREDIT_CARD": _card,
    "EMAIL_ADDRESS": _mail,
    "US_SSN": _ssn,
}
