"""The gate changes speed and nothing else; no text takes more than its length times a constant."""

import socket
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pii_fixtures import EMAIL, ID_MAN, MOBILE, card, resident_id

from stages.pii import PiiSettings, engine, plain, scan
from stages.pii.phones import DECIMAL, Phones

ALL = PiiSettings(off=())
PIECES = [
    ID_MAN, MOBILE, EMAIL, card(), card("411111", 16), "手机", "身份证", "护照", "E00000000", "ssn", "passport", 
    "driver license", "D0000000",
    "536-90-4399", "+44 20 7946 0958", "(212) 555-0187", "DE89 3704 0044 0532 0130 00", 
    "gb29nwbk60161331926819", "10.0.0.1",
    "fe80::1", "00:1B:44:11:3A:B7", "2024-05-01", "www.example.com/a?b=c", "京A12D45", "微信：", "QQ:", 
    "1234567", "北京市朝阳区建国路100号",
    "一五四零零零零一二三四", "生日：1990年1月1日", "AKIA0000000000000000", "eyJ", "-----BEGIN PRIVATE KEY-----", 
    "订单号", "\u200b", "\ufeff",
    "１", "０", "\n", " ", "，", "。", "a@", ".", "-", "x", "号",
    "王无名@example.com", "138 123 45678", "联系", "nobody艾特example点com", "nobody [at] ", "example",
    " dot com", " at ", " @ ", "邮箱", "1五4零0001二34", "①②",
    "1.5.4.0.0.0.0.1.2.3.4", "\ufe0f\u20e3", "壹伍肆零零零零壹贰叁肆", "点c",
    "10.5 20.25", "2016-05-23",
    "王无名", "先生", "，男，", "姓名：", "Ⅷ", "𝟕", "\x00", "é", "010-1234-5678", "09012345678", "휴대폰 ",
    "Mr. ", "Anna", " Bell", "J.", "O'Neil", "Name:", "Dear ", "Regards,\n", " lives in ", "Élodie", " van der Meer",
    ", CEO", "日本", "\u212a", "7", "86",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=14).map("".join)
LONG = st.lists(st.sampled_from(PIECES) | st.just("word " * 30) | st.just("汉字" * 60), max_size=10).map(
    "".join
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS | LONG, min_size=1, max_size=4))
@example([f"{MOBILE}{EMAIL}", ""])
@example(["passport " + "汉" * 60 + "A00000000"])
def test_the_gate_finds_what_presidio_finds_without_it(texts):
    gated, not_run = engine.find(texts, ALL)
    assert gated == [plain.find(text, ALL) for text in texts]
    assert all("time-out" not in name for names in not_run for name in names)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*PIECES, "+1 ", "0", "00", "011", " / ", ": ", "5551234567", "1640"]), max_size=12
    ).map("".join)
)
def test_telephone_numbers_are_those_of_the_library(text):
    assume(not DECIMAL.search(text) and "2016-05-23" not in text)  # decimals and days are no numbers here
    ours = Phones()
    theirs = super(Phones, ours).analyze(text, ["PHONE_NUMBER"])
    enough = {(r.start, r.end) for r in theirs if sum(c.isdigit() for c in text[r.start : r.end]) >= 7}
    mine = {(r.start, r.end) for r in ours.analyze(text, ["PHONE_NUMBER"])}
    assert enough <= mine and all(any(a <= c and d <= b for a, b in enough) for c, d in mine)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_text_is_scanned_the_same_alone_and_in_company(texts):
    together, _ = engine.find(texts, ALL)
    assert together == [engine.find([text], ALL)[0][0] for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "d=M17.0001 12.5 3-4.25 10.125 7.0625",
        "rgb(255 255 255/ .5)",
        "seen 2016-05-23",
        "12.3456789 98.7654321",
    ],
)
def test_decimals_and_days_are_no_telephone_numbers(text):
    assert Phones().analyze(text, ["PHONE_NUMBER"]) == []


@pytest.mark.parametrize(
    "text", ["call 415.555.0132", "(415) 555-0132", "415.5550132", "415.555.0132 415.555.0133"]
)
def test_telephone_numbers_with_dots_stay(text):
    theirs = super(Phones, Phones()).analyze(text, ["PHONE_NUMBER"])
    mine = {(r.start, r.end) for r in Phones().analyze(text, ["PHONE_NUMBER"])}
    assert {(r.start, r.end) for r in theirs} == mine


@pytest.mark.parametrize(
    "text",
    ["." * 50_000, "a@" * 25_000, "a." * 25_000, "1" * 50_000, "1 " * 25_000, 
     "2016-05-23 10:30 " * 3_000, "市" * 50_000,
     "路1号" * 12_000, "::" * 25_000, "-----BEGIN PRIVATE KEY-----" * 1_800, 
     "eyJ" * 16_000, "微信" * 25_000, "A1" * 25_000],
    ids=lambda t: t[:6].strip(),
)  # fmt: skip
def test_hostile_text_costs_its_length_times_a_constant(text):
    seconds = []
    for piece in ("warm", text[: len(text) // 5], text):
        begin = time.process_time()
        scan([piece], ALL)
        seconds.append(time.process_time() - begin)
    _, fifth, whole = seconds
    assert whole < 12 * max(fifth, 0.05)  # five times as much when linear, 25 times when quadratic


def test_a_pattern_that_takes_too_long_is_named_and_loses_only_its_document():
    slow, quick = "1" * 400_000, f"手机 {MOBILE}"
    found, not_run = engine.find([quick, slow], PiiSettings(regex_seconds=1e-4))
    assert [f[0] for f in found[0]] == ["CN_MOBILE"]
    assert not_run[0] == [] and any("time-out" in name for name in not_run[1])


def test_nothing_opens_a_connection(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert [f.type for f in scan(["write to x@some-host.co.uk"], PiiSettings())] == ["EMAIL_ADDRESS"]


def test_ten_megabytes_on_one_line_are_read():
    text = "plain words without numbers " * 370_000 + resident_id()
    assert [(f.type, f.start) for f in scan([text], PiiSettings())] == [("CN_RESIDENT_ID", len(text) - 18)]
