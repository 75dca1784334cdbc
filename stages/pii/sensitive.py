"""Sensitive classes of PIPL Art. 28 as a second label of a document with findings."""

from __future__ import annotations

import datetime as dt
import re

from stages.pii.catalogue import AGGREGATE, FINANCIAL, IDENTITY, MINOR, TYPES
from stages.pii.checks import birth_date
from stages.pii.resolve import Found
from stages.pii.settings import PiiSettings

MINOR_AGE = 14
WITH_BIRTH_DATE = ("CN_RESIDENT_ID", "CN_RESIDENCE_PERMIT", "CN_FOREIGN_RESIDENT")
_NOT_COUNTED = ("DATE_TIME", "URL", "UUID")
NEAR = 100  # characters between a finding and the words that say something about its person
NO_MINORS = "pii:minors"

#: What a text says about a person, by class of PIPL Art. 28 and GB/T 45574; counts only near a finding.
SAYS = {
    "biometric": "指纹|人脸识别|面部特征|虹膜|声纹|掌纹|基因检测|fingerprint|face id|iris scan|voiceprint|dna sample",
    "religious-belief": "宗教信仰|信仰[:：]|皈依|受洗|信奉|religion:|religious belief|baptised|baptized",
    IDENTITY: "残疾人?证|残疾等级|低保户|disability certificate|disability status",
    "medical-health": "确诊|病历|病史|诊断|住院号|就诊|体检报告|检验报告|患有|过敏史"
    "|diagnosis|diagnosed|medical record|patient id",
    FINANCIAL: "支付密码|取款密码|交易密码|账户余额|证券账户|account password|card pin|account balance",
    "whereabouts": "行踪|行动轨迹|实时位置|定位信息|住宿记录|开房记录|gps location|location history",
    "other-sensitive": "犯罪记录|前科|征信报告|性取向|criminal record|credit report|sexual orientation",
}
_SAYS = {label: re.compile(words, re.IGNORECASE) for label, words in SAYS.items()}


def classes(texts: list[str], found: list[list[Found]], settings: PiiSettings) -> list[list[str]]:
    """Return for each text its sensitive classes, sorted; empty where nothing was found."""
    return [
        sorted(_of(text, items, settings)) if items else [] for text, items in zip(texts, found, strict=True)
    ]


def _of(text: str, items: list[Found], settings: PiiSettings) -> set[str]:
    """Return the classes that a document's findings give it."""
    items = [item for item in items if item[0] not in _NOT_COUNTED]
    kinds = {item[0] for item in items}
    out = {label for kind in kinds if (label := TYPES[kind].sensitive)}
    around = "\n".join(text[max(0, a - NEAR) : b + NEAR] for _, a, b, _, _ in items)
    out |= {label for label, words in _SAYS.items() if words.search(around)}
    if len(kinds) >= settings.aggregate_types:
        out.add(AGGREGATE)
    if settings.as_of and any(
        _is_minor(text[a:b], settings.as_of) for kind, a, b, _, _ in items if kind in WITH_BIRTH_DATE
    ):
        out.add(MINOR)
    return out


def not_run(items: list[Found], settings: PiiSettings) -> list[str]:
    """Name the check of minors where a document holds a birth date in a number and no day is set to count from."""
    open_question = not settings.as_of and any(item[0] in WITH_BIRTH_DATE for item in items)
    return [NO_MINORS] if open_question else []


def _is_minor(value: str, day: dt.date) -> bool:
    """Answer whether the person with this 18-digit number was under 14 on `day`."""
    born = birth_date("".join(c for c in value if c.isalnum()))
    return (
        born is not None
        and (day.year - born.year - ((day.month, day.day) < (born.month, born.day))) < MINOR_AGE
    )
