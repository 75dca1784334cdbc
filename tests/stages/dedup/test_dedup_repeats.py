"""Repeated lines and paragraphs, and overlap with test sets: what is counted, and what is left alone."""

from __future__ import annotations

from collections import Counter

import dedup_reference as reference
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup import DedupSettings, index_test_sets, overlap, pieces, repeated, shares

MENU = "Home | Products | About us | Contact"
CHOSEN = DedupSettings(repeat_documents=3, repeat_chars=10)


def lines_of(folder, parts: list[list[str | None]], chosen: DedupSettings, partitions: int = 1) -> list[dict]:
    """Return {row: (share of lines, share of paragraphs)} of each part."""
    tables = [pieces(reference.documents(texts), chosen) for texts in parts]
    files = [folder / f"lines-{n}.parquet" for n in range(len(tables))]
    for table, file in zip(tables, files, strict=True):
        table.write_parquet(file)
    shared = pl.concat([repeated(files, chosen, p, partitions) for p in range(partitions)])
    return [{row: (a, b) for row, a, b in shares(t, shared).rows()} for t in tables]


def test_a_line_in_enough_documents_is_repeated_whatever_part_they_are_in(tmp_path):
    own = [f"This sentence number {n} stands in one document only." for n in range(4)]
    parts = [
        [f"{MENU}\n{own[0]}", f"{own[1]}\n {MENU.replace(' ', '  ')} "],
        [None, f"{MENU}\n{own[2]}", own[3]],
    ]
    first, second = lines_of(tmp_path, parts, CHOSEN)
    share = round(len(MENU) / (len(MENU) + len(own[0])), 4)
    assert first == {0: (share, 0.0), 1: (share, 0.0)}
    assert second == {1: (share, 0.0)}


def test_a_line_that_one_document_repeats_is_no_line_of_many_documents(tmp_path):
    (found,) = lines_of(tmp_path, [[f"{MENU}\n" * 50, MENU]], CHOSEN)
    assert found == {}


def test_paragraphs_are_cut_at_empty_lines_and_counted_apart(tmp_path):
    notice = "All rights reserved by nobody\nin particular, as usual."
    texts = [f"{notice}\n \n\nParagraph of document {n} alone." for n in range(3)]
    (found,) = lines_of(tmp_path, [texts], CHOSEN)
    lines, paragraphs = found[0]
    assert 0 < lines < 1
    assert paragraphs == round(len(notice) / (len(notice) + len(texts[0].splitlines()[-1])), 4)


def test_repeat_documents_and_repeat_chars_set_what_counts(tmp_path):
    texts = [f"{MENU}\nunlike number {n} of these" for n in range(3)]
    more = CHOSEN.model_copy(update={"repeat_documents": 4})
    longer = CHOSEN.model_copy(update={"repeat_chars": len(MENU) + 1})
    assert lines_of(tmp_path, [texts], CHOSEN) != [{}]
    assert lines_of(tmp_path, [texts], more) == [{}]
    assert lines_of(tmp_path, [texts], longer) == [{}]
    with pytest.raises(ValueError, match="every line"):
        DedupSettings(repeat_documents=1)


@given(
    st.lists(
        st.lists(st.sampled_from(["aa", "bb", "cc dd", "字 字", "e"]), max_size=6), min_size=1, max_size=7
    )
)
@settings(max_examples=60, deadline=None)
def test_shares_are_those_of_a_count_in_plain_python_for_any_partitions(tmp_path_factory, documents):
    chosen = DedupSettings(repeat_documents=2, repeat_chars=2)
    texts = ["\n".join(lines) for lines in documents]
    held = Counter(line for lines in documents for line in set(lines))
    many = {line for line, n in held.items() if n >= 2 and len(line) >= 2}
    expected = {
        row: round(sum(len(x) for x in lines if x in many) / sum(map(len, lines)), 4)
        for row, lines in enumerate(documents)
        if many & set(lines)
    }
    for partitions in (1, 3):
        (found,) = lines_of(tmp_path_factory.mktemp("lines"), [texts], chosen, partitions)
        assert {row: lines for row, (lines, _) in found.items() if lines} == expected


QUESTION = (
    "Which of the following seven rivers of the northern plain carries the most silt to the sea in autumn"
)
ZH_QUESTION = "下列七条流经北方平原的河流当中每年秋季向海洋输送泥沙最多的一条河流的名称究竟是哪一条"


def test_a_document_that_holds_a_test_item_names_the_set():
    index = index_test_sets(
        {"rivers": pl.Series([QUESTION, None]), "河流": pl.Series([ZH_QUESTION])}, DedupSettings()
    )
    texts = [
        f"Some page. {QUESTION.upper()}? And an answer.",
        f"前文。{ZH_QUESTION}？后文。",
        "Which of the following seven rivers is quoted only in part here",
        None,
        f"{QUESTION} {ZH_QUESTION}",
    ]
    found = {row: sets for row, sets, _ in overlap(reference.documents(texts), index, DedupSettings()).rows()}
    assert found == {0: ["rivers"], 1: ["河流"], 4: ["rivers", "河流"]}


def test_the_number_of_shared_ngrams_is_that_of_python_sets():
    chosen = DedupSettings(test_word_ngram=4)
    index = index_test_sets({"rivers": pl.Series([QUESTION])}, chosen)
    text = "carries the most silt to the sea, and carries the most silt to lakes"
    (row,) = overlap(reference.documents([text]), index, chosen).rows()
    common = set(reference.shingles(text, 4, 26)) & set(reference.shingles(QUESTION, 4, 26))
    assert row == (0, ["rivers"], len(common))
    assert len(common) == 4


def test_the_ngram_sizes_decide_what_overlaps():
    quoted = reference.documents([" ".join(QUESTION.split()[:8]), ZH_QUESTION[:16]])
    for chosen, rows in (
        (DedupSettings(), []),
        (DedupSettings(test_word_ngram=8), [0]),
        (DedupSettings(test_char_ngram=16), [1]),
    ):
        index = index_test_sets({"s": pl.Series([QUESTION, ZH_QUESTION])}, chosen)
        assert overlap(quoted, index, chosen)["row"].to_list() == rows


def test_an_item_shorter_than_an_ngram_accuses_nobody():
    index = index_test_sets({"short": pl.Series(["yes", "the capital of France"])}, DedupSettings())
    assert index.is_empty()
    assert overlap(reference.documents(["yes", "the capital of France"]), index, DedupSettings()).is_empty()
