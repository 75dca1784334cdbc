"""Every evidence column: what it measures, who proposed it, and where it is meaningful."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl


class Rule(NamedTuple):
    """One evidence column: name, type, meaning, source, and the languages it is meant for (empty: all)."""

    column: str
    dtype: pl.DataType
    meaning: str
    source: str
    languages: tuple[str, ...] = ()


GOPHER = "Gopher: Rae et al. 2021, arXiv:2112.11446, A.1"
C4 = "C4: Raffel et al. 2020, arXiv:1910.10683, 2.2"
FINEWEB = "FineWeb: Penedo et al. 2024, arXiv:2406.17557, 3.6"
HOUSE = "this project"
_HAN = ("zh", "lzh", "ja")
_SPACED = ("en", "and other languages written with spaces")
_F64, _U32, _BOOL = pl.Float64(), pl.UInt32(), pl.Boolean()


def _repetitions() -> list[Rule]:
    top = [
        Rule(
            f"top_{n}gram_share",
            _F64,
            f"Characters in the weightiest repeated {n}-gram of tokens / token characters",
            GOPHER,
        )
        for n in (2, 3, 4)
    ]
    dup = [
        Rule(
            f"dup_{n}gram_share",
            _F64,
            f"Characters in {n}-grams that stood before / token characters",
            GOPHER,
        )
        for n in range(5, 11)
    ]
    return top + dup


RULES: tuple[Rule, ...] = (
    Rule("lang_not_run", _BOOL, "The script needs a language model and none was there", HOUSE),
    Rule(
        "words",
        _U32,
        "Tokens: runs between white space; each Chinese, kana or Thai-like character is one",
        GOPHER,
    ),
    Rule("lines", _U32, "Lines with text", GOPHER),
    Rule(
        "sentences",
        _U32,
        "Sentence ends: full stop, question or exclamation mark before a space; any of 。！？",
        C4,
    ),
    Rule(
        "mean_word_length",
        _F64,
        "Characters per token between white space; null without one or below `min_words`",
        GOPHER,
        _SPACED,
    ),
    Rule(
        "symbol_word_ratio",
        _F64,
        "Hash signs or ellipses (the larger) per word; null below `min_words`",
        GOPHER,
    ),
    Rule(
        "alpha_word_share",
        _F64,
        "Words with a letter / words (a Chinese character has one); null below `min_words`",
        GOPHER,
    ),
    Rule("stop_words", _U32, "How many of the, be, to, of, and, that, have, with occur", GOPHER, ("en",)),
    Rule(
        "bullet_line_share",
        _F64,
        "Lines that open with a list marker / lines; null below `min_lines`",
        GOPHER,
    ),
    Rule(
        "ellipsis_line_share", _F64, "Lines that end with an ellipsis / lines; null below `min_lines`", GOPHER
    ),
    Rule("dup_line_share", _F64, "Lines that stood before in the document / lines", GOPHER),
    Rule(
        "dup_line_char_share", _F64, "Characters in such lines / characters in lines", f"{GOPHER}; {FINEWEB}"
    ),
    Rule("dup_paragraph_share", _F64, "Paragraphs that stood before / paragraphs", GOPHER),
    Rule(
        "dup_paragraph_char_share", _F64, "Characters in such paragraphs / characters in paragraphs", GOPHER
    ),
    *_repetitions(),
    Rule(
        "terminal_line_share",
        _F64,
        "Lines that end with a sentence mark, closing quotes set aside",
        f"{FINEWEB}; {C4}",
    ),
    Rule("short_line_share", _F64, "Lines of at most `short_line` characters", FINEWEB),
    Rule("newline_word_ratio", _F64, "Lines per word", FINEWEB),
    Rule("curly_share", _F64, "Curly brackets / characters", C4),
    Rule("lorem_ipsum", _BOOL, "Holds the words `lorem ipsum`", C4),
    Rule("boilerplate_share", _F64, "Notices on cookies, JavaScript, terms, privacy and rights per line", C4),
    Rule(
        "prose_share",
        _F64,
        "Characters in lines of 8 words or more that end as sentences do and are no path, "
        "key or code / characters in lines",
        HOUSE,
    ),
    Rule(
        "code_line_share",
        _F64,
        "Lines that open or end as program code does / lines; null below `min_lines`",
        HOUSE,
    ),
    Rule(
        "key_line_share",
        _F64,
        "Lines that open with a name and `:` or `=` / lines; null below `min_lines`",
        HOUSE,
    ),
    Rule("path_line_share", _F64, "Lines that open with a file path / lines", HOUSE),
    Rule("longest_line", _U32, "Characters in the longest line", HOUSE),
    Rule("longest_list", _U32, "Longest run, within a paragraph, of short lines that end no sentence", HOUSE),
    Rule(
        "long_token_share",
        _F64,
        "Characters in tokens of 30 or more / token characters; null below `min_words`",
        HOUSE,
    ),
    Rule("letter_share", _F64, "Letters and their marks / characters other than white space", HOUSE),
    Rule("digit_share", _F64, "Digits / characters other than white space", HOUSE),
    Rule("punct_share", _F64, "Punctuation / characters other than white space", HOUSE),
    Rule("symbol_share", _F64, "Symbols / characters other than white space", HOUSE),
    Rule("upper_share", _F64, "Capitals / letters", HOUSE),
    Rule("han_share", _F64, "Chinese characters / letters", HOUSE),
    Rule(
        "simplified_share",
        _F64,
        "Characters only in GB/T 2312 / Chinese characters; null without any",
        HOUSE,
        _HAN,
    ),
    Rule(
        "traditional_share",
        _F64,
        "Characters only in Big5 level 1 / Chinese characters; null without any",
        HOUSE,
        _HAN,
    ),
    Rule(
        "classical_share",
        _F64,
        "Classical function characters / Chinese characters; null without any",
        HOUSE,
        _HAN,
    ),
    Rule(
        "modern_share", _F64, "Modern function characters / Chinese characters; null without any", HOUSE, _HAN
    ),
    Rule(
        "rare_han_share",
        _F64,
        "Characters in neither common level of GB/T 2312 and Big5 / Chinese characters: "
        "high in UTF-8 read as GBK; null without any",
        HOUSE,
        _HAN,
    ),
    Rule("han_punct_ratio", _F64, "CJK punctuation per Chinese character; null without any", HOUSE, _HAN),
    Rule(
        "mojibake_share",
        _F64,
        "Traces of wrong decoding / characters: U+FFFD, C1 controls, private use, UTF-8 read "
        "as Latin-1, U+FFFD read as GBK",
        HOUSE,
    ),
    Rule("control_share", _F64, "Control, format and unassigned characters / characters", HOUSE),
)

DTYPES: dict[str, pl.DataType] = {rule.column: rule.dtype for rule in RULES}


def as_markdown() -> str:
    """Return RULES as the Markdown table of docs/quality.md."""
    head = "| column | type | meaning | source | for |\n| --- | --- | --- | --- | --- |\n"
    names = {pl.Float64(): "f64", pl.UInt32(): "u32", pl.Boolean(): "bool"}
    return head + "\n".join(
        f"| `{r.column}` | {names[r.dtype]} | {r.meaning} | {r.source} | {', '.join(r.languages) or 'all'} |"
        for r in RULES
    )
