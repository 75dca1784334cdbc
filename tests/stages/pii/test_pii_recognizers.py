"""What each recognizer takes and leaves; every number here can be nobody's."""

import pytest
from pii_fixtures import EMAIL, ID_MAN, MOBILE, card, resident_id

from stages.pii import PiiSettings, checks, scan

PERMIT = resident_id("810000", "19900101")
FOREIGN = resident_id("911105", "19900101")
USCC = next(
    f"9111010500000000{b}{c}"
    for b in "0"
    for c in checks.USCC_ALPHABET
    if checks.uscc(f"9111010500000000{b}{c}")
)
HK = next(f"A000000({c})" for c in "0123456789A" if checks.hong_kong_id(f"A000000{c}"))
TW = next(f"A10000000{c}" for c in "0123456789" if checks.taiwan_id(f"A10000000{c}"))


def found(text: str) -> list[tuple[str, str]]:
    """Return (type, value) of the findings in a text."""
    return [(f.type, text[f.start : f.end]) for f in scan([text], PiiSettings())]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("身份证{}", "CN_RESIDENT_ID", ID_MAN),
        ("id {} on file", "CN_RESIDENT_ID", ID_MAN.lower()),
        ("证件 {}。", "CN_RESIDENT_ID", f"{ID_MAN[:6]} {ID_MAN[6:14]} {ID_MAN[14:]}"),
        ("旧身份证：{}", "CN_RESIDENT_ID_15", "110105491231000"),
        ("居住证{}", "CN_RESIDENCE_PERMIT", PERMIT),
        ("永久居留{}", "CN_FOREIGN_RESIDENT", FOREIGN),
        ("统一社会信用代码{}", "CN_USCC", USCC),
        ("打{}找我", "CN_MOBILE", MOBILE),
        ("打{}找我", "CN_MOBILE", "+86 154-0000-1234"),
        ("打{}找我", "CN_MOBILE", "154 00001234"),
        ("打{}找我", "CN_MOBILE", "1 5 4 0 0 0 0 1 2 3 4"),
        ("打{}找我", "CN_MOBILE", "一五四零零零零一二三四"),
        ("座机{}转", "CN_LANDLINE", "010-10000000".replace("-1", "-2")),
        ("银行卡{}", "CN_BANK_CARD", card()),
        ("卡号：{}", "CN_BANK_CARD", "6222 0200 0000 0000 000"),
        ("护照{}", "CN_PASSPORT", "E00000000"),
        ("回乡证{}", "CN_HOME_RETURN", "H00000000"),
        ("台胞证{}", "CN_TAIWAN_PERMIT", "00000000"),
        ("港澳通行证{}", "CN_EXIT_PERMIT", "C00000000"),
        ("证件{}", "HK_ID", HK),
        ("澳门身份证{}", "MO_ID", "5000000(0)"),
        ("身分證{}", "TW_ID", TW),
        ("持{}", "CN_OFFICER_CARD", "军字第00000000号"),
        ("车牌{}", "CN_PLATE", "京A00D00"),
        ("新能源车{}", "CN_PLATE", "沪AD00000"),
        ("驾驶证档案编号{}", "CN_DRIVER_FILE", "000000000000"),
        ("社保卡号{}", "CN_SOCIAL_SECURITY", "A00000000"),
        ("QQ：{}", "CN_QQ", "1000000000"),
        ("微信号是{}", "CN_WECHAT", "nobody_000"),
        ("住{}", "CN_ADDRESS", "浙江省杭州市西湖区无名路0号0栋000室"),
        ("地址：{}", "CN_ADDRESS", "无名区无名路0号"),
        ("IMEI {}", "IMEI", "010000000000008"),
        ("手机IMEI号：{}", "IMEI", "010000000000008"),
        ("税号：{}", "CN_USCC", USCC.lower()),
        ("연락처 {}", "PHONE_NUMBER", "010-0000-0000"),
        ("携帯電話は{}です", "PHONE_NUMBER", "09000000000"),
        ("IMSI：{}", "IMSI", "460000000000000"),
        ("生日：{}", "BIRTH_DATE", "1990年1月1日"),
        ("DOB: {}", "BIRTH_DATE", "01/02/1990"),
        ("邮箱{}", "EMAIL_ADDRESS", EMAIL),
        ("see ?ssn=1&mail={}", "EMAIL_ADDRESS", EMAIL),
        ("服务器IP是{}", "IP_ADDRESS", "192.0.2.1"),
        ("MAC地址{}", "MAC_ADDRESS", "00:00:5E:00:53:00"),
        ("key {}", "API_KEY", "AKIA0000000000000000"),
        ("{}", "PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ("my ssn is {}", "US_SSN", "536-90-4399"),
        ("call {} now", "PHONE_NUMBER", "(555) 555-0100"),
        ("IBAN {}", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
    ],
)
def test_a_value_is_found_as_a_whole(text, kind, value):
    assert (kind, value) in found(text.format(value))


@pytest.mark.parametrize(
    "text",
    [
        f"身份证{ID_MAN[:-1]}{'0' if ID_MAN[-1] != '0' else '1'}",
        f"编号9{ID_MAN}",
        f"订单号{card()}",
        f"订单号：{MOBILE}",
        f"运单{ID_MAN}",
        f"时间戳{MOBILE}00",
        f"hash a{MOBILE}b",
        f"x.com/status/{MOBILE}",
        "零件E00000000",
        "第一百二十三条 1999年12月31日第九届全国人民代表大会第12号",
        "共计 13,800,138,000 元",
        "π = 3.14159265358979",
        "version 1.2.3.4",
        "user@host",
        "@media (min-width: 100px)",
        "京Aabcde",
        "一二三四五六七八九十",
    ],
)
def test_what_only_looks_like_a_value_is_left(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["part 010-0000-00000", "2010-0000-0000", f"税号：{USCC[:9].lower()}{USCC[9:]}x"]
)
def test_a_part_of_a_longer_number_is_no_mobile_number_and_no_code(text):
    assert [kind for kind, _ in found(text) if kind in ("PHONE_NUMBER", "CN_USCC")] == []


def test_no_number_with_a_wrong_check_digit_is_taken():
    wrong = [ID_MAN[:-1] + c for c in "0123456789X" if c != ID_MAN[-1]]
    wrong += [card()[:-1] + c for c in "0123456789" if c != card()[-1]]
    wrong += [USCC[:-1] + c for c in checks.USCC_ALPHABET if c != USCC[-1]]
    for value in wrong:
        assert found(f"值 {value} 。") == [], value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("王无名先生，1970年生。", ["王无名"]),
        ("欧阳无名，男，汉族", ["欧阳无名"]),
        ("收件人：李无名，电话", ["李无名"]),
        ("王先生说高大的人都来了", []),
        ("方向，男女老少", []),
    ],
)
def test_a_chinese_name_needs_a_neighbour_that_only_a_person_has(text, names):
    hits = [text[f.start : f.end] for f in scan([text], PiiSettings(off=())) if f.type == "PERSON"]
    assert hits == names and all(f.type != "PERSON" for f in scan([text], PiiSettings()))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Dear Mr. Nemo Nobody, thanks", ["Nemo Nobody"]),
        ("Name: Anna B. Nobody", ["Anna B. Nobody"]),
        ("Best regards,\nNemo Nobody", ["Nemo Nobody"]),
        ("thank you, Mr. Speaker, and good night", []),
        ("the Main Street of Some City", []),
    ],
)
def test_an_english_name_needs_a_neighbour_or_a_known_given_name(text, names):
    on = PiiSettings(off=("URL", "DATE_TIME", "UUID"))
    assert [text[f.start : f.end] for f in scan([text], on) if f.type == "PERSON"] == names
    assert [f for f in scan([text], PiiSettings()) if f.type == "PERSON"] == []
