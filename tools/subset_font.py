"""Writes the small Chinese font that sheets carry: the characters of the fixed phrases, from an OFL font.

python tools/subset_font.py NotoSansCJK-Regular.ttc     needs fonttools and brotli; the font is Debian's fonts-noto-cjk
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "lineage/sheets/han.woff2"
WORDS = (
    "lineage/sheets/*.yaml",
    "lineage/*.py",
    "policies/*.yaml",
    "stages/pii/**/*.py",
    "stages/decide/*.py",
)


def characters() -> str:
    """Return every Han character and full-width sign of the fixed phrases, in order."""
    text = "".join(p.read_text(encoding="utf-8") for pattern in WORDS for p in sorted(ROOT.glob(pattern)))
    return "".join(sorted({c for c in text if "\u2e80" <= c <= "\ufaff" or "\uff00" <= c <= "\uffef"}))


def main(path: str) -> None:
    """Write the subset; the family is renamed, as the licence asks of a changed font."""
    from fontTools import subset
    from fontTools.ttLib import TTCollection

    found = (
        f for f in TTCollection(path, lazy=True).fonts if f["name"].getDebugName(1) == "Noto Sans CJK SC"
    )
    font = next(found)
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=[0, 1, 13, 14])
    work = subset.Subsetter(options)
    work.populate(text=characters())
    work.subset(font)
    for record in font["name"].names:
        if record.nameID == 1:
            record.string = "Hallmark Han"
    font.recalcTimestamp = False
    font.flavor = "woff2"
    font.save(TARGET)
    print(f"{len(characters())} characters, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
