"""One 16-bit class per code point: script, category, and the marks that the counting kernel asks for.

Scripts come from the Unicode character names, categories from the Unicode general category, both of the
running Python's `unicodedata`. Simplified-only and traditional-only characters are derived from two character
sets that the standard library carries: GB/T 2312-1980 (simplified) and Big5 (traditional; level 1 = common).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np

LIMIT = 0x33480  # end of the last assigned Han extension; code points beyond have class 0 (control)

SCRIPTS = (
    *(
        "other",
        "latin",
        "han",
        "kana",
        "hangul",
        "cyrillic",
        "greek",
        "arabic",
        "hebrew",
        "devanagari",
        "bengali",
    ),
    *("gujarati", "gurmukhi", "tamil", "telugu", "kannada", "malayalam", "sinhala", "oriya", "thai", "lao"),
    *("khmer", "myanmar", "tibetan", "georgian", "armenian", "ethiopic", "mongolian", "thaana"),
)
CATEGORIES = ("control", "letter", "mark", "digit", "punct", "symbol", "space")
CONTROL, LETTER, MARK, DIGIT, PUNCT, SYMBOL, SPACE = range(7)
UNSPACED = ("han", "kana", "thai", "lao", "khmer", "myanmar")  # written without spaces between words

SCRIPT_MASK, CATEGORY_SHIFT, CATEGORY_MASK = 31, 5, 7
UPPER, LONE, SIMPLIFIED, TRADITIONAL, RARE, CLASSICAL, MODERN, TERMINAL = (1 << b for b in range(8, 16))

SENTENCE_ENDS = ".!?。！？…؟۔।॥։።፧៕။‼⁇⁈⁉｡．"
JOINERS = "\u200c\u200d"  # format characters that Persian and Indic spelling needs
CLASSICAL_CHARS = "之而也曰矣焉乎哉吾汝莫岂豈乃兮遂"  # particles and pronouns that modern prose rarely uses
MODERN_CHARS = (
    "的了是在这這们們个個那没沒吗嗎呢吧着她什么麼把被给給還还些很"  # and those that old prose lacks
)

_NAMES = {"CJK": "han", "HIRAGANA": "kana", "KATAKANA": "kana", "IDEOGRAPHIC": "han"}


@lru_cache(maxsize=1)
def table() -> np.ndarray:
    """Return the class of every code point below LIMIT: uint16 of shape (LIMIT,)."""
    classes = np.fromiter((_class_of(chr(c)) for c in range(LIMIT)), dtype=np.uint16, count=LIMIT)
    for chars, bit in ((CLASSICAL_CHARS, CLASSICAL), (MODERN_CHARS, MODERN), (SENTENCE_ENDS, TERMINAL)):
        classes[[ord(c) for c in chars]] |= bit
    gb, gb_common = _charset("gb2312", 0xD7)
    big5, big5_common = _charset("big5", 0xC6)
    classes[sorted(gb - big5)] |= SIMPLIFIED
    classes[sorted(big5_common - gb)] |= TRADITIONAL
    han = np.flatnonzero((classes & SCRIPT_MASK) == SCRIPTS.index("han"))
    classes[sorted(set(han.tolist()) - gb_common - big5_common)] |= RARE
    return classes


def _class_of(char: str) -> int:
    category = unicodedata.category(char)
    major = "CLMNPSZ".index(category[0])
    if char in "\t\n\r\x0b\x0c\x85":
        major = SPACE
    if char in JOINERS:
        major = MARK
    script = _script_of(char) if category[0] in "LM" else 0
    marks = (UPPER if category in ("Lu", "Lt") else 0) | (LONE if SCRIPTS[script] in UNSPACED else 0)
    return script | major << CATEGORY_SHIFT | marks


def _script_of(char: str) -> int:
    words = unicodedata.name(char, "OTHER").replace("-", " ").split()
    word = next((w for w in words if w not in ("FULLWIDTH", "HALFWIDTH", "COMBINING")), "OTHER")
    name = _NAMES.get(word, word.lower())
    return SCRIPTS.index(name) if name in SCRIPTS else 0


def _charset(codec: str, last_common_row: int) -> tuple[set[int], set[int]]:
    """Return the Han code points of a two-byte character set, and those of its first level (by lead byte)."""
    everything, common = set(), set()
    for code in range(0x4E00, 0xA000):
        try:
            raw = chr(code).encode(codec)
        except UnicodeEncodeError:
            continue
        everything.add(code)
        if raw[0] <= last_common_row:
            common.add(code)
    return everything, common
