"""Known traps of the framework, each held shut."""

import subprocess
import sys

import pytest
from pii_fixtures import ID_MAN, MOBILE

from stages.pii import PiiSettings, detectors, packs, plain, scan


def spans(text: str) -> list[tuple[str, str]]:
    """Return (type, value) of the findings in a text."""
    return [(f.type, text[f.start : f.end]) for f in scan([text], PiiSettings())]


def test_a_han_character_is_a_border():
    assert spans(f"我{MOBILE}你") == [("CN_MOBILE", MOBILE)]
    assert spans(f"张三{ID_MAN}女") == [("CN_RESIDENT_ID", ID_MAN)]
    assert spans("地址192.0.2.1是") == [("IP_ADDRESS", "192.0.2.1")]


def test_full_width_digits_keep_their_own_offsets():
    wide = MOBILE.translate({ord("0") + i: 0xFF10 + i for i in range(10)})
    assert spans(f"电话：＋８６{wide}。") == [("CN_MOBILE", f"＋８６{wide}")]


def test_zero_width_characters_hide_nothing():
    hidden = "\u200b".join(MOBILE)
    assert spans(f"\ufeff手机\u200d{hidden}\u200b，") == [("CN_MOBILE", hidden)]


def test_chinese_context_needs_no_word_borders_and_no_lemmas():
    assert spans("请出示护照E00000000办理") == [("CN_PASSPORT", "E00000000")]
    assert spans("My passports: E00000000") == spans("MY PASSPORTS: E00000000")


def test_english_context_words_are_whole_words():
    assert spans("duplicate A0000000") == []


@pytest.mark.parametrize("pack", packs.PACKS)
def test_no_recognizer_is_named_by_a_memory_address(pack):
    names = [r.name for r in packs.of(pack, PiiSettings())]
    assert len(names) == len(set(names))
    assert all(
        f.detector in {d["detector"] for d in detectors(PiiSettings())}
        for f in scan([f"a {MOBILE}"], PiiSettings())
    )


def test_findings_and_digests_do_not_depend_on_hash_seeds():
    code = (
        "from stages.pii import PiiSettings, detectors, scan\n"
        "t = ['mail a@example.com, 4111 1111 1111 1111, 536-90-4399, 010-20000000, 微信：nobody_0']\n"
        "print(scan(t, PiiSettings(off=())), detectors(PiiSettings()))"
    )
    out = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert out[0] == out[1] != ""


def test_letters_of_an_unmeasured_script_are_named_as_not_run():
    from stages.pii import engine

    _, not_run = engine.find(["Это просто текст", "plain text", "中文"], PiiSettings())
    assert [bool(n) for n in not_run] == [True, False, False]


def test_presidio_itself_runs_the_packs():
    kinds = {
        e
        for pack in packs.PACKS
        for e in plain.engine(PiiSettings().model_dump_json()).get_supported_entities(pack)
    }
    assert {"CN_RESIDENT_ID", "US_SSN", "EMAIL_ADDRESS"} <= kinds
