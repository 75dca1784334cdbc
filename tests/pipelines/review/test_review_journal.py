"""Decisions survive crashes, full disks, and several writers."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from desk_project import line

from lineage.errors import HallmarkError, InputError
from pipelines.review_desk.journal import Journal
from stages.decide.reviews import read_reviews


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, "r1")


def test_what_was_appended_is_read_back_also_from_other_files(journal: Journal) -> None:
    journal.append(line())
    assert journal.lines().height == 1
    Journal(journal.folder, "r2").append(line(who="r2"))
    assert journal.lines()["reviewer"].to_list() == ["r1", "r2"]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_torn_last_line_is_taken_out_and_the_others_stay(journal: Journal, cut: int) -> None:
    journal.append(line())
    whole = journal.path.read_bytes()
    torn = json.dumps(line("01")).encode()[:cut]
    journal.path.write_bytes(whole + torn)
    assert journal.mend() == len(torn)
    assert journal.path.read_bytes() == whole
    assert journal.mend() == 0


def test_a_whole_last_line_without_newline_stays_and_the_next_starts_anew(journal: Journal) -> None:
    journal.path.write_text(json.dumps(line()))
    assert journal.mend() == 0
    journal.append(line("01"))
    assert journal.lines().height == 2


def test_a_corrupt_line_in_the_middle_is_an_error_and_never_mended_away(journal: Journal) -> None:
    journal.path.write_text("{torn\n" + json.dumps(line()) + "\n")
    before = journal.path.read_bytes()
    assert journal.mend() == 0
    with pytest.raises(InputError, match=r"r1\.jsonl:1"):
        journal.lines()
    assert journal.path.read_bytes() == before


def test_a_disk_that_takes_no_more_leaves_no_half_line(journal: Journal) -> None:
    journal.append(line())
    size = journal.path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, hard))
    try:
        with pytest.raises(HallmarkError, match="could not be written"):
            journal.append(line("01"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert journal.path.stat().st_size == size
    journal.append(line("01"))
    assert journal.lines().height == 2


def test_two_writers_on_one_file_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, json; from pathlib import Path; from pipelines.review_desk.journal import Journal\n"
        "j = Journal(Path(sys.argv[1]), 'r1'); e = json.loads(sys.argv[2])\n"
        "for _ in range(60): j.append(e)"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), json.dumps(line(doc))])
        for doc in ("01", "02")
    ]
    assert [r.wait(60) for r in runs] == [0, 0]
    assert read_reviews(tmp_path).group_by("doc_id").len()["len"].to_list() == [60, 60]


def test_a_file_changed_by_hand_is_read_anew_and_one_that_grew_goes_on_counting_lines(
    journal: Journal,
) -> None:
    journal.append(line("01"), line("02"))
    assert journal.lines().height == 2
    journal.append(line("03"))
    assert journal.lines()["line"].to_list() == [1, 2, 3]
    journal.path.write_text(journal.path.read_text().replace("pass", "skip", 1))
    assert journal.lines()["verdict"].to_list() == ["skip", "pass", "pass"]
    with journal.path.open("a") as f:
        f.write("{torn\n")
    with pytest.raises(InputError, match=r"r1\.jsonl:4"):
        journal.lines()
    journal.path.unlink()
    assert journal.lines().height == 0
