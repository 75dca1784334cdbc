"""No recognizer takes more than a text's length times a constant: each against text made to hold it up."""

import time

import pytest

from stages.pii import PiiSettings, packs
from stages.pii.engine import _one_pass
from stages.pii.recognizer import Row, TableRecognizer

ALL = PiiSettings(off=())
UNITS = [
    ".", "a@", "a.", "1", "1 ", "1-", "1/", "+1", "a", "A", "Ab ", "::", "a1:", "市", "路1号", "北京市", "一",
    "a at ", "a dot ",
    "-----BEGIN PRIVATE KEY-----", "eyJ", "QQ:", "微信", "born on ", "Mr. ", "Anna B. ", "www.", "http://", 
    "京A", "姓名：", "王", " ", "\n", "_", "(a)", "DE89 ", "0-", "sk-", "a%",
]  # fmt: skip
SHORT, TIMES = 1_500, 4
RECOGNIZERS = {
    (r.name, pack if type(r).analyze.__qualname__.startswith("Phone") else ""): r
    for pack in packs.PACKS
    for r in packs.of(pack, ALL)
}


def work(recognizer, text: str) -> float:
    """Return the lesser processor time of two scans, in seconds."""
    spent = []
    for _ in range(2):
        begin = time.process_time()
        _one_pass(recognizer, text, 60.0)
        spent.append(time.process_time() - begin)
    return min(spent)


def grows_too_fast(recognizer, unit: str) -> bool:
    """Answer whether four times the text asks for clearly more than four times the work (sixteen if quadratic)."""
    short = (unit * SHORT)[:SHORT]
    long = (unit * SHORT * TIMES)[: SHORT * TIMES]
    return work(recognizer, long) > 2.25 * TIMES * max(work(recognizer, short), 3e-4)


@pytest.mark.parametrize("who", sorted(RECOGNIZERS), ids=":".join)
def test_the_work_of_a_recognizer_grows_with_the_length_alone(who):
    recognizer = RECOGNIZERS[who]
    suspects = [unit for unit in UNITS if grows_too_fast(recognizer, unit)]
    assert [unit for unit in suspects if grows_too_fast(recognizer, unit)] == []  # a busy machine is no proof


def test_the_measure_sees_a_pattern_that_reads_on_from_every_place():
    slow = TableRecognizer([Row("CN_QQ", "[ab]+[cd]", 0.5, "word")], "han", "slow", 0)
    assert grows_too_fast(slow, "a") and not grows_too_fast(slow, ".")
