"""Values as people type them in chats: found where the words around them say what they are, and only there."""

import pytest
from pii_fixtures import card, resident_id

from stages.pii import PiiSettings, scan

GROUPED = [
    "154 0000 1234", "154  0000  1234", "154 - 0000 - 1234", "154.0000.1234", "154·0000·1234", "154 000 01234",
    "1540 000 1234", "1540 0001 234", "15400 001234", "15400 001 234", "154 00 00 12 34", "154 00001 234",
    "154-000-012-34", "86 1540 000 1234", "+86 15400 001234",
]  # fmt: skip


def spans(text: str) -> list[tuple[str, str]]:
    return [(f.type, text[f.start : f.end]) for f in scan([text], PiiSettings())]


@pytest.mark.parametrize("number", GROUPED)
@pytest.mark.parametrize("frame", ["我手机 {}哦", "有事打给{}，谢谢", "联系方式：{}"])
def test_a_mobile_number_in_groups_is_found_beside_a_word_about_calling(number, frame):
    assert spans(frame.format(number)) == [("CN_MOBILE", number)]


@pytest.mark.parametrize(
    "text",
    [
        "第一批 1540 000 1234 件",
        "手机订单号 1540 000 1234",
        "手机卖了 1540 000 123 台",
        "手机卖了 1540 000 12345 台",
        "电话会议记录 2 1540 000 1234",
        "电话 1240 000 1234",
        "手机价格 1599 1699 1799",
        "手机坐标 1540.000.1234.5",
    ],
)
def test_digits_in_groups_without_such_a_word_or_of_another_length_are_left(text):
    assert [s for s in spans(text) if s[0] == "CN_MOBILE"] == []


@pytest.mark.parametrize(
    "text", ["请写信给：王无名@example.com。", "“无名氏@mail.example.cn”", "王无名@example.com"]
)
def test_a_mailbox_in_chinese_characters_is_found(text):
    ((kind, value),) = spans(text)
    assert kind == "EMAIL_ADDRESS" and value.endswith(("example.com", "example.cn"))
    assert value.startswith(("王无名@", "无名氏@"))


@pytest.mark.parametrize(
    "text",
    [
        "大家都用@example.com",
        "企业邮箱@example.com",
        "后缀@example.com",
        "有空就@王无名",
        "请大家把文件寄到@example.com",
        "王无名@没有域名",
        "王无名@example.invalidsuffix",
    ],
)
def test_an_at_sign_after_chinese_words_is_no_address(text):
    assert spans(text) == []


def test_a_latin_mailbox_after_chinese_words_keeps_its_own_border():
    assert spans("我的邮箱nobody@example.com") == [("EMAIL_ADDRESS", "nobody@example.com")]


@pytest.mark.parametrize("place", range(18))
def test_no_mistyped_id_or_card_passes_for_another_value_in_chat(place):
    good = resident_id()
    wrong = good[:place] + ("1" if good[place] != "1" else "2") + good[place + 1 :]
    number = card()
    bad = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    text = (
        f"手机联系，我的身份证 {wrong[:6]} {wrong[6:14]} {wrong[14:]}，还有{bad[:4]} {bad[4:8]} {bad[8:12]}"
    )
    assert not {"CN_RESIDENT_ID", "CN_MOBILE", "CN_RESIDENCE_PERMIT"} & {kind for kind, _ in spans(text)}
