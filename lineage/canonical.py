"""JSON with one byte form: written by RFC 8785, read so that no two readers can understand it differently."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from lineage.errors import InputError

MAX_INT = 2**53 - 1  # RFC 8785 numbers are IEEE doubles: larger integers would not survive another reader


def dumps(obj: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value; a value that JSON cannot carry exactly is an InputError."""
    import rfc8785  # only writers need it: a plain installation verifies without

    try:
        return rfc8785.dumps(obj)
    except rfc8785.CanonicalizationError as error:
        cure = "use strings for integers above 2^53, no NaN"
        raise InputError(f"not canonical JSON: {error}", cure=cure) from None


def plain_dumps(obj: Any) -> bytes:
    """Return sorted compact JSON: equal to RFC 8785 where keys are below U+10000 and numbers integers.

    For what a plain installation, without the RFC 8785 library, has to write or compare.
    """
    text = json.dumps(obj, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.encode("utf-8")


def loads(data: bytes, *, where: str = "", limit: int | None = None) -> Any:
    """Parse UTF-8 JSON; refuse duplicate keys, NaN, integers beyond 2^53, a byte-order mark and oversize.

    `limit` is in bytes; `where` names the file in the InputError.
    """
    if limit is not None and len(data) > limit:
        raise InputError(f"{len(data)} bytes, over the limit of {limit}", where=where)
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
    except (ValueError, RecursionError) as error:
        kind = "nested too deeply" if isinstance(error, RecursionError) else _short(error)
        raise InputError(f"not readable JSON: {kind}", where=where) from None


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object holds the same key twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _bounded_int(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INT:
        raise ValueError("an integer beyond 2^53")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number beyond the range of a double")
    return value


def _short(error: ValueError) -> str:
    # the reasons above are ours; a decoder's own message may quote the data, its position does not
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at byte {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return str(error)
