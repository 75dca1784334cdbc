"""The commands: what they print, with which exit code, and that nothing asked for is echoed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import removal_house as house

from pipelines.removal.request import Ground, ledger_path, request
from pipelines.removal.selector import choose


def hallmark(project, *words, said=None):
    program = "from pipelines.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words], cwd=project.root, env=dict(os.environ), capture_output=True, text=True,
        input=said, check=False,
    )  # fmt: skip


def test_a_request_is_recorded_listed_and_verified_without_echo(project):
    done = hallmark(
        project, "remove", "request", "--subject", f"EMAIL_ADDRESS={house.MAIL}", "--basis", "gdpr-17"
    )
    assert done.returncode == 0, done.stderr
    assert "documents asked for: 1" in done.stdout
    listed = hallmark(project, "remove", "list", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["docs"], row["state"], row["received"]) == (1, "stands", "2026-11-01")
    checked = hallmark(project, "remove", "verify")
    assert (checked.returncode, "the ledger is whole: 1 entries" in checked.stdout) == (0, True)
    assert not [
        out for run in (done, listed, checked) for out in (run.stdout, run.stderr) if house.MAIL in out
    ]


def test_a_broken_ledger_ends_verify_with_code_1(project):
    request(project, choose(domain="example.org"), Ground("opt-out", house.AS_OF))
    ledger_path(project).write_bytes(ledger_path(project).read_bytes().replace(b"opt-out", b"gdpr-17"))
    done = hallmark(project, "remove", "verify")
    assert (done.returncode, done.stdout) == (
        1,
        "ledger/ledger.jsonl:1: entry 1 was changed after it was written\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--basis", "gdpr-17"],
        ["--basis", "because", "--url", "www.example.org/page/1"],
        ["--basis", "gdpr-17", "--subject", f"EMAIL_ADDRESS {house.MAIL}"],
        ["--basis", "gdpr-17", "--subject", f"NOBODYS_TYPE={house.MAIL}"],
    ],
)
def test_a_request_that_cannot_be_read_ends_with_one_message_that_quotes_nothing(project, words):
    done = hallmark(project, "remove", "request", *words)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert house.MAIL not in done.stderr
    assert not ledger_path(project).exists()


def test_a_person_can_be_named_on_standard_input(project):
    words = ("remove", "request", "--subject", "EMAIL_ADDRESS=-", "--basis", "gdpr-17", "--dry-run", "--json")
    done = hallmark(project, *words, said=house.MAIL + "\n")
    assert json.loads(done.stdout)["matched"]["docs"] == 1
