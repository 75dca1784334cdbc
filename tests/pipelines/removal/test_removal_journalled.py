"""What the removal commands do stands in the operator's journal, chained like all else."""

import json

from support import call


def removals(project, keys_folder):
    done = call(["hallmark", "journal", "show", "--json"], project.root, keys_folder)
    return [e["facts"] for e in json.loads(done.stdout) if e["event"] == "removal"]


def test_request_and_reject_are_journalled_with_the_end_of_the_ledger_and_a_dry_run_is_not(
    project, keys_folder
):
    ask = ["hallmark", "remove", "request", "--basis", "copyright", "--url", "https://www.example.org/page/2"]
    call([*ask, "--dry-run"], project.root, keys_folder)
    assert removals(project, keys_folder) == []
    call(ask, project.root, keys_folder)
    call(["hallmark", "remove", "reject", "1", "--reason", "not-the-author"], project.root, keys_folder)
    first, second = removals(project, keys_folder)
    assert (first["entries"], second["entries"]) == (1, 2)
    ledger = (project.root / "ledger/ledger.jsonl").read_text().splitlines()
    assert second["head_hash"] == json.loads(ledger[-1])["entry_hash"]
    assert call(["hallmark", "journal", "verify"], project.root, keys_folder).stdout.startswith("good")
