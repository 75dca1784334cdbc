"""What the ledger keeps out, what it revokes, and that it can be read only with the project's key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage import ledger
from lineage.errors import TrustError
from lineage.removals import keyed_id, keyed_value, release_facts, requested_ids, standing
from lineage.removals.sealed import seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
DOCS = [bytes([n]) * 32 for n in range(1, 7)]


def body(ids, certificates=(), kind="doc-id", twins=()):
    return {
        "event": "request",
        "received_on": "2026-11-01",
        "decision": "accept",
        "selector": {"kind": kind, "value": keyed_id(KEY, ids[0]).hex(), "hmac_key_id": "aa"},
        "matched": {
            "keyed_ids": [keyed_id(KEY, d).hex() for d in ids],
            "keyed_twins": [keyed_id(KEY, d).hex() for d in twins],
            "keyed_texts": [keyed_value(KEY, "text", d).hex() for d in ids],
            "keyed_twin_texts": [],
        },
        "signatures": None,
        "revoked_certs": [{"certificate": c, "path": "a/b"} for c in certificates],
    }


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "ledger.jsonl"
    ledger.append(file, body(DOCS[:2], ["c2", "c1"], twins=DOCS[5:]))
    ledger.append(file, body(DOCS[2:3], ["c1", "c3"], kind="url"))
    return file


def test_requested_documents_are_found_with_the_key_and_only_with_it(path):
    assert requested_ids(path, KEY, reversed(DOCS)) == DOCS[:3]
    assert requested_ids(path, OTHER, DOCS) == []
    assert requested_ids(path.parent / "none" / "ledger.jsonl", KEY, DOCS) == []


def test_the_ledger_names_no_document_in_the_open(path):
    text = path.read_text()
    assert not [d for d in DOCS if d.hex() in text]


def test_selectors_stand_by_their_kind(path):
    rules = standing(path)
    assert rules.selectors["url"] == {keyed_id(KEY, DOCS[2])}
    assert rules.selectors["doc-id"] == {keyed_id(KEY, DOCS[0])}
    assert rules.twins == {keyed_id(KEY, DOCS[5])}
    assert not standing(path.parent / "none" / "ledger.jsonl")


def test_a_rejected_request_stands_no_more_and_revokes_nothing(path):
    ledger.append(
        path, {"event": "reject", "target": 1, "reason": "not-the-author", "received_on": "2026-11-02"}
    )
    assert requested_ids(path, KEY, DOCS) == DOCS[2:3]
    assert [r["certificate"] for r in release_facts(path)["revocations"]] == ["c1", "c3"]


def test_release_facts_give_the_head_and_each_revocation_once(path):
    facts = release_facts(path)
    assert facts["ledger"] == {"entries": 2, "head_hash": ledger.entries(path)[-1]["entry_hash"]}
    assert facts["revocations"] == [{"certificate": f"c{n}", "reason": "removal-request"} for n in (1, 2, 3)]


def test_a_project_without_requests_states_an_empty_ledger(tmp_path):
    facts = release_facts(tmp_path / "ledger.jsonl")
    assert facts == {"ledger": {"entries": 0, "head_hash": ledger.GENESIS}, "revocations": []}


def test_a_broken_ledger_gives_no_facts_at_all(path):
    path.write_bytes(path.read_bytes().replace(b'"c1"', b'"c9"', 1))
    for ask in (release_facts, standing):
        with pytest.raises(TrustError, match="entry 1 was changed"):
            ask(path)


@given(st.binary(max_size=300), st.data())
def test_a_sealed_file_opens_only_whole_and_with_its_key_and_purpose(content, data):
    sealed = seal(KEY, "signatures", content)
    assert seal(KEY, "signatures", content) == sealed
    assert unseal(KEY, "signatures", sealed) == content
    place = data.draw(st.integers(0, len(sealed) - 1))
    broken = bytearray(sealed)
    broken[place] ^= data.draw(st.integers(1, 255))
    tries = (
        (KEY, "signatures", bytes(broken)),
        (OTHER, "signatures", sealed),
        (KEY, "x", sealed),
        (KEY, "x", b""),
    )
    for attempt in tries:
        with pytest.raises(TrustError):
            unseal(*attempt)
