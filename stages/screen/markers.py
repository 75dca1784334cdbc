"""Shapes of important data that need no catalogue: tables of places, and names that machines of a plant go by.

A hit says that a person should look, not that the data is important: the grade is the catalogue's (GB/T 43697-2024).
Ports are those registered for industrial protocols; object names are logical nodes of IEC 61850-7-4; route marks
are kilometre posts as engineering drawings write them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

DETECTOR = "important-data-markers@1"
CODE = "important-data"
LANGUAGES = ("zh", "en")

_WORD = r"(?-u:\b)"  # of ASCII: the border of Unicode words costs twenty times as much
_BETWEEN = r"""["'°NSEW北南东西纬经]{0,3}[ \t]{0,3}[,;|/\t ，；、][ \t]{0,3}["']?[NSEW北南东西纬经]{0,2}"""
_LATITUDE, _LONGITUDE = r"(?:[0-8]?[0-9]|90)\.[0-9]{4,9}", r"(?:1[0-7][0-9]|[0-9]{1,2}|180)\.[0-9]{4,9}"
_PAIR = rf"(?:{_LATITUDE}{_BETWEEN}[-+]?{_LONGITUDE}|{_LONGITUDE}{_BETWEEN}[-+]?{_LATITUDE})"
_DEGREES = r"[0-9]{1,3}[°度][ ]?[0-9]{1,2}[′'’分][ ]?[0-9]{1,2}(?:\.[0-9]+)?[″\"”秒]"
#: Modbus 502, S7 102, IEC 60870-5-104 2404, OPC UA 4840, DNP3 20000, EtherNet/IP 44818, BACnet 47808.
_PORT = rf":(?:502|102|2404|4840|20000|44818|47808){_WORD}"
_CLASSES = "XCBR|XSWI|CSWI|CILO|MMXU|MMTR|PTOC|PDIS|PDIF|PTRC|YPTC|TCTR|TVTR|LLN0|LPHD"

#: Level, pattern, and how many make a table: fewer are an example, an address, or one place of a story.
SHAPES = (
    (
        "coordinate-table",
        rf"(?m)^[^\n]{{0,200}}?{_WORD}{_PAIR}",
        10,
    ),  # rows: the path of a drawing is one line
    ("coordinate-table", rf"\[\s{{0,9}}-?{_PAIR}\s{{0,9}}\]", 10),
    ("coordinate-table", _DEGREES, 20),
    ("control-network", rf"{_WORD}(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}{_PORT}", 3),
    ("control-network", rf"(?:{_CLASSES})[0-9]{{0,2}}[.$][A-Za-z]{{2}}", 5),
    ("route-table", rf"{_WORD}[DYZ]?K[0-9]{{1,4}}\+[0-9]{{3}}(?:\.[0-9]{{1,3}})?{_WORD}", 20),
)
_CANDIDATE = rf"[0-9]\.[0-9]{{4}}|[0-9][°度]|{_PORT}|(?:{_CLASSES})[0-9]{{0,2}}[.$]|K[0-9]{{1,4}}\+[0-9]{{3}}"
_SURE = 10  # so many times the least count give the full score


def find(texts: pl.Series) -> pl.DataFrame:
    """Return findings (text, code, detector, level, score, n) of texts without nulls, unsorted.

    score: 0.5 at the least count that makes a table, rising with the count to 1 at ten times as many.
    """
    frame = pl.DataFrame({"text": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "body": texts})
    frame = frame.filter(pl.col("body").str.contains(_CANDIDATE))
    rows = [_rows(frame, level, pattern, least) for level, pattern, least in SHAPES]
    return pl.concat(rows).group_by("text", "code", "detector", "level").agg(pl.max("score"), pl.sum("n"))


def digest() -> str:
    """Return the sha256 of the patterns and of what is done with them."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _rows(frame: pl.DataFrame, level: str, pattern: str, least: int) -> pl.DataFrame:
    counted = frame.select("text", n=pl.col("body").str.count_matches(pattern)).filter(pl.col("n") >= least)
    share = (pl.col("n") / least - 1) / (_SURE - 1)
    return counted.select(
        "text",
        code=pl.lit(CODE),
        detector=pl.lit(DETECTOR),
        level=pl.lit(level),
        score=(0.5 + 0.5 * share.clip(0, 1)).round(4),
        n=pl.col("n").cast(pl.UInt32),
    )
