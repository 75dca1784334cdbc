"""A journalled waiver stands in for a gate, never passes it, and is told first; one that ended counts for nothing."""

from __future__ import annotations

import datetime as dt

import decision_house as kit
import pytest

from lineage import canonical, journal
from lineage.errors import InputError, TrustError, WithheldError
from lineage.verify import verify_release
from pipelines.sealing.diary import note_waiver

TEXTS = {"a": [kit.prose(n) for n in range(6)]}
STRICT = ("measure: synthetic-share, threshold: 0.3, grades: []", "measure: synthetic-share, threshold: -1, "
          "grades: [screened, certified]")  # fmt: skip


def waive(folder, gate: str = "synthetic-share", until: str = "2026-11-01") -> None:
    note_waiver(kit.Project(folder), gate, "lead-7", "labels are being counted again", until, None)


@pytest.fixture
def strict(house):
    """Return a project whose release one gate withholds."""
    kit.fill(house, TEXTS)
    kit.edit_policy(house, STRICT)
    return house


def test_a_waiver_publishes_below_certified_and_is_named_first_everywhere(strict) -> None:
    with pytest.raises(WithheldError):
        kit.run(strict)
    waive(strict)
    kit.run(strict, "inventory", "publish")
    told = kit.manifest(strict / "release")
    gate = next(g for g in told["gates"] if g["id"] == "synthetic-share")
    assert (gate["status"], gate["waiver"]["instead_of"], gate["waiver"]["approver"]) == (
        "waived",
        "fail",
        "lead-7",
    )
    assert gate["measured"] == 0.0 and told["grade_allowed"] == "screened"
    assert told["not_checked"][0]["why"] == "waived"
    assert told["known_limits"]["en"][0].startswith("Gate synthetic-share was waived")
    report = verify_release(strict / "release", trust=strict / "trust.json")
    assert report.code == 0 and "lead-7" in report.limits["en"][0]
    sheet = (strict / "release" / "sheets" / "release.en.md").read_text(encoding="utf-8")
    assert sheet.index("waived") < sheet.index("not run")


def test_a_waiver_that_ended_before_the_day_of_the_release_counts_for_nothing(strict, capfd) -> None:
    waive(strict, until="2026-10-31")
    with pytest.raises(WithheldError):
        kit.run(strict)
    assert "ended on 2026-10-31" in capfd.readouterr().err


def test_a_newer_waiver_replaces_the_older_one(strict) -> None:
    waive(strict)
    waive(strict, until="2026-01-01")
    with pytest.raises(WithheldError):
        kit.run(strict)


def test_a_gate_over_shards_is_waived_in_each_and_a_passing_gate_stays_passed(house) -> None:
    kit.fill(house, TEXTS)
    kit.edit_policy(house, ("measure: unlicensed-published, scope: shard, threshold: 0",
                            "measure: unlicensed-published, scope: shard, threshold: -1"))  # fmt: skip
    waive(house, "licence-stated")
    waive(house, "pii-residual")
    kit.run(house)
    shard = canonical.loads(next((house / "release/meta/shards/a").glob("*.json")).read_bytes())
    states = {g["id"]: g["status"] for g in shard["gates"]}
    assert states["licence-stated"] == "waived" and states["pii-residual"] == "pass"
    assert "licence-stated" in shard["known_limits"]["en"][0]
    told = kit.manifest(house / "release")
    assert told["grade_allowed"] == "screened" and "licence-stated" in told["known_limits"]["zh"][0]
    assert verify_release(house / "release", trust=house / "trust.json").code == 0


def test_nobody_waives_the_books_or_a_gate_that_the_policy_keeps(strict) -> None:
    with pytest.raises(InputError, match="cannot be waived"):
        waive(strict, "books-close")
    kit.edit_policy(strict, ("{id: synthetic-share,", "{id: synthetic-share, waivable: false,"))
    facts = {"gate": "synthetic-share", "approver": "x", "reason": "y", "expires": "2027-01-01"}
    journal.append(strict / journal.FILE, "waiver", facts, at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(WithheldError):
        kit.run(strict)


def test_a_waiver_in_a_broken_journal_stops_the_run(strict) -> None:
    waive(strict)
    path = strict / journal.FILE
    path.write_bytes(path.read_bytes().replace(b"lead-7", b"lead-8"))
    with pytest.raises(TrustError, match="broken journal"):
        kit.run(strict, "inventory")
