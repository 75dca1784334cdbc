"""Which encoding bytes are in: byte order marks, validity as UTF-8, how common the Chinese characters are."""

from __future__ import annotations

import codecs
from functools import lru_cache

import numpy as np

from stages.ingest.settings import IngestSettings

#: Head of a file that decides its encoding.
SAMPLE = 1 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "cp1252": "windows-1252"}
#: A Chinese text has at least this share of characters from the common block of its own standard.
_COMMON = 0.75
#: Fewer high bytes than this in a long ASCII text say nothing about Chinese.
_STRAY = 8


def detect(sample: bytes, settings: IngestSettings) -> str | None:
    """Return the Python codec of a sample (a file's head, or the whole), or None if no accepted one fits."""
    codec = _bom(sample) or _utf16(sample) or _utf8(sample) or _western(sample) or _chinese(sample)
    return codec if codec and accepted(codec, settings) else None


def accepted(codec: str, settings: IngestSettings) -> bool:
    """Tell whether the settings accept a codec."""
    return _NAMES.get(codec, codec) in settings.encodings


def transform_of(codec: str, bom: bool) -> tuple[str, ...]:
    """Return the transforms that decoding stands for: none for plain UTF-8."""
    if codec in ("utf-8", "utf-8-sig"):
        return ("bom-removed",) if bom else ()
    return (f"decoded:{_NAMES.get(codec, codec)}",)


def bom_length(data: bytes) -> int:
    """Return the length of the byte order mark at the head of the data."""
    return next((len(mark) for mark, _ in _BOMS if data.startswith(mark)), 0)


def _bom(sample: bytes) -> str | None:
    return next((codec for mark, codec in _BOMS if sample.startswith(mark)), None)


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: one byte of each pair is zero far more often than the other."""
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    pairs = np.frombuffer(sample[: len(sample) & ~1], dtype=np.uint8).reshape(-1, 2) == 0
    first, second = pairs.mean(axis=0)
    codec = "utf-16-le" if second > 0.05 and second > 4 * first else None
    codec = "utf-16-be" if first > 0.05 and first > 4 * second else codec
    try:
        sample[: len(sample) & ~1].decode(codec or "ascii")
    except UnicodeDecodeError:
        return None
    return codec


def _utf8(sample: bytes) -> str | None:
    """UTF-8, also when a few records in it are broken."""
    try:
        codecs.utf_8_decode(sample, "strict", False)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return "utf-8" if good > 4 * bad else None


def _chinese(sample: bytes) -> str | None:
    shares = {codec: _common_share(sample, codec) for codec in ("gb18030", "big5hkscs")}
    codec = max(shares, key=lambda name: shares[name])
    return {"big5hkscs": "big5"}.get(codec, codec) if shares[codec] >= _COMMON else None


def _common_share(sample: bytes, codec: str) -> float:
    """Share of the non-ASCII characters that are common Chinese ones, if the sample is in this codec."""
    return common_share(codecs.getincrementaldecoder(codec)("replace").decode(sample), codec)


def common_share(text: str, codec: str) -> float:
    """Return the share of a text's non-ASCII characters that are common in GB 2312 (gb18030) or Big5 (big5hkscs)."""
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    points = points[points >= 0x80]
    if not len(points):
        return 0.0
    table = _common(codec)
    return float(table[np.minimum(points, 0xFFFF)].mean())


@lru_cache(maxsize=2)
def _common(codec: str) -> np.ndarray:
    """Boolean table over the BMP: characters of GB 2312 level 1 or Big5 level 1, and their punctuation."""
    leads = range(0xB0, 0xD8) if codec == "gb18030" else range(0xA4, 0xC7)
    marks = range(0xA1, 0xA4)
    trails = [*range(0xA1, 0xFF)] if codec == "gb18030" else [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    data = b"".join(bytes((lead, trail)) for lead in (*marks, *leads) for trail in trails)
    table = np.zeros(1 << 16, dtype=bool)
    text = data.decode(codec, "ignore")
    table[np.frombuffer(text.encode("utf-16-le"), dtype=np.uint16)] = True
    return table


def _western(sample: bytes) -> str | None:
    """Windows-1252: few high bytes, most of them alone between ASCII ones; no control characters."""
    data = np.frombuffer(sample, dtype=np.uint8)
    high = data >= 0x80
    control = (data < 0x20) & (data != 9) & (data != 10) & (data != 13) & (data != 12)
    if control.any() or not high.any() or high.mean() > 0.15:
        return None
    alone = high.copy()
    alone[1:] &= ~high[:-1]
    alone[:-1] &= ~high[1:]
    stray = high.sum() < _STRAY and high.mean() < 0.01
    if alone.sum() < 0.8 * high.sum() and not stray:
        return None
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return "cp1252"
