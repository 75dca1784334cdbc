"""Values as people write them to get past a filter: numerals, signs between digits, words for signs."""

# ruff: noqa: E501

import hashlib
import itertools

import pytest
from pii_fixtures import EMAIL, MOBILE, resident_id

from stages.pii import PiiSettings, normalise_value, scan, selector

CN = str.maketrans("0123456789", "零一二三四五六七八九")
FORMAL = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
WIDE = {ord("0") + i: 0xFF10 + i for i in range(10)}
ID = resident_id()
PHONES = [
    MOBILE, MOBILE.translate(CN), MOBILE.translate(FORMAL), MOBILE.translate(CIRCLED), MOBILE.translate(WIDE),
    MOBILE.translate(CN).replace("一", "幺"), MOBILE[:4].translate(CN) + MOBILE[4:], MOBILE[:7] + MOBILE[7:].translate(CN),
    " ".join(MOBILE), "-".join(MOBILE), ".".join(MOBILE), "·".join(MOBILE), " ".join(MOBILE.translate(CN)),
    "-".join([MOBILE[:3], MOBILE[3:7], MOBILE[7:]]), "".join(f"{d}\ufe0f\u20e3" for d in MOBILE), "\u200b".join(MOBILE),
    f"+86 {MOBILE}", f"0086{MOBILE}", f"0086-{MOBILE}", f"(+86){MOBILE}", f"86-{MOBILE}", f"＋８６{MOBILE.translate(WIDE)}",
]  # fmt: skip
IDS = [
    ID, ID.translate(WIDE), ID.translate(CN), " ".join(ID), "-".join(ID), f"{ID[:6]}-{ID[6:14]}-{ID[14:]}",
    f"{ID[:4]} {ID[4:8]} {ID[8:12]} {ID[12:16]} {ID[16:]}", f"{ID[:3]} {ID[3:6]} {ID[6:10]} {ID[10:14]} {ID[14:]}", "\u200b".join(ID),
]  # fmt: skip
NAME, HOST = EMAIL.split("@")
MAILS = [
    EMAIL, EMAIL.upper(), EMAIL.replace("@", "＠"), f"{NAME}[at]{HOST}", f"{NAME}(at){HOST}", f"{NAME} [at] {HOST}", f"{NAME}艾特{HOST}",
    f"{NAME} 艾特 {HOST.replace('.', '点')}", f"{NAME}@{HOST.replace('.', '点')}", f"{NAME} at {HOST.replace('.', ' dot ')}",
    f"{NAME}[at]{HOST.replace('.', '[dot]')}", f"{NAME} @ {HOST}", f"{NAME}@ {HOST}", f"{NAME}{{at}}{HOST}", f"{NAME}<at>{HOST}",
]  # fmt: skip
FRAMES = ["加我微信同号{}谢谢", "我的联系邮箱或电话：{}，晚上在", "登记用的是 {} 这个", "（{}）"]


def found(value: str, frame: str, kind: str) -> bool:
    text = frame.format(value)
    spans = [(f.type, text[f.start : f.end]) for f in scan([text], PiiSettings())]
    return any(
        k == kind and (v == value or (value.startswith(v) and len(v) >= len(value) - 2)) for k, v in spans
    )


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize(
    ("kind", "values"), [("CN_MOBILE", PHONES), ("CN_RESIDENT_ID", IDS), ("EMAIL_ADDRESS", MAILS)]
)
def test_chat_spellings_are_found_in_both_halves(kind, values, half):
    pairs = [
        (value, frame)
        for value, frame in itertools.product(values, FRAMES)
        if hashlib.sha256(f"{value}{frame}".encode()).digest()[0] & 1 == half
    ]
    hits = [found(value, frame, kind) for value, frame in pairs]
    assert len(pairs) >= 15
    assert sum(hits) / len(hits) >= 0.95, [pair for pair, hit in zip(pairs, hits, strict=True) if not hit]


@pytest.mark.parametrize(
    ("kind", "values"), [("CN_MOBILE", PHONES), ("CN_RESIDENT_ID", IDS), ("EMAIL_ADDRESS", MAILS)]
)
def test_spellings_of_one_value_are_one_person(kind, values):
    assert {normalise_value(kind, value) for value in values} == {normalise_value(kind, values[0])}
    assert len({selector(kind, value, b"k") for value in values}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "meet me at the cafe dot", "the model runs at 3 dot 5 seconds", "look at example dot", "见面地点北京，时间三点", "下午三点a座见",
        "一九四九年一二三四五六七八九月", "array[at] = x", "user(at)", "我们@ 大家 一起", "the party @ example.com", "①2023 ②2024 ③2025",
        "1.2.3.4.5.6.7.8.9.10.11", "1-2-3-4-5-6-7-8-9-1-2", "2 1 5 4 0 0 0 0 1 2 3 4",
        "-".join(ID[:-1]) + "-" + ("0" if ID[-1] != "0" else "1"), ID.translate(CN)[:-1] + ("零" if ID[-1] != "0" else "一"),
    ],
)  # fmt: skip
def test_what_only_reads_like_it_is_left(text):
    assert not {"CN_MOBILE", "CN_RESIDENT_ID", "EMAIL_ADDRESS"} & {
        f.type for f in scan([text], PiiSettings())
    }
