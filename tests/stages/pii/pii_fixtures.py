"""Values that can be nobody's: sequence 000, unused mobile segment 154, account 0, reserved domains."""

import hashlib

import polars as pl

from stages.pii import checks


def resident_id(region: str = "110105", day: str = "19491231", sequence: str = "000") -> str:
    """Return a number with a right check digit and a sequence that is never given out."""
    body = f"{region}{day}{sequence}"
    return body + checks.ID_CHECK[sum(int(d) * w for d, w in zip(body, checks.ID_WEIGHTS, strict=True)) % 11]


def card(prefix: str = "622202", size: int = 19) -> str:
    """Return a card number of account 0 with a right Luhn digit."""
    body = prefix.ljust(size - 1, "0")
    return next(body + d for d in "0123456789" if checks.luhn(body + d))


ID_MAN = resident_id()
MOBILE = "15400001234"
EMAIL = "li.lei@example.com"


def documents(texts: list[str | None]) -> pl.DataFrame:
    """Return the columns of an ingest table that the stage reads."""
    digest = [
        None if t is None else hashlib.sha256(t.encode("utf-8", "surrogatepass")).digest() for t in texts
    ]
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(texts)), dtype=pl.UInt32),
            "doc_id": [hashlib.sha256(b"%d" % i).digest() for i in range(len(texts))],
            "text": pl.Series(texts, dtype=pl.String),
            "text_sha256": pl.Series(digest, dtype=pl.Binary),
        }
    )
