from datetime import UTC, date, datetime, timedelta

import pytest
import small_release as small
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage import journal, trust
from lineage.errors import InputError, TrustError

POLICY = {"policy": "demo", "version": 1, "sha256": "ab" * 32}
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = NOW.date()
OLD = NOW - timedelta(days=300)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal" / "journal.jsonl"


def fill(path, times=(NOW,)):
    for number, at in enumerate(times, 1):
        journal.append(path, "policy", POLICY | {"version": number}, actor="a", at=at)
    return path


def problems(path):
    return journal.read(path).problems


def test_entries_are_chained_and_read_back(path):
    fill(path, [NOW] * 3)
    found = journal.read(path)
    assert found.problems == [] and [e["seq"] for e in found.entries] == [1, 2, 3]
    assert found.entries[1]["prev_hash"] == found.entries[0]["entry_hash"]
    assert found.head == {"entries": 3, "head_hash": found.entries[2]["entry_hash"]}


def test_an_absent_journal_is_empty_and_sound(path):
    assert journal.read(path) == (None, [], [])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_is_noticed_and_nothing_is_added_to_it(tmp_path_factory, data):
    path = fill(tmp_path_factory.mktemp("j") / "journal.jsonl", [NOW] * 3)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert problems(path)
    with pytest.raises(TrustError, match="broken"):
        fill(path)
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2], lines[1]],
        lambda lines: [*lines, lines[2]],
        lambda lines: [lines[0], *lines],
        lambda lines: [],
    ],
    ids=["end cut off", "front cut off", "reordered", "repeated", "doubled", "emptied"],
)
def test_lines_that_are_cut_moved_or_repeated_are_noticed(path, change):
    fill(path, [NOW] * 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    assert problems(path)


def test_a_crash_between_journal_and_head_leaves_a_sound_journal(path):
    fill(path, [NOW] * 2)
    head = path.with_name(journal.HEAD).read_bytes()
    fill(path)
    path.with_name(journal.HEAD).write_bytes(head)
    assert problems(path) == []
    fill(path)
    assert len(journal.read(path).entries) == 4


def test_a_clock_that_went_back_does_not_break_the_order(path):
    fill(path, [NOW, OLD])
    assert problems(path) == []
    assert journal.read(path).entries[1]["at"] == NOW.isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ("gossip", {}),
        ("policy", {"policy": "demo"}),
        ("waiver", {"gate": "g", "approver": "", "reason": "r", "expires": "2026-12-01"}),
        ("waiver", {"gate": "g", "approver": "a", "reason": "r", "expires": "soon"}),
    ],
)
def test_an_entry_that_does_not_state_what_it_must_is_refused(path, event, facts):
    with pytest.raises(InputError):
        journal.append(path, event, facts, actor="a")
    assert not path.exists()


def test_a_signed_entry_counts_for_the_key_that_made_it_and_no_other(path, tmp_path):
    reviewer, other = (small.signer(tmp_path, name, "reviewer") for name in ("r", "o"))
    journal.append(path, "review", {"files": ["a.jsonl 00"]}, actor="r", at=NOW, signer=reviewer)
    found = journal.read(path)

    def judged(*signers):
        entries = [trust.trust_entry(s.public_pem, "reviewer") for s in signers]
        return journal.signature_problems(found, trust.parse(trust.trust_file(entries)))

    assert judged(reviewer) == []
    assert "not trusted" in judged(other)[0]
    found.entries[0]["signature"]["keyid"] = other.keyid
    assert "does not carry" in judged(other)[0]


def test_nothing_younger_than_six_months_is_pruned(path):
    fill(path, [OLD, NOW])
    with pytest.raises(InputError, match="must still be kept"):
        journal.prune(path, TODAY - timedelta(days=30), TODAY)
    assert len(journal.read(path).entries) == 2


def test_pruning_leaves_an_anchor_a_note_and_a_chain_that_goes_on(path, tmp_path):
    fill(path, [OLD, OLD, NOW])
    before = journal.read(path)
    archive = tmp_path / "archive.jsonl"
    assert journal.prune(path, date(2026, 5, 1), TODAY, actor="a", archive=archive) == 2
    found = journal.read(path)
    assert found.problems == [] and found.anchor["seq"] == 2
    assert [e["event"] for e in found.entries] == ["policy", "prune"]
    assert len(archive.read_bytes().splitlines()) == 2
    fill(path)
    assert journal.read(path).head["entries"] == 5
    for known in (before.entries[1], before.entries[2]):
        assert journal.continues(found, {"entries": known["seq"], "head_hash": known["entry_hash"]})
    assert not journal.continues(found, {"entries": 3, "head_hash": "00" * 32})
    assert journal.prune(path, date(2026, 5, 1), TODAY) == 0


def test_an_anchor_that_nobody_noted_is_a_front_cut_off(path):
    fill(path, [OLD, OLD, NOW])
    journal.prune(path, date(2026, 5, 1), TODAY, actor="a")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    path.with_name(journal.HEAD).unlink()
    assert any("who pruned" in p or "missing" in p for p in problems(path))


def test_a_waiver_in_force_stays_and_an_ended_one_does_not_count(path):
    facts = {"gate": "g", "approver": "a", "reason": "r"}
    journal.append(path, "waiver", facts | {"expires": "2026-12-01"}, actor="a", at=OLD)
    journal.append(path, "waiver", facts | {"expires": "2026-03-01"}, actor="a", at=OLD)
    assert [w["expires"] for w in journal.waivers(journal.read(path), TODAY)] == ["2026-12-01"]
    assert journal.prune(path, date(2026, 5, 1), TODAY) == 0
    assert journal.waivers(journal.read(path), date(2026, 12, 2)) == []


@given(st.dates(date(2001, 1, 1), date(2100, 1, 1)))
def test_the_retention_is_at_least_six_months_of_the_calendar(today):
    first = journal.keep_from(today)
    months = (today.year - first.year) * 12 + today.month - first.month
    assert months == 6 and first.day <= today.day and (today - first).days >= 181
