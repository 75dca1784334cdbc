"""Numbers and addresses that look like somebody's and can be nobody's, and look-alikes that are none.

* resident IDs: a real region and date with the sequence 000, which is never issued; right check digit;
* mobile numbers: segment 194, which is not assigned; US numbers 555-0100 to 555-0199, kept for fiction;
* bank cards: the test numbers that payment services publish;
* e-mail: example.com and example.org (RFC 2606); company codes: region 990000, which does not exist.
"""

from __future__ import annotations

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015


def resident_id(region: str, birth: str) -> str:
    """Return an 18-character number with the impossible sequence 000 and the right check character."""
    body = f"{region}{birth}000"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True)) % 11]


def company_code(body: str) -> str:
    """Return a unified social credit code: 17 characters and the check character (mod 31)."""
    total = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + USCC_ALPHABET[-total % 31]


def ai_label(label: str, number: int) -> dict[str, str]:
    """Return the implicit label of GB 45438-2025, Annex E, by an invented producer."""
    return {
        "Label": label,
        "ContentProducer": "0011" + company_code("91990000HALLMARK0") + "00001",
        "ProduceID": f"sample-{number:04d}",
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }


ID_ONE, ID_TWO, ID_THREE = (
    resident_id("110101", "19850307"),
    resident_id("440305", "19930916"),
    resident_id("330106", "19901124"),
)
MOBILES = ("19400000001", "19400010002", "19412340000", "19455550055")
CARDS = ("6200000000000005", "4111111111111111", "5555555555554444", "6212345678901232")


def spaced(mobile: str) -> str:
    """Return a mobile number in groups of three, four and four digits."""
    return f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"


def wrong(number: str) -> str:
    """Return a number with another last digit, so that its check fails."""
    return number[:-1] + str((int(number[-1]) + 3) % 10)


#: (source, key, language, findings by type, sentence that holds them)
FINDINGS: tuple[tuple[str, str, str, dict[str, int], str], ...] = (
    ("zh-notes", "zn-pii-id", "zh", {"CN_RESIDENT_ID": 1}, f"登记簿上写着身份证号{ID_ONE}，字迹已经模糊。"),
    ("zh-notes", "zn-pii-mobile", "zh", {"CN_MOBILE": 1}, f"借梯子请打电话{MOBILES[0]}，晚上也有人接。"),
    ("zh-ledger", "zl-pii-card", "zh", {"CN_BANK_CARD": 1}, f"退款请转到银行卡号{CARDS[0]}，三天内到账。"),
    ("zh-ledger", "zl-pii-mail", "zh", {"EMAIL_ADDRESS": 1}, "稿件发到 bianji@example.com 即可，不收附件。"),
    (
        *("zh-notes", "zn-pii-two", "zh", {"CN_MOBILE": 2}),
        f"白天打{MOBILES[1]}，周末改打+86 {spaced(MOBILES[2])}，两个号码都能找到人。",
    ),
    (
        *("zh-handbook", "pii-mixed", "zh", {"CN_RESIDENT_ID": 1, "CN_MOBILE": 1, "EMAIL_ADDRESS": 1}),
        f"报名表样例：身份证{ID_TWO}，手机{MOBILES[3]}，邮箱 baoming@example.org。",
    ),
    (
        "zh-notes",
        "zn-pii-wide",
        "zh",
        {"CN_MOBILE": 1},
        "黑板上用全角数字写着手机１９４０００２０００６，粉笔很粗。",
    ),
    ("digest", "dg-pii-id", "zh", {"CN_RESIDENT_ID": 1}, f"夹子里有一张证件，号码为{ID_THREE}，等人来领。"),
    (
        "digest",
        "dg-pii-card",
        "zh",
        {"CN_BANK_CARD": 1},
        "旧存折背面抄着卡号 6212 3456 7890 1232，没有姓名。",
    ),
    ("en-articles", "ea-pii-mail", "en", {"EMAIL_ADDRESS": 1}, "Spare seed is at allotments@example.org."),
    (
        "en-articles",
        "ea-pii-card",
        "en",
        {"CREDIT_CARD": 1},
        f"The form showed a credit card, {CARDS[1]}, twice.",
    ),
    ("en-articles", "ea-pii-phone", "en", {"PHONE_NUMBER": 1}, "Please phone (202) 555-0143 beforehand."),
    (
        *("en-letters", "pii-letter", "en", {"EMAIL_ADDRESS": 2}),
        "Write to keeper@example.com or, in winter, to lodge@example.org.",
    ),
    (
        "digest",
        "dg-pii-card-en",
        "en",
        {"CREDIT_CARD": 1},
        "The note said: card 5555 5555 5555 4444, deposit.",
    ),
)

#: A list of nothing but numbers, by day.
ROSTER = tuple((f"星期{day}", f"1940003000{place}") for place, day in enumerate("一二三四五六日", 1))

#: Texts in other forms of Chinese, and in two languages.
OTHER_SCRIPTS = {
    "traditional": "這間修理舖開在巷子盡頭，門口掛著幾個舊輪圈。師傅說，東西壞了不必急著丟，先看看能不能修。"
    "雨傘斷了一根骨，拿腳踏車的輻條截一段正好；收音機沒有聲音，多半是焊點鬆了。"
    "學徒把拆下來的螺絲按順序擺在紙上，旁邊寫好號碼，裝回去的時候一顆也不會少。",
    "classical": "村東有老圃者，種豆半畝。或問其術，曰：無他，待雨而已。既雨，苗乃興；苗興，草亦興，"
    "故晨起荷鋤，日入而息。秋至，得豆三斛，分其一與鄰，藏其一為種，餘者釀之以待客。客至，不問姓名，共飲於樹下。",
    "two-languages": "自行车铺的墙上贴着一张中英对照的卡片：先听声音，再找气孔。"
    "Listen first, then look for the hole. "
    "补胎的胶水要等到不粘手了再贴。The glue must be dry before the patch goes on. "
    "气要打到拇指按不动为止。",
}

#: (source, key, language, sentence in which nothing must be found)
LOOK_ALIKES: tuple[tuple[str, str, str, str], ...] = (
    ("zh-notes", "zn-not-id", "zh", f"练习册故意把末位写错：{wrong(ID_ONE)}，请学生找出校验在哪里断开。"),
    ("zh-notes", "zn-not-date", "zh", "今年的编号是11010120312345，月份和日期都对不上。"),
    ("zh-ledger", "zl-not-card", "zh", f"运单号{wrong(CARDS[0])}已经签收，箱子完好。"),
    ("zh-ledger", "zl-not-mobile", "zh", "这批螺丝的货号是194000000015，一盒两百颗。"),
    ("zh-handbook", "not-an-address", "zh", "门牌上只画了一个“@”，没有写任何名字。"),
    ("en-articles", "ea-not-card", "en", f"Parcel {wrong(CARDS[1])} was left with the neighbour."),
    ("en-letters", "not-an-address", "en", "The sign says at example, dot, com, and leads nowhere at all."),
)
