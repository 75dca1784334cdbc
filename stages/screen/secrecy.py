"""Markings of state, work and commercial secrets, anchored to lines, with evidence of an official layout.

Forms after GB/T 9704-2012 (level, star, term; copy number; urgency; document number; circulation lines). A
marking in running prose is a mention; examination papers ("until opened") are a class of their own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

DETECTOR = "secrecy-markings@1"
CODES = ("secrecy-commercial", "secrecy-exam-paper", "secrecy-state", "secrecy-work")
LANGUAGES = ("zh", "en")

_STAR = r"[★☆*✩✭⭐＊]|五角星"
_LEVEL = r"(?:绝[ 　]*密|机[ 　]*密|秘[ 　]*密|絕[ 　]*密|機[ 　]*密)"
_TERM = r"(?:(?:\d{1,2}|[０-９]{1,2}|[一二三四五六七八九十]{1,3})[ ]*(?:年|个月|月|天|日)|长期|永久|長期)"
_HEAD = r"(?m)^[ \t　>#]*\**(?:密[ 　]*级[:：][ 　]*)?(?:\d{6}[ 　]+)?"
_TAIL = r"[ \t　]*\**[ \t　\r]*$"
_EXAM = rf"(?m)^[^\n]{{0,20}}{_LEVEL}[ 　]*(?:{_STAR})?[ 　]*(?:启用前|启封前|考试前|考前|啟用前)"
_STATE = _HEAD + rf"{_LEVEL}[ 　]*(?:(?:{_STAR})[ 　]*(?:{_TERM})?|[ 　]*{_TERM})" + _TAIL
_BARE = _HEAD + _LEVEL + _TAIL
_MENTION = rf"{_LEVEL}[ 　]*(?:{_STAR})[ 　]*(?:{_TERM})?"
_WORK = (
    r"(?m)^[ \t　【\[(（]*(?:内部(?:资料|文件|材料|使用|刊物|发行)|工作秘密|仅供内部(?:参考|使用)|不得外传"
    r"|注意保(?:密|存)|请勿外传|未经批准不得公开|会后收回|不予公开|依申请公开|for official use only)"
    r"(?:[ 　,，;；:：]*(?:注意保(?:密|存)|请?勿外传|不得外传|严禁外传|妥善保管|会后收回|严禁复印))*"
    r"[】\])）]*" + _TAIL
)
_COMMERCIAL = (
    r"(?mi)^[ \t　【\[(（*]*(?:核心商(?:密|业秘密)|普通商(?:密|业秘密)|商业(?:秘密|机密)|商密[ ]*[★☆*]?"
    r"|公司(?:机密|绝密)|trade secret|(?:strictly )?"
    r"(?:company|commercial(?:ly)?|proprietary(?: and)?|business)[ -]+(?:in[ -]+)?(?:confiden(?:tial|ce)|secret)"
    r"|confidential and proprietary)"
    r"(?:[ 　]*[★☆*:：][ 　]*[^\n]{0,10})?[】\])）*]*" + _TAIL
)
_LAYOUT = (
    r"〔[12]\d{3}〕[ ]*\d{1,4}[ ]*号",
    r"(?m)^[ 　]*(?:特急|加急|特提|平急)[ 　]*$",
    r"(?m)^[ 　]*(?:抄送|主送|抄报|印发机关|签发人)[:：]",
    r"(?m)^[ 　]*\d{6}[ 　]*$",
    r"(?m)^[^\n]{2,30}(?:文件|办公厅|办公室|委员会)[ 　]*$",
    r"(?m)印发[ 　]*$",
)
_CANDIDATE = (
    r"密|内部|外传|会后收回|不予公开|依申请公开|(?i:confiden|trade secret|company secret|official use only)"
)
_HEAD_LINES = r"^(?:[^\n]*\n){0,11}[^\n]*"


def find(texts: pl.Series) -> pl.DataFrame:
    """Return secrecy findings (text, code, detector, level, score, n) of the texts, unsorted."""
    frame = pl.DataFrame({"text": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "body": texts})
    frame = frame.filter(pl.col("body").str.contains(_CANDIDATE))
    if frame.is_empty():
        return _empty()
    body, head = pl.col("body"), pl.col("body").str.extract(f"({_HEAD_LINES})", 1)
    layout = pl.sum_horizontal([body.str.contains(pattern).cast(pl.UInt32) for pattern in _LAYOUT])
    counts = frame.select(
        "text",
        layout.alias("layout"),
        body.str.count_matches(_EXAM).alias("exam"),
        body.str.count_matches(_STATE).alias("state"),
        head.str.count_matches(_STATE).alias("state_head"),
        head.str.count_matches(_BARE).alias("bare"),
        body.str.count_matches(_MENTION).alias("mention"),
        body.str.count_matches(_WORK).alias("work"),
        body.str.count_matches(_COMMERCIAL).alias("commercial"),
    )
    return pl.concat(_rows(counts))


def digest() -> str:
    """Return the sha256 of the patterns and of what is done with them."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _rows(counts: pl.DataFrame) -> list[pl.DataFrame]:
    exam, state, bare = pl.col("exam"), pl.col("state"), pl.col("bare")
    score = (0.6 + 0.2 * (pl.col("state_head") > 0).cast(pl.Float64) + 0.1 * pl.col("layout")).clip(0, 1)
    bare_score = (0.3 + 0.2 * pl.col("layout")).clip(0, 1)
    prose = (pl.col("mention").cast(pl.Int64) - state.cast(pl.Int64) - exam.cast(pl.Int64)).clip(0)
    marked = (state > 0) & (exam == 0)
    unstarred = (bare > 0) & ~marked & (exam == 0)
    return [
        _take(counts, exam > 0, "secrecy-exam-paper", "exam-paper", pl.lit(0.9), exam),
        _take(counts, marked, "secrecy-state", "marking", score, state),
        _take(counts, unstarred & (pl.col("layout") > 0), "secrecy-state", "marking", bare_score, bare),
        _take(counts, unstarred & (pl.col("layout") == 0), "secrecy-state", "mention", pl.lit(0.3), bare),
        _take(counts, (prose > 0) & ~unstarred, "secrecy-state", "mention", pl.lit(0.2), prose),
        _take(counts, pl.col("work") > 0, "secrecy-work", "marking", pl.lit(0.7), pl.col("work")),
        _take(
            counts,
            pl.col("commercial") > 0,
            "secrecy-commercial",
            "marking",
            pl.lit(0.7),
            pl.col("commercial"),
        ),
    ]


def _take(
    counts: pl.DataFrame, where: pl.Expr, code: str, level: str, score: pl.Expr, n: pl.Expr
) -> pl.DataFrame:
    return counts.filter(where).select(
        "text",
        pl.lit(code).alias("code"),
        pl.lit(DETECTOR).alias("detector"),
        pl.lit(level).alias("level"),
        score.cast(pl.Float64).round(4).alias("score"),
        n.cast(pl.UInt32).alias("n"),
    )


def _empty() -> pl.DataFrame:
    return _take(
        pl.DataFrame(schema={"text": pl.UInt32, "n": pl.UInt32}),
        pl.lit(False),
        "",
        "",
        pl.lit(0.0),
        pl.col("n"),
    )
