"""The verdict keys: one key per verdict, per family of risks, and per code inside the family."""

from __future__ import annotations

from typing import Any

from stages.screen import TAXONOMY

VERDICT_KEYS = {"p": "pass", "u": "unsure", "s": "skip"}
#: Families of our own codes that stand beside the five of the standard, each under one key.
_OWN = (
    ("6", ("cbrn",), {"zh": "核生化导敏感信息", "en": "CBRN"}),
    ("7", ("secrecy",), {"zh": "涉密与商业秘密", "en": "Secrecy markings"}),
    ("8", ("poison",), {"zh": "数据投毒", "en": "Data poisoning"}),
    (
        "9",
        ("sexual", "illegal", "hate", "discrimination", "harm", "pii"),
        {"zh": "其他违禁", "en": "Other prohibited"},
    ),
)


def families() -> list[dict[str, Any]]:
    """Return [{key, code, zh, en, codes: [{key, code, zh, en}]}]: the five families of Annex A, then our own."""
    rows = []
    for key, family in zip("12345", TAXONOMY.families, strict=True):
        risks = [r for r in TAXONOMY.risks if r.family == family.code]
        rows.append(
            {"key": key, "code": family.code, "zh": family.zh, "en": family.en, "codes": _codes(risks)}
        )
    for key, names, title in _OWN:
        risks = [r for r in TAXONOMY.risks if r.family in names]
        rows.append({"key": key, "code": "", **title, "codes": _codes(risks)})
    return rows


def known_codes() -> frozenset[str]:
    """Return every code a verdict may carry."""
    return frozenset(c["code"] for f in families() for c in f["codes"])


def _codes(risks: list[Any]) -> list[dict[str, str]]:
    """Key the codes of one family a, b, c, ...: the standard's own letters where they exist."""
    return [{"key": chr(97 + i), "code": r.code, "zh": r.zh, "en": r.en} for i, r in enumerate(risks)]
