"""The words of the ledger: grounds of a request, and ways to say which documents are meant."""

from __future__ import annotations

#: Ground of a request: (Chinese, English).
BASES: dict[str, tuple[str, str]] = {
    "pipl-47": ("个人信息保护法第四十七条:删除个人信息", "PIPL Article 47: deletion of personal information"),
    "gdpr-17": ("GDPR 第十七条:被遗忘权", "GDPR Article 17: erasure"),
    "copyright": ("著作权投诉", "Claim of copyright"),
    "opt-out": ("拒绝用于训练", "Refusal of use for training"),
    "illegal-content": ("违法内容", "Illegal content"),
    "safety-recall": ("安全召回", "Safety recall"),
}

SELECTORS = ("doc-id", "url", "domain", "text", "subject")
