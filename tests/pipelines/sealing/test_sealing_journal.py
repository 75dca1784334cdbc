"""`hallmark journal` in a project: what a look at it says, and what a pruned or shortened journal cannot hide."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
import small_project as house
from typer.testing import CliRunner

from lineage import journal
from lineage.errors import InputError
from pipelines.cli import app
from pipelines.sealing import diary
from pipelines.sealing.seal import seal


def call(*words):
    return CliRunner().invoke(app, [*words], catch_exceptions=True)


@pytest.fixture
def sealed(sealing, monkeypatch):
    project, _ = sealing
    seal(project, house.trusted(project.root), days=90, today=house.TODAY, actor="op")
    monkeypatch.chdir(project.root)
    return project


def report(project):
    return diary.journal_report(project.root, house.trusted(project.root))


def test_a_sound_journal_verifies_and_shows_its_entries(sealed):
    done = call("journal", "verify")
    assert done.exit_code == 0 and "1 seals continued" in done.stdout
    shown = call("journal", "show", "--event", "seal").stdout
    assert "op  seal" in shown and "version=0.1.0" in shown and len(shown.splitlines()) == 1


def test_a_journal_that_was_cut_before_the_seal_and_made_to_look_whole_is_refused(sealed):
    diary.note(sealed.root, "key", {"act": "trusted", "keyid": "ab", "role": "reviewer"})
    shutil.rmtree(sealed.root / "journal")
    for number in range(5):
        journal.append(
            sealed.root / journal.FILE, "key", {"act": f"a{number}", "keyid": "k", "role": "r"}, actor="x"
        )
    lines, good = report(sealed)
    assert not good and "does not continue what the seal of 0.1.0 states" in lines[0]
    assert call("journal", "verify").exit_code == 1


def test_a_pruned_journal_still_continues_the_seals(sealed):
    path = sealed.root / journal.FILE
    later = datetime.now(UTC) + timedelta(days=400)
    journal.append(path, "policy", {"policy": "p", "version": 1, "sha256": "0"}, actor="op", at=later)
    assert journal.prune(path, datetime.now(UTC).date() + timedelta(days=1), later.date(), actor="op") == 3
    assert report(sealed)[1]


def test_the_same_fact_is_noted_once_and_a_changed_one_again(sealed):
    diary.note_policy(sealed)
    diary.note_policy(sealed)
    before = len(journal.read(sealed.root / journal.FILE).entries)
    sealed.policy_path.write_text(sealed.policy_path.read_text() + "\n# another line\n")
    diary.note_policy(sealed)
    assert len(journal.read(sealed.root / journal.FILE).entries) == before + 1


def test_a_kind_that_nobody_knows_is_refused_and_prune_keeps_six_months(sealed):
    with pytest.raises(InputError):
        diary.entries_report(sealed.root, event="gossip", last=5, as_json=False)
    done = call("journal", "prune", "--before", datetime.now(UTC).date().isoformat())
    assert done.exit_code != 0 and "must still be kept" in str(done.exception)


def test_a_fact_cannot_steer_the_terminal(sealed):
    facts = {"gate": "g", "approver": "a", "reason": "\x1b[2J\nseq 9", "expires": "2030-01-01"}
    journal.append(sealed.root / journal.FILE, "waiver", facts, actor="a\x1b[2J")
    shown = diary.entries_report(sealed.root, event="waiver", last=5, as_json=False)
    assert "\x1b" not in shown and len(shown.splitlines()) == 1
