"""Redaction: nothing of a finding stays, everything else does, and one value keeps one surrogate."""

import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pii_fixtures import EMAIL, ID_MAN, MOBILE, card, documents
from stdnum import luhn
from stdnum.cn import uscc
from stdnum.iso7064 import mod_97_10

from lineage.errors import SettingsError
from stages.pii import (
    TYPES,
    PiiSettings,
    annotate,
    checks,
    normalise_value,
    redact,
    redact_part,
    scan,
    selector,
)

KEY = b"k" * 32
ALL = dict.fromkeys(TYPES, "surrogate")


def test_tags_speak_the_language_of_their_neighbourhood():
    texts = pl.Series([f"我的手机是{MOBILE}。", f"Call +86 {MOBILE} please"])
    _, spans = annotate(documents(texts.to_list()), PiiSettings(), KEY)
    out, counts = redact_part(texts, spans, {}, KEY)
    assert out.to_list() == ["我的手机是[手机号]。", "Call [PHONE] please"]
    assert counts == {"CN_MOBILE": 2}


def test_mask_keeps_length_and_separators():
    text = f"mail {EMAIL}"
    out, _ = redact(text, [("EMAIL_ADDRESS", 5, len(text))], {"EMAIL_ADDRESS": "mask"}, KEY)
    assert out == "mail **.***@*******.***" and len(out) == len(text)


def test_keep_changes_nothing_and_an_unknown_action_is_an_error():
    assert redact(EMAIL, [("EMAIL_ADDRESS", 0, 9)], {"EMAIL_ADDRESS": "keep"}, KEY) == (EMAIL, {})
    with pytest.raises(SettingsError):
        redact(EMAIL, [("EMAIL_ADDRESS", 0, 9)], {"EMAIL_ADDRESS": "erase"}, KEY)


def test_spans_of_another_text_are_refused():
    with pytest.raises(SettingsError):
        redact("short", [("CN_MOBILE", 2, 40)], {}, KEY)


@pytest.mark.parametrize("value", [ID_MAN, MOBILE, EMAIL, card()])
def test_surrogates_are_consistent_keyed_and_found_no_more(value):
    text = f"甲：{value}，乙：{value}"
    spans = [(f.type, f.start, f.end) for f in scan([text], PiiSettings())]
    out, counts = redact(text, spans, ALL, KEY)
    first, second = out[2:].split("，乙：")
    assert first == second and sum(counts.values()) == 2 and value not in out
    assert redact(text, spans, ALL, b"other key")[0] != out
    assert scan([out], PiiSettings()) == []


@pytest.mark.parametrize("kind", ["CN_RESIDENT_ID", "CN_RESIDENCE_PERMIT", "CN_FOREIGN_RESIDENT"])
def test_a_surrogate_id_has_a_right_check_digit_in_an_unassigned_region(kind):
    out, _ = redact(ID_MAN, [(kind, 0, 18)], ALL, KEY)
    assert checks.iso7064_mod11_2(out) and out[:6] not in checks.regions()


#: Types whose surrogate keeps the form, what introduces such a value, and an outside oracle of its check digit.
FORMS = {
    "CN_RESIDENT_ID": ("身份证", None), "CN_RESIDENT_ID_15": ("身份证", None), "CN_USCC": ("信用代码", uscc.is_valid),
    "CN_MOBILE": ("手机", None), "CN_LANDLINE": ("电话", None), "TW_ID": ("身分證", None),
    "CN_BANK_CARD": ("卡号", luhn.is_valid),
    "CREDIT_CARD": ("credit card", luhn.is_valid), "IMEI": ("IMEI", luhn.is_valid), "IMSI": ("IMSI", None),
    "IBAN_CODE": ("IBAN", lambda v: mod_97_10.is_valid(v[4:] + v[:4])), "EMAIL_ADDRESS": ("mail", None),
    "US_SSN": ("ssn", None), "US_ITIN": ("itin", None),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_a_surrogate_keeps_a_right_form_and_is_found_as_nothing(kind):
    word, valid = FORMS[kind]
    for number in range(60):
        value = f"{number:016d}"
        out, _ = redact(value, [(kind, 0, 16)], ALL, KEY)
        assert out != value and "[" not in out and (valid is None or valid(out))
        assert scan([f"{word}：{out}。", f"{word} {out}."], PiiSettings()) == []


def test_one_person_stays_one_person_in_every_document_of_a_project_and_is_nobody_outside():
    texts = pl.Series(
        [
            f"手机{MOBILE}",
            f"mobile +86 {MOBILE[:3]}-{MOBILE[3:7]}-{MOBILE[7:]}!",
            "电话１５４００００１２３４",
        ]
    )
    _, spans = annotate(documents(texts.to_list()), PiiSettings(), KEY)
    first, second, third = redact_part(texts, spans, ALL, KEY)[0]
    assert first[2:] == second[7:-1] == third[2:] and first[2:].startswith("10")
    assert redact_part(texts, spans, ALL, b"another project")[0][0] != first
    assert (
        redact_part(texts.reverse()[:1], spans.filter(pl.col("row") == 2), ALL, KEY, pl.Series([2]))[0][0]
        == third
    )


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6))
def test_what_is_outside_the_spans_stays_as_it_was(pieces):
    text, spans = "", []
    for piece in pieces:
        spans.append(("EMAIL_ADDRESS", len(text) + len(piece), len(text) + len(piece) + 3))
        text += piece + "@@@"
    out, counts = redact(text, spans, {"EMAIL_ADDRESS": "hash"}, KEY)
    kept = out
    for piece in pieces:
        assert kept.startswith(piece)
        kept = kept[len(piece) :]
        assert kept.startswith("[")
        kept = kept[kept.index("]") + 1 :]
    assert kept == "" and counts == {"EMAIL_ADDRESS": len(pieces)}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("CN_MOBILE", "+86 154-0000-1234", "１５４００００１２３４"),
        ("CN_MOBILE", "一五四零零零零一二三四", "15400001234"),
        ("EMAIL_ADDRESS", "Li.Lei@Example.com", "li.lei@example.COM"),
        ("CN_RESIDENT_ID", ID_MAN.lower(), f"{ID_MAN[:6]} {ID_MAN[6:14]} {ID_MAN[14:]}"),
    ],
)
def test_spellings_of_one_value_have_one_selector(kind, one, other):
    assert normalise_value(kind, one) == normalise_value(kind, other)
    assert selector(kind, one, KEY) == selector(kind, other, KEY)
    assert selector(kind, one, b"x") != selector(kind, one, KEY)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_action_has_its_effect_on_every_type(kind):
    value = "Ab1-2c 3"
    text = f"see {value} there"

    def done(action: str) -> str:
        out, counts = redact(text, [(kind, 4, 12)], {kind: action}, KEY)
        assert out.startswith("see ") and out.endswith(" there")
        assert counts == ({} if action == "keep" else {kind: 1})
        return out[4:-6]

    tag = TYPES[kind].tag_en
    assert done("redact") == done("drop") == f"[{tag}]"
    assert done("mask") == "***-** *"
    assert done("keep") == value
    digest = selector(kind, value, KEY).hex()[:16]
    assert done("hash") == f"[{tag}:{digest}]"
    assert value not in done("surrogate") and done("surrogate") == done("surrogate")


def test_overlapping_findings_become_one_span_and_spans_across_parts_are_refused():
    text = f"https://example.org/?mail={EMAIL}&tel={MOBILE}"
    spans = [(f.type, f.start, f.end) for f in scan([text], PiiSettings(off=()))]
    assert all(a[2] <= b[1] for a, b in itertools.pairwise(spans))
    out, _ = redact(text, spans, {}, KEY)
    assert EMAIL not in out and MOBILE not in out
    with pytest.raises(SettingsError):
        redact(text[:20], spans, {}, KEY)
