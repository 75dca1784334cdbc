"""The pack `china-pii`: what Presidio lacks for mainland China, Hong Kong, Macau and Taiwan, as a table."""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Callable
from itertools import product

from stages.pii import checks
from stages.pii.recognizer import STRIP, Row
from stages.pii.values import numerals_to_digits

DETECTOR = "china-pii@4"
L, R = r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z_])"  # nothing of a longer number or word on either side
ORDERS = (
    "订单",
    "运单",
    "单号",
    "流水号",
    "产品",
    "货号",
    "型号",
    "批号",
    "条形码",
    "条码",
    "编码",
    "order",
    "tracking",
    "sku",
)
IS = r"(?:号码|号|码|ID|id)?\s?(?:是|为)?\s?[:：]?\s?"  # between a keyword and its value
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
GAP = r"(?: ?[-–—.·/ ] ?| {3})"  # what people type between the groups of a number
#: Lengths of the groups in which people break up the eleven digits of a mobile number; 3-4-4 and whole are certain enough alone.
GROUPS = (
    (3, 4, 4),
    (3, 3, 5),
    (3, 3, 3, 2),
    (3, 2, 2, 2, 2),
    (3, 2, 3, 3),
    (3, 5, 3),
    (3, 8),
    (4, 3, 4),
    (4, 4, 3),
    (5, 6),
    (5, 3, 3),
    (7, 4),
)
CHAT = "|".join(
    GAP.join([f"1[3-9][0-9]{{{n - 2}}}", *(f"[0-9]{{{m}}}" for m in rest)]) for n, *rest in GROUPS
)
NUMERAL = "零〇一幺二两三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖"
MIXED = f"[0-9{NUMERAL}]"  # digits and numerals, mixed as people do to hide a number
REST = r"[ -]?(?:18|19|20)[0-9]{2} ?(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[ -]?[0-9]{3}[0-9Xx]"  # of a number in the form of GB 11643


def _bank_card(value: str) -> bool | None:
    """True for a UnionPay number with its check digit; a card of another maker, or without one, needs context."""
    if value.startswith("62") and checks.luhn(value):
        return True
    return None if value.startswith("62") or checks.luhn(value) else False


def _needs(check: Callable[[str], bool]) -> Callable[[str], bool | None]:
    """Turn a weak check into a hook: a failure drops the match, a pass leaves the pattern's own score."""

    def hook(value: str) -> bool | None:
        return None if check(value) else False

    vars(hook)["weak"] = True
    return hook


def _in_numerals(value: str) -> bool:
    """Answer whether a number written with Chinese numerals is a resident ID."""
    return checks.resident_id(numerals_to_digits(value.translate(STRIP)))


#: Certain by their own structure: looked for in text of any script.
STRICT = [
    Row("CN_RESIDENT_ID", L + r"[1-9][0-9]{5}" + REST + R, 0.6, "num12", checks.resident_id, (), ORDERS[:3]),
    Row("CN_RESIDENT_ID", r"(?<![0-9A-Za-z_])(?<![0-9][ .-])[1-9](?:[ .-]?[0-9]){16}[ .-]?[0-9Xx](?![0-9A-Za-z_]|[ .-][0-9])", 0.6, "num12", checks.resident_id, (), ORDERS[:3]),
    Row("CN_RESIDENCE_PERMIT", L + r"8[123]0000" + REST + R, 0.6, "num12", checks.residence_permit),
    Row("CN_FOREIGN_RESIDENT", L + r"9[0-9]{5}" + REST + R, 0.6, "num12", checks.permanent_residence),
    Row(
        "CN_USCC",
        L + r"(?:[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
        r"|[1-9a-hj-npqrtuwxy][0-9a-hj-npqrtuwxy][0-9]{6}[0-9a-hj-npqrtuwxy]{10})" + R,
        0.6, "long", checks.uscc, (), ORDERS[:3], case=True,
    ),
    Row(
        "CN_MOBILE",
        r"(?<![0-9A-Za-z_.%])(?<![0-9][-+])(?<![0-9A-Za-z]/)(?:(?:\((?:\+|00)?86\)|(?:\+|00)?86)[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}"
        r"(?![0-9]|[-.][0-9]|[A-Fa-f][0-9A-Fa-f])",
        0.7, "num9", None, ("手机", "电话", "mobile", "phone"), ORDERS,
    ),
    Row(
        "CN_BANK_CARD",
        r"(?<![0-9A-Za-z_.])(?<![0-9]-)[3-6][0-9]{3}([- ]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?(?![0-9A-Za-z_]|[-.][0-9])",
        0.2, "num12", _bank_card, ("银行卡", "行卡", "卡号", "账号", "帐号", "账户", "储蓄卡", "借记卡", "信用卡", "开户"), ORDERS,
    ),
    Row("CN_QQ", rf"(?<=(?:QQ|扣扣|企鹅号?|球球|[加十+]Q){IS})[1-9][0-9]{{4,11}}(?![0-9])", 0.7, "num5"),
    Row("CN_WECHAT", rf"(?<=(?:微信|薇信|威信|[vV]信|加[vV]|WeChat|Wechat|wechat|weixin|Weixin|wx|WX|vx|VX|Vx){IS})[A-Za-z][A-Za-z0-9_-]{{5,19}}(?![A-Za-z0-9_@.-])", 0.7, "word", case=True),
    Row("IMEI", L + r"(?!00)[0-9]{2}-?[0-9]{6}-?[0-9]{6}-?[0-9]" + R, 0.1, "num12", _needs(checks.luhn), ("imei", "串号", "机身码")),
    Row("IMSI", L + r"460[0-9]{12}" + R, 0.1, "num12", None, ("imsi",)),
    Row("ICCID", L + r"8986[0-9]{15,16}" + R, 0.1, "num12", None, ("iccid", "sim卡")),
    Row("BIRTH_DATE", r"(?<=(?:出生日期|出生年月日?|出生时间|出生于?|生日|生于)\s?(?:是|为)?\s?[:：]?\s?)(?:(?:19|20)?[0-9]{2}年(?:[0-9]{1,2}月(?:[0-9]{1,2}[日号])?)?"
        r"|(?:19|20)[0-9]{2}[./-][0-9]{1,2}[./-][0-9]{1,2}|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|[一二三四五六七八九十]{1,2}月[一二三四五六七八九十廿]{1,3}[日号]?)",
        0.7, "word"),
    Row("BIRTH_DATE", rf"(?<=\b(?:dob|d\.o\.b\.|born|birthday|birth ?date|date of birth)\s?(?:is|on|was)?\s?:?\s?)(?:[0-9]{{1,4}}[./-][0-9]{{1,2}}[./-][0-9]{{1,4}}"
        rf"|{MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}|[0-9]{{1,2}}(?:st|nd|rd|th)? {MONTH}\.?,? [0-9]{{4}})(?![0-9])", 0.7, "word"),
]  # fmt: skip

#: Weak without Chinese words around them: looked for where there are Han characters.
HAN = [
    Row("CN_RESIDENT_ID_15", L + r"[1-9][0-9]{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}" + R, 0.1, "num12",
        _needs(checks.resident_id_15), ("身份证", "证件号")),
    Row("CN_MOBILE", r"(?<![0-9])(?<![0-9][ .·-])1([ .·-])[3-9](?:\1[0-9]){9}(?![0-9]|\1[0-9])", 0.6, "num9"),
    Row("CN_MOBILE", rf"(?<![0-9A-Za-z_.%+])(?<![0-9][ -])(?:\+?86{GAP})?(?:{CHAT})(?![0-9A-Za-z_]|[ .-][0-9])", 0.2, "num9", None,
        ("手机", "电话", "联系", "打给", "拨打", "致电", "号码", "短信", "加我", "call", "phone"), ORDERS),
    Row("CN_MOBILE", rf"(?<!{MIXED})(?<!{MIXED}[ .-])(?=(?:[0-9][ .-]?){{0,10}}[{NUMERAL}])[1一幺壹][ .-]?[3-9三四五六七八九叁參肆伍陆陸柒捌玖](?:[ .-]?{MIXED}){{9}}"
        rf"(?![ .-]?{MIXED}|[十百千万亿])", 0.6, "cnnum"),
    Row("CN_RESIDENT_ID", rf"(?<!{MIXED})(?<!{MIXED}[ .-])(?=(?:[0-9][ .-]?){{0,16}}[{NUMERAL}]){MIXED}(?:[ .-]?{MIXED}){{16}}[ .-]?[0-9Xx{NUMERAL}](?![ .-]?{MIXED}|[A-Za-z_])",
        0.6, "cnnum", _in_numerals),
    Row("CN_LANDLINE", r"(?<![0-9A-Za-z_.-])(?:\(0(?:10|2[0-57-9]|[3-9][0-9]{2})\) ?|(?:\+?86[- ]?)?0(?:10|2[0-57-9]|[3-9][0-9]{2})[- ])"
        r"[1-9][0-9]{6,7}(?:[-转][0-9]{1,5})?(?![0-9A-Za-z_]|-[0-9])", 0.6, "num9", None, ("电话", "座机", "传真", "热线"), ORDERS),
    Row("CN_PASSPORT", L + r"(?:[EGDSPH][0-9]{8}|E[A-HJ-NP-Z][0-9]{7}|1[45][0-9]{7})" + R, 0.1, "num7", None, ("护照", "passport")),
    Row("CN_HOME_RETURN", L + r"[HM][0-9]{8}(?:[0-9]{2})?" + R, 0.1, "num7", None, ("回乡证", "来往内地", "港澳居民")),
    Row("CN_TAIWAN_PERMIT", L + r"(?:[0-9]{8}|[0-9]{10}[A-Z]?)" + R, 0.05, "num7", None, ("台胞证", "台湾居民来往", "台湾同胞")),
    Row("CN_EXIT_PERMIT", L + r"[CWTL](?:[0-9]{8}|[A-HJ-NP-Z][0-9]{7})" + R, 0.1, "num7", None, ("通行证", "往来港澳", "往来台湾")),
    Row("HK_ID", L + r"[A-Z]{1,2}[0-9]{6}\([0-9A]\)", 0.6, "num5", checks.hong_kong_id),
    Row("HK_ID", L + r"[A-Z]{1,2}[0-9]{6}[0-9A]" + R, 0.1, "num5", _needs(checks.hong_kong_id), ("香港身份证", "香港居民", "hkid")),
    Row("MO_ID", L + r"(?:[1578][0-9]{6}\([0-9]\)|[1-9]/[0-9]{6}/[0-9])(?![0-9A-Za-z_/])", 0.2, "num5", None, ("澳门", "澳門")),
    Row("TW_ID", L + r"[A-Z][1289][0-9]{8}" + R, 0.45, "num9", _needs(checks.taiwan_id), ("身分證", "身份证", "台湾", "臺灣"), ORDERS),
    Row("CN_OFFICER_CARD", r"[军武空海后装政参士文]字第?[ ]?[0-9]{6,8}号?(?![0-9])", 0.7, "num5"),
    Row("CN_OFFICER_CARD", L + r"[0-9]{7,8}" + R, 0.05, "num5", None, ("军官证", "士兵证", "兵证", "警官证", "军人证")),
    Row("CN_PLATE", rf"[{PLATES}][A-HJ-NP-Z][·•. -]?(?=[A-Z]*[0-9])(?:[DF][0-9A-HJ-NP-Z][0-9]{{4}}|[0-9]{{5}}[DF]|[0-9A-HJ-NP-Z]{{4}}[0-9A-HJ-NP-Z挂学警港澳使领])"
        r"(?![0-9A-Za-z_])", 0.6, "plate", case=True),
    Row("CN_PLATE", rf"[{PLATES}][A-Z][·•. -]?[0-9A-Z]{{5,6}}(?![0-9A-Za-z_])", 0.1, "plate", None, ("车牌", "车辆", "号牌", "牌照"), case=True),
    Row("CN_DRIVER_FILE", L + r"[0-9]{12}" + R, 0.05, "num12", None, ("档案编号", "驾驶证", "驾照")),
    Row("CN_SOCIAL_SECURITY", L + r"[A-Z]?[0-9]{8,12}" + R, 0.05, "num7", None, ("社保", "社会保障", "医保")),
]  # fmt: skip


def _cases(word: str) -> list[str]:
    """Return a word in every mixture of capital and small letters: the automaton knows no case."""
    return sorted({"".join(c) for c in product(*((c.lower(), c.upper()) for c in word))})


#: Literals without which a row with the gate "word" cannot match.
WORDS = ("微信", "薇信", "威信", "v信", "V信", "加v", "加V", "WeChat", "Wechat", "wechat", "weixin", "Weixin", "wx", "WX", "vx", "VX", "Vx",
         "出生", "生日", "生于", *_cases("dob"), *_cases("d.o.b"), *_cases("born"), *_cases("birth"))  # fmt: skip
