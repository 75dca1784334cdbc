"""Every edit is a lineage event: the text before by its keyed name, the text after by its digest, counts by type."""

from __future__ import annotations

import hashlib
import hmac
from types import SimpleNamespace

import polars as pl
import pytest

from lineage.removals import keyed_text
from pipelines import parts
from pipelines.tasks import screen_corpus
from pipelines.tracing_parents import _published_as
from stages.decide.policy import PiiPolicy
from stages.pii import PiiSettings, annotate
from stages.publish.public import public_lineage
from stages.publish.treat import treat
from stages.screen import corpus

KEY, SETTINGS = b"k" * 32, PiiSettings()
MOBILE, EMAIL = "15400001234", "li.lei@example.com"
GUESSABLE = f"手机 {MOBILE}"
TEXTS = ["管水闸的人喝一碗热粥。", GUESSABLE, f"手机 {MOBILE}，手机 15400001235，邮箱 {EMAIL}", "withheld"]
TURN = pl.Struct({"role": pl.String, "content": pl.String})


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def table(policy: PiiPolicy) -> tuple[pl.DataFrame, list[str]]:
    """Return the public lineage of TEXTS, of which the last is not published, and the texts that are."""
    row = pl.Series(range(len(TEXTS)), dtype=pl.UInt32)
    ids = [bytes([i]) * 32 for i in range(len(TEXTS))]
    null = pl.lit(None, pl.String)
    docs = pl.DataFrame({"row": row, "doc_id": ids, "text": TEXTS, "text_sha256": list(map(sha, TEXTS))})
    docs = docs.with_columns(turns=pl.Series([None] * len(TEXTS), dtype=pl.List(TURN)), licence=null,
                             ai_label=null, chars=pl.col("text").str.len_chars())  # fmt: skip
    found, spans = annotate(docs, SETTINGS, KEY)
    rows, _ = treat(docs.head(-1), spans, policy, KEY, SETTINGS)
    verdicts = pl.DataFrame(
        {"row": row, "doc_id": ids, "disposition": ["kept", "redacted", "redacted", "removed"]}
    )
    verdicts = verdicts.with_columns(*(null.alias(n) for n in ("stage", "reason", "rule", "reviewer")),
                                     keeper=pl.lit(None, pl.Binary), jaccard=pl.lit(None, pl.Float64))  # fmt: skip
    quality = docs.select("row", lang=pl.lit("zh-Hans"))
    out = public_lineage(docs, verdicts, quality, found, rows, KEY)
    return pl.DataFrame(pl.from_arrow(out)), rows["text"].to_list()


def test_a_redacted_row_binds_the_text_before_under_the_key_the_text_after_and_counts_by_type():
    lineage, texts = table(PiiPolicy())
    assert lineage["text_out_sha256"].to_list() == [*map(sha, texts), None]
    assert lineage["text_in_sha256"].to_list() == [sha(TEXTS[0]), None, None, None]
    before = [hmac.digest(KEY, b"text\x00" + sha(t), "sha256") for t in TEXTS[1:3]]
    assert lineage["text_in_keyed"].to_list() == [None, *before, None]
    edits = [None if row is None else {e["type"]: e["n"] for e in row} for row in lineage["edits"].to_list()]
    assert edits == [{}, {"CN_MOBILE": 1}, {"CN_MOBILE": 2, "EMAIL_ADDRESS": 1}, None]


def test_nobody_without_the_key_can_confirm_a_guess_at_what_was_redacted():
    lineage, _ = table(PiiPolicy())
    public = {v for row in lineage.rows() for v in row if isinstance(v, bytes)}
    assert sha(GUESSABLE) not in public and keyed_text(b"x" * 32, sha(GUESSABLE)) not in public
    assert keyed_text(KEY, sha(GUESSABLE)) in public


@pytest.mark.parametrize("action", ["mask", "surrogate"])
def test_edits_count_what_the_policy_replaces_and_not_what_it_keeps(action):
    lineage, _ = table(PiiPolicy(default=action, types={"EMAIL_ADDRESS": "keep"}))
    assert lineage["edits"].to_list()[2] == [{"type": "CN_MOBILE", "n": 2}]


def test_a_parent_is_found_behind_a_redaction_with_the_key_alone():
    parent = pl.DataFrame({"text_out_sha256": [sha(t) for t in TEXTS]})
    asked = (None, keyed_text(KEY, sha(GUESSABLE)).hex())
    assert _published_as(parent, asked, KEY).rows() == [(sha(GUESSABLE),)]
    assert _published_as(parent, asked, b"x" * 32).is_empty()


def test_a_text_redacted_in_an_earlier_release_is_no_other_text_today(monkeypatch):
    monkeypatch.setattr(screen_corpus, "hmac_of", lambda project: ("id", KEY))
    ids, now = [b"a", b"b", b"c"], [sha(t) for t in TEXTS[:3]]
    hidden = [None, keyed_text(KEY, now[1]), keyed_text(KEY, sha("another"))]
    known = pl.DataFrame({"doc_id": ids, "text_sha256": [now[0], None, None], "text_in_keyed": hidden})
    today = pl.DataFrame({"doc_id": ids, "text_sha256": now})
    found = screen_corpus._unkeyed(known, today, SimpleNamespace(project=None))
    assert corpus.changes(found, today)["doc_ids"] == [b"c"]


def test_a_lineage_of_an_earlier_version_is_read_with_no_keyed_texts(tmp_path):
    pl.DataFrame({"doc_id": [b"a"], "text_in_sha256": [b"b"]}).write_parquet(tmp_path / "old.parquet")
    read = parts.read_lineage(tmp_path / "old.parquet", ["doc_id", "text_in_keyed", "text_in_sha256"])
    assert read.rows() == [(b"a", None, b"b")]
