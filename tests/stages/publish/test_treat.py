"""What goes out is treated as a whole: turns, columns, overlaps, links and code; the rest is scanned and counted."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest

from stages import pii
from stages.decide.policy import PiiPolicy
from stages.pii import PiiSettings, annotate, checks, scan
from stages.publish.shard import OPTIONAL
from stages.publish.treat import ROUNDS, treat, treat_fields
from stages.screen import ScreenSettings

KEY, SETTINGS = b"k" * 32, PiiSettings()
MOBILE, EMAIL = "15400001234", "li.lei@example.com"
BODY = "11010519491231000"
RESIDENT = next(BODY + c for c in "0123456789X" if checks.iso7064_mod11_2(BODY + c))
TURNS = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


def published(texts: list[str], policy: PiiPolicy) -> tuple[list[str], dict[str, int]]:
    """Return texts as published and the residual counts."""
    docs = pl.DataFrame(
        {
            "row": pl.Series(range(len(texts)), dtype=pl.UInt32),
            "doc_id": [bytes([i]) * 32 for i in range(len(texts))],
            "text": texts,
            "text_sha256": [hashlib.sha256(t.encode()).digest() for t in texts],
            "turns": pl.Series([None] * len(texts), dtype=TURNS),
        }
    )
    _, spans = annotate(docs, SETTINGS, KEY)
    rows, residual = treat(docs, spans, policy, KEY, SETTINGS)
    return rows["text"].to_list(), residual


@pytest.mark.parametrize("column", OPTIONAL)
def test_every_column_that_is_published_is_treated_and_no_other_leaves(column):
    value = f"https://example.org/?tel={MOBILE}&mail={EMAIL} 身份证{RESIDENT}"
    rows = pl.DataFrame({name: [value, None, "plain"] for name in OPTIONAL})
    out = treat_fields(rows, {"publish_fields": [column]}, PiiPolicy(), KEY, SETTINGS, ScreenSettings())
    assert list(out) == [column] and out[column].to_list()[1:] == [None, "plain"]
    first = out[column][0]
    assert first is None or (MOBILE not in first and EMAIL not in first and RESIDENT not in first)
    assert treat_fields(rows, {"publish_fields": []}, PiiPolicy(), KEY, SETTINGS, ScreenSettings()) == {}


def test_findings_in_links_and_code_leave_with_their_offsets_right():
    texts = [
        f"see https://example.org/u?mail={EMAIL}#top and go on",
        f'user = {{"phone": "{MOBILE}", "mail": "{EMAIL}"}}  # owner',
        f"全角１５４００００１２３４\u200b，然后{RESIDENT}。",
    ]
    out, residual = published(texts, PiiPolicy())
    assert residual == {} and not any(v in t for t in out for v in (MOBILE, EMAIL, RESIDENT, "１５４"))
    assert out[0].startswith("see https://example.org/u?mail=[") and out[0].endswith("]#top and go on")
    assert out[1].endswith('"}  # owner') and out[2].startswith("全角[") and out[2].endswith("]。")


def test_what_a_last_scan_still_finds_is_counted_by_type(monkeypatch):
    honest = pii.redact_part
    calls = []

    def lazy(
        texts, spans, actions, key, rows=None
    ):  # a replacement that itself reads like a value, every time
        calls.append(1)
        out, counts = honest(texts, spans, actions, key, rows)
        return out.str.replace_all("[手机号]", f" {MOBILE} ", literal=True), counts

    monkeypatch.setattr(pii, "redact_part", lazy)
    _, residual = published([f"手机{MOBILE}", "nothing here"], PiiPolicy())
    assert residual == {"CN_MOBILE": 1} and len(calls) == 1 + ROUNDS


@pytest.mark.parametrize(
    "text",
    [
        "7" * 60_000,
        "0123456789" * 6_000,
        f"{'x' * 400}\n" * 50 + MOBILE,
        "\ud800" * 3 + f"手机{MOBILE}",
        "\x00" * 99,
        "",
    ],
    ids=["one digit", "digits", "long lines", "lone surrogates", "nothing", "empty"],
)
def test_one_odd_document_never_loses_its_neighbours(text):
    found = scan([f"手机{MOBILE}", text, f"mail {EMAIL}"], SETTINGS)
    assert [(f.doc, f.type) for f in found if f.doc != 1] == [(0, "CN_MOBILE"), (2, "EMAIL_ADDRESS")]


@pytest.mark.parametrize("digits", [f"{'9' * 40}{MOBILE}", f"{RESIDENT}{'0' * 30}", "1" * 5_000])
def test_a_row_of_digits_holds_no_number_inside(digits):
    assert scan([digits], SETTINGS) == []
