"""Every rule of the table moves as it says: a text that has little of it, a text that has much."""

from __future__ import annotations

from pathlib import Path

import pytest
from quality_parts import measured

from stages.quality import RULES
from stages.quality.rules import as_markdown

PROSE = (
    "The ferry leaves at seven and reaches the island before noon on most days of the year. "
    "Nobody waits for late passengers, because the tide does not wait either.\n\n"
    "When the wind turns to the north, the captain keeps the boat in the harbour and sends word to the inn. "
    "Travellers then have to spend another night there and hope for better weather.\n"
)
CHINESE = "渡船七点离开，大多数日子里中午以前就能到岛上。没有人会等迟到的旅客，因为潮水也不等人。\n" * 2
LIST = "\n".join(f"- item {i}" for i in range(8))
GARBLED = PROSE.replace("the", "thÃ©")
CYCLE = "red boat blue boat green sail white sail old rope new rope "

#: column, a text with less, a text with more
EFFECTS = [
    ("words", "Three short words", PROSE),
    ("lines", "one line", LIST),
    ("sentences", "No end here", PROSE),
    ("mean_word_length", PROSE, "sha512-integrity-of-the-package " * 20),
    ("symbol_word_ratio", PROSE, "#tag " * 25),
    ("alpha_word_share", "12 34 56 " * 10, PROSE),
    ("stop_words", "ship harbour mast", PROSE),
    ("bullet_line_share", PROSE + "\n".join("abcde"), LIST),
    ("ellipsis_line_share", LIST, "\n".join(["and then ..."] * 3 + ["he waited…"] * 3)),
    ("dup_line_share", PROSE, "same line\n" * 4),
    ("dup_line_char_share", PROSE, "same line\n" * 4),
    ("dup_paragraph_share", PROSE, "same paragraph\n\n" * 4),
    ("dup_paragraph_char_share", PROSE, "same paragraph\n\n" * 4),
    *((f"top_{n}gram_share", PROSE, CYCLE * 3) for n in (2, 3, 4)),
    *((f"dup_{n}gram_share", PROSE, CYCLE * 3) for n in range(5, 11)),
    ("terminal_line_share", LIST, PROSE),
    ("short_line_share", PROSE, LIST),
    ("newline_word_ratio", PROSE, LIST),
    ("curly_share", PROSE, "{{ name }}"),
    ("lorem_ipsum", PROSE, "Lorem ipsum dolor sit amet"),
    ("boilerplate_share", PROSE, "This site uses Cookies. 版权所有"),
    ("prose_share", LIST, PROSE),
    ("code_line_share", LIST, "if (a) {\n  b();\n}\nreturn c;\n// done\n"),
    ("key_line_share", LIST, "name: a\nsize: b\nkind: c\nowner: d\n'host': e\n"),
    ("path_line_share", PROSE, "content/news/2016/06/page.md: text\n- /2016/05/31/page/"),
    ("longest_line", "short\nlines", PROSE),
    ("longest_list", PROSE, LIST),
    ("long_token_share", PROSE, "0123456789abcdef0123456789abcdef " * 20),
    ("letter_share", "12345 67", PROSE),
    ("digit_share", PROSE, "12345 67"),
    ("punct_share", PROSE, "?!?!?!"),
    ("symbol_share", PROSE, "$ + $ = $$"),
    ("upper_share", PROSE, "ALL IN CAPITALS"),
    ("han_share", PROSE, CHINESE),
    ("simplified_share", "船長說今天風很大", "船长说今天风很大"),
    ("traditional_share", "船长说今天风很大", "船長說今天風很大"),
    ("classical_share", CHINESE, "舟人曰：吾与汝居岸而待之，岂不信乎"),
    ("modern_share", "舟人曰：吾与汝居岸而待之，岂不信乎", "他们说的是这个吗"),
    ("rare_han_share", CHINESE, CHINESE.encode().decode("gbk", "ignore")),
    ("han_punct_ratio", "船长说今天风很大", "船，长！说？"),
    ("mojibake_share", PROSE, GARBLED),
    ("control_share", PROSE, "a\x00b\x01c\u200b"),
]


@pytest.mark.parametrize(("column", "less", "more"), EFFECTS, ids=[effect[0] for effect in EFFECTS])
def test_a_rule_measures_what_it_is_named_after(column, less, more):
    low, high = measured(less, column), measured(more, column)
    assert low is not None and high is not None
    assert low < high


def test_the_documented_table_is_the_table_in_use():
    page = (Path(__file__).parents[3] / "docs" / "quality.md").read_text(encoding="utf-8")
    assert as_markdown() in page


def test_no_rule_is_left_out_here():
    covered = {column for column, _, _ in EFFECTS} | {"lang_not_run"}  # shown in test_quality_language
    assert covered == {rule.column for rule in RULES}


@pytest.mark.parametrize(
    "column", ["mean_word_length", "symbol_word_ratio", "alpha_word_share", "long_token_share"]
)
def test_ratios_of_very_short_texts_are_null(column):
    assert measured("Call me: 5550100", column) is None
    assert measured("Call me: 5550100", column, min_words=1) is not None


@pytest.mark.parametrize(
    "column", ["bullet_line_share", "ellipsis_line_share", "key_line_share", "code_line_share"]
)
def test_shares_of_very_few_lines_are_null(column):
    assert measured("- only one line ...", column) is None
    assert measured("- only one line ...", column, min_lines=1) is not None


def test_the_length_of_a_short_line_is_a_setting():
    assert measured("twelve chars", "short_line_share") == 1.0
    assert measured("twelve chars", "short_line_share", short_line=11) == 0.0


def test_the_span_searched_for_repetition_is_a_setting():
    text = "".join(f"w{i} " for i in range(1000)) + CYCLE * 20
    assert measured(text, "dup_5gram_share", repetition_tokens=1000) == 0.0
    assert measured(text, "dup_5gram_share") > 0.1


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("cafÃ©", id="utf-8 read as latin-1"),
        pytest.param("itâ€™s", id="utf-8 read as windows-1252"),
        pytest.param("æ½®æ°´".encode().decode(), id="chinese utf-8 read as latin-1"),
        pytest.param("lost \ufffd byte", id="replacement character"),
        pytest.param("锟斤拷", id="replacement character read as gbk"),
        pytest.param("a\x85b", id="c1 control"),
    ],
)
def test_traces_of_wrong_decoding_are_found(broken):
    assert measured(broken, "mojibake_share") > 0


@pytest.mark.parametrize(
    "sound", ["Église, été, «café»", "Größe — “quoted” ‘text’", "潮水不等人，船也不等。", "naïve coöperation"]
)
def test_sound_accents_and_quotes_are_no_mojibake(sound):
    assert measured(sound, "mojibake_share") == 0


def test_joiners_that_persian_and_indic_spelling_needs_are_no_control_characters():
    assert measured("می\u200cخواهم क्\u200dष", "control_share") == 0


def test_marks_count_as_letters_so_that_indic_prose_is_not_poor_in_letters():
    assert measured("हिन्दी में लिखा गया एक वाक्य", "letter_share") == 1.0


def test_slashes_between_chinese_words_are_no_path():
    assert measured("船/车/马 都可以", "path_line_share") == 0
