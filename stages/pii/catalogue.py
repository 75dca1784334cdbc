"""The table of types: names for people, tags for texts, sensitive classes, thresholds."""

from __future__ import annotations

from typing import NamedTuple

FINANCIAL, IDENTITY, MINOR, AGGREGATE = (
    "financial-account",
    "specific-identity",
    "minor-under-14",
    "aggregate",
)


class PiiType(NamedTuple):
    """One type: its code, names, tags, PIPL Art. 28 class if any, whether a check digit exists, default threshold."""

    code: str
    zh: str
    en: str
    tag_en: str
    sensitive: str | None = None
    checksummed: bool = False
    threshold: float = 0.4

    @property
    def tag_zh(self) -> str:
        """Return the tag for Chinese text, without brackets."""
        return self.zh


_ROWS = (
    # China. A resident ID number is not named in GB/T 45574; by default it counts as sensitive.
    PiiType("CN_RESIDENT_ID", "身份证号", "PRC resident ID", "RESIDENT_ID", IDENTITY, True),
    PiiType("CN_RESIDENT_ID_15", "旧身份证号", "PRC resident ID, 15 digits", "RESIDENT_ID", IDENTITY),
    PiiType("CN_RESIDENCE_PERMIT", "港澳台居民居住证号", "residence permit", "RESIDENCE_PERMIT", IDENTITY, True),
    PiiType("CN_FOREIGN_RESIDENT", "外国人永居证号", "PRC permanent residence", "RESIDENCE_CARD", IDENTITY, True),
    PiiType("CN_USCC", "统一社会信用代码", "unified social credit code", "CREDIT_CODE", None, True),
    PiiType("CN_BANK_CARD", "银行卡号", "bank card", "BANK_CARD", FINANCIAL, True),
    PiiType("CN_MOBILE", "手机号", "PRC mobile number", "PHONE"),
    PiiType("CN_LANDLINE", "电话号码", "PRC landline", "PHONE"),
    PiiType("CN_PASSPORT", "护照号", "PRC passport", "PASSPORT", IDENTITY),
    PiiType("CN_HOME_RETURN", "回乡证号", "home-return permit", "TRAVEL_PERMIT", IDENTITY),
    PiiType("CN_TAIWAN_PERMIT", "台胞证号", "Taiwan compatriot permit", "TRAVEL_PERMIT", IDENTITY),
    PiiType("CN_EXIT_PERMIT", "通行证号", "exit-entry permit", "TRAVEL_PERMIT", IDENTITY),
    PiiType("HK_ID", "香港身份证号", "Hong Kong ID", "HK_ID", IDENTITY, True),
    PiiType("MO_ID", "澳门身份证号", "Macau ID", "MACAU_ID", IDENTITY),
    PiiType("TW_ID", "台湾身份证号", "Taiwan ID", "TAIWAN_ID", IDENTITY, True),
    PiiType("CN_OFFICER_CARD", "军官证号", "officer card", "OFFICER_CARD", IDENTITY),
    PiiType("CN_PLATE", "车牌号", "vehicle plate", "PLATE"),
    PiiType("CN_DRIVER_FILE", "驾驶证档案编号", "driving licence file number", "DRIVER_FILE"),
    PiiType("CN_SOCIAL_SECURITY", "社保号", "social security number", "SOCIAL_SECURITY", IDENTITY),
    PiiType("CN_QQ", "QQ号", "QQ number", "QQ"),
    PiiType("CN_WECHAT", "微信号", "WeChat id", "WECHAT"),
    PiiType("CN_ADDRESS", "地址", "address", "ADDRESS"),
    PiiType("IMEI", "设备识别码", "IMEI", "IMEI", None, True),
    PiiType("IMSI", "用户识别码", "IMSI", "IMSI"),
    PiiType("ICCID", "SIM卡号", "ICCID", "ICCID"),
    PiiType("BIRTH_DATE", "出生日期", "date of birth", "BIRTH_DATE"),
    # any script
    PiiType("PRIVATE_KEY", "私钥", "private key", "PRIVATE_KEY"),
    PiiType("API_KEY", "密钥", "API key", "API_KEY"),
    PiiType("JWT", "访问令牌", "JSON web token", "TOKEN"),
    PiiType("EMAIL_ADDRESS", "邮箱", "e-mail address", "EMAIL"),
    PiiType("IBAN_CODE", "国际银行账号", "IBAN", "IBAN", FINANCIAL, True),
    PiiType("CREDIT_CARD", "信用卡号", "payment card", "CARD", FINANCIAL, True),
    PiiType("CRYPTO", "加密货币地址", "Bitcoin address", "WALLET", FINANCIAL, True),
    PiiType("IP_ADDRESS", "IP地址", "IP address", "IP"),
    PiiType("MAC_ADDRESS", "MAC地址", "MAC address", "MAC"),
    PiiType("UUID", "通用唯一标识", "UUID", "UUID"),
    PiiType("URL", "网址", "link", "URL"),
    # Presidio's English pack
    PiiType("PHONE_NUMBER", "电话号码", "telephone number", "PHONE"),
    PiiType("US_ITIN", "美国纳税人识别号", "US taxpayer number", "ITIN", IDENTITY),
    PiiType("US_SSN", "美国社会保障号", "US social security number", "SSN", IDENTITY),
    PiiType("UK_NHS", "英国医疗编号", "UK NHS number", "NHS", "medical-health", True),
    PiiType("MEDICAL_LICENSE", "美国医疗执照号", "US medical licence", "MEDICAL_LICENCE", None, True),
    PiiType("US_PASSPORT", "美国护照号", "US passport", "PASSPORT", IDENTITY),
    PiiType("US_DRIVER_LICENSE", "美国驾照号", "US driving licence", "DRIVING_LICENCE"),
    PiiType("US_BANK_NUMBER", "美国银行账号", "US bank account", "BANK_ACCOUNT", FINANCIAL),
    PiiType("PERSON", "姓名", "name of a person", "NAME"),
    PiiType("DATE_TIME", "日期", "date", "DATE"),
)  # fmt: skip

#: Types by code. Their order is the rank in which overlapping findings of equal score and length win.
TYPES: dict[str, PiiType] = {row.code: row for row in _ROWS}
RANK: dict[str, int] = {code: rank for rank, code in enumerate(TYPES)}
