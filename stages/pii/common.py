"""The pack `common-pii`: e-mail, links and keys, for text of any script."""

# ruff: noqa: E501
from __future__ import annotations

from functools import cache, lru_cache
from string import ascii_letters

import regex as re
import tldextract

from stages.pii.recognizer import Row
from stages.pii.values import plain_address

DETECTOR = "common-pii@4"

LOCAL = r"[A-Za-z0-9_%+~'-]"  # what addresses use in practice: more would swallow links and code
#: Suffixes of mail inside an organisation, and those of examples (RFC 2606); `.invalid` is that of our surrogates.
INSIDE = ("internal", "local", "lan", "corp", "intranet", "localdomain", "example", "test")
NOT_LAST = "的了是用到至发给在请和与及或以从为有收寄加@"  # a verb or particle before an address that lost its mailbox
NOT_LOCAL = ("邮箱", "邮件", "后缀", "域名", "地址", "账号", "帐号", "账户", "用户", "前缀", "结尾")
LABEL = r"[A-Za-z0-9\u00a1-\u024f](?:[A-Za-z0-9\u00a1-\u024f-]{0,61}[A-Za-z0-9\u00a1-\u024f])?"


@cache
def suffixes() -> tldextract.TLDExtract:
    """Return the public-suffix reader bound to the list inside its package: no network, no cache folder."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=1 << 16)  # a corpus names more hosts than memory should hold
def _real_host(host: str) -> bool:
    """Answer whether a host name ends in a public suffix."""
    found = suffixes()(host)
    return bool(found.domain and found.suffix)


def email(value: str) -> bool:
    """Answer whether the part after the last @ is a name under a public suffix or one used inside houses."""
    host = value.rpartition("@")[2].lower()
    return _real_host(host) or host.rpartition(".")[2] in INSIDE


def hidden_email(value: str) -> bool:
    """Answer whether an address written with words for its signs is one: a name under a public suffix."""
    return email(plain_address(value))


def spaced_email(value: str) -> bool | None:
    """Answer False where an address with spaces around its @ is none; the pattern's score stands otherwise."""
    return None if hidden_email(value) else False


vars(spaced_email)["weak"] = True


def han_email(value: str) -> bool:
    """Answer whether Chinese characters before the @ can be a mailbox: no word about mail, no end of a clause."""
    local = value.partition("@")[0]
    return local[-1] not in NOT_LAST and not any(word in local for word in NOT_LOCAL) and email(value)


def link(value: str) -> bool | None:
    """Answer whether a link's host is a name under a public suffix; the pattern's score stands."""
    host = value.partition("://")[2] or value
    host = host.split("/", 1)[0].split(":", 1)[0].lower().removeprefix("www.")
    return None if _real_host(host) else False


def _bracketed(*words: str) -> list[str]:
    """Return words in brackets of each kind, with and without spaces inside."""
    pairs = (("[", "]"), ("(", ")"), ("{", "}"), ("<", ">"))
    return [f"{a}{gap}{w}{gap}{b}" for a, b in pairs for w in words for gap in ("", " ")]


_ATS, _DOTS = _bracketed("at", "AT", "At", "@", "艾特"), _bracketed("dot", "DOT", "Dot", "点", ".")
AT = f" ?(?:{'|'.join(map(re.escape, _ATS))}|艾特) ?"
DOT = f"(?: ?(?:{'|'.join(map(re.escape, _DOTS))}|点) ?| (?:dot|DOT|Dot) )"
NAME, HOST = f"{LOCAL}{{1,64}}(?:\\.{LOCAL}{{1,64}}){{0,6}}", "[A-Za-z0-9-]{1,63}"
SPACED = rf"(?<!{LOCAL})(?<!{LOCAL}\.){NAME}(?: @ ?|@ )(?:{LABEL}\.){{1,6}}{LABEL}(?![A-Za-z0-9\u00a1-\u024f]|-+[A-Za-z0-9])"
#: Literals without which a row with the gate "hidden" cannot match.
HIDDEN = (*_ATS, *_DOTS, "艾特", " dot ", " DOT ", " Dot ", "点 ", *map("点{}".format, ascii_letters))

#: Words beside a mobile number of Japan or Korea, which share the form 0N0 and eight digits.
MOBILE = ("phone", "mobile", "call", "tel", "電話", "携帯", "휴대폰", "휴대전화", "핸드폰", "전화", "연락처")

COMMON = [
    Row("EMAIL_ADDRESS", rf"(?<!{LOCAL})(?<!{LOCAL}\.){NAME}(?:{AT}{HOST}(?:(?:{DOT}|\.){HOST}){{1,4}}| (?:at|AT|At) {HOST}(?:{DOT}{HOST}){{1,4}}|@{HOST}(?:{DOT}{HOST}){{1,4}})(?![A-Za-z0-9-])",
        0.5, "hidden", hidden_email, case=True),
    Row("EMAIL_ADDRESS", SPACED, 0.2, "spacedmail", spaced_email, ("邮箱", "邮件", "邮址", "联系", "email", "e-mail", "mail", "contact", "write to")),
    Row(
        "EMAIL_ADDRESS",
        rf"(?<!{LOCAL})(?<!{LOCAL}\.){LOCAL}{{1,64}}(?:\.{LOCAL}{{1,64}}){{0,6}}@(?:{LABEL}\.){{1,6}}{LABEL}"
        r"(?![A-Za-z0-9\u00a1-\u024f]|-+[A-Za-z0-9])",
        0.5, "mail", email,
    ),
    Row("PRIVATE_KEY", r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----[A-Za-z0-9+/=\s:,-]{1,4096}?-----END [A-Z0-9 ]{0,32}PRIVATE KEY-----", 1.0, "key"),
    Row("API_KEY", r"(?<![A-Za-z0-9_-])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,64}"
        r"|xox[abprs]-[A-Za-z0-9-]{10,128}|AIza[0-9A-Za-z_-]{35}|LTAI[0-9A-Za-z]{12,26}|AKID[0-9A-Za-z]{32}|sk-[A-Za-z0-9_-]{20,200}"
        r"|sk_live_[A-Za-z0-9]{16,128})(?![A-Za-z0-9_-])", 0.9, "key", case=True),
    Row("JWT", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,1024}\.eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,1024}(?![A-Za-z0-9_-])", 0.9, "key", case=True),
    Row("PHONE_NUMBER", r"(?<![0-9A-Za-z_./+-])(?<![0-9][ ])0[17-9]0-[0-9]{4}-[0-9]{4}(?![0-9A-Za-z_]|[-.][0-9])", 0.6, "num9"),
    Row("PHONE_NUMBER", r"(?<![0-9A-Za-z_./+-])(?<![0-9][ ])0[17-9]0( ?)[0-9]{4}\1[0-9]{4}(?![0-9A-Za-z_]|[-. ][0-9])", 0.2, "num9", None, MOBILE),
    Row("URL", rf"(?<![A-Za-z0-9@._%-])(?:(?:https?|ftp)://)?(?:{LABEL}\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9@-]|\.[A-Za-z0-9])(?::[0-9]{{1,5}})?(?:/[^\s()<>\"'\u3000-\u9fff\uff00-\uffef]{{0,1024}})?", 0.5, "link", link),
]  # fmt: skip

#: Mailboxes in Chinese characters (RFC 6531), where a sign before them says where they begin; and those with spaces:
#: in Chinese text no name stands beside an @ and a host by chance.
HAN = [
    Row("EMAIL_ADDRESS", SPACED, 0.4, "spacedmail", spaced_email),
    Row(
        "EMAIL_ADDRESS",
        rf"(?<![\u3400-\u9fffA-Za-z0-9_.%+@-])[\u4e00-\u9fff]{{2,4}}@(?:{LABEL}\.){{1,6}}{LABEL}(?![A-Za-z0-9\u00a1-\u024f-])",
        0.5,
        "hanmail",
        han_email,
    ),
]

#: Telephone numbers by shape alone, for text in Latin script: examples and new area codes are in no numbering plan.
LATIN = [
    Row("PHONE_NUMBER", r"(?<![0-9A-Za-z_./+-])(?<![0-9][ ])(?:\(?\+?1\)?[-. ]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}([-.]))[0-9]{3}[-. ][0-9]{4}(?![0-9A-Za-z_]|[-.][0-9])",
        0.4, "num9", None, ("phone", "call", "tel", "cell", "mobile", "contact")),
]  # fmt: skip

#: Literals without which a row with the gate "key" cannot match.
KEYS = ("-----BEGIN", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
        "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "AIza", "LTAI", "AKID", "sk-", "sk_live_", "eyJ")  # fmt: skip
