import hashlib
import json
import subprocess

import pytest

from pipelines.sealing import diary, runs
from pipelines.sealing.seal import seal

DVC_YAML = """\
stages:
  quality:
    cmd: hallmark stage run quality
    deps: [data/ingest, nowhere]
    outs:
      - data/quality: {persist: true}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    for name, text in {"data/ingest/a/1": "one", "data/ingest/b": "two", "data/quality/a": "three"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def git(root, *words):
    subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@e.org", *words], check=True
    )


def facts(root, **options):
    return runs.run_facts(root, "quality", **({"finished": True} | options))


def test_a_record_says_who_ran_what_in_which_environment(root, monkeypatch):
    monkeypatch.setenv("HALLMARK_ACTOR", "operator-1")
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/hallmark", "stage", "run", "quality"])
    found = facts(root)
    assert (found["actor"], found["command"]) == ("operator-1", ["hallmark", "stage", "run", "quality"])
    listing = (root / "runs" / found["environment"]["packages"]).read_bytes()
    assert hashlib.sha256(listing).hexdigest() == found["environment"]["sha256"]
    assert b"\npolars==" in listing and listing.startswith(b"python==")


def test_inputs_and_outputs_are_the_digests_of_what_dvc_yaml_names(root):
    found = facts(root)
    lines = "".join(
        f"{name}\0{hashlib.sha256(text.encode()).hexdigest()}\n"
        for name, text in {"data/ingest/a/1": "one", "data/ingest/b": "two"}.items()
    )
    expected = {
        "path": "data/ingest",
        "files": 2,
        "bytes": 6,
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    assert found["inputs"] == [expected]
    assert [row["path"] for row in found["outputs"]] == ["data/quality"]
    assert facts(root, finished=False)["outputs"] is None


def test_a_changed_input_changes_its_digest_although_files_are_remembered(root):
    before = facts(root)["inputs"]
    assert facts(root)["inputs"] == before
    (root / "data/ingest/b").write_text("TWO")
    assert facts(root)["inputs"] != before
    (root / runs.MEMO).write_text("torn")
    (root / "data/ingest/b").write_text("two")
    assert facts(root)["inputs"] == before


def test_the_commit_and_whether_files_differ_from_it_are_told(root):
    assert (facts(root)["commit"], facts(root)["dirty"]) == (None, None)
    git(root, "init", "-q")
    git(root, "add", "dvc.yaml")
    git(root, "commit", "-qm", "first")
    found = facts(root)
    assert len(found["commit"]) == 40 and found["dirty"] is False
    (root / "dvc.lock").write_text("lock")
    git(root, "add", "dvc.lock")
    assert facts(root)["dirty"] is False, "what the run itself writes does not count"
    (root / "dvc.yaml").write_text(DVC_YAML + "\n")
    assert facts(root)["dirty"] is True


def test_a_seal_binds_the_newest_finished_run_of_each_stage_and_an_altered_one_is_told(sealing):
    import small_project as house

    project, _ = sealing
    folder = project.root / "runs" / "ingest"
    folder.mkdir(parents=True)
    for name, outcome in (("1", "done"), ("2", "done"), ("3", "failed")):
        (folder / f"{name}.json").write_text(json.dumps({"outcome": outcome}))
    known = house.trusted(project.root)
    record = seal(project, known, days=90, today=house.TODAY)
    assert [row["record"] for row in record["runs"]] == ["ingest/2.json"]
    assert diary.journal_report(project.root, known)[1]
    (folder / "2.json").write_text(json.dumps({"outcome": "done", "actor": "somebody else"}))
    lines, good = diary.journal_report(project.root, known)
    assert not good and "not the one that was sealed" in lines[0]


def test_the_sample_run_leaves_a_record_of_every_stage(sample):
    from pipelines.project import STAGES, read_json

    bound = runs.run_digests(sample / "runs")
    assert [row["stage"] for row in bound] == list(STAGES)
    record = read_json(sample / "runs" / bound[-1]["record"])
    assert record["command"] == ["hallmark", "stage", "run", "publish"]
    assert record["started"] <= record["ended"]
    assert [row["path"] for row in record["outputs"]] == ["release"]
    assert {"data/decide", "policies"} <= {row["path"] for row in record["inputs"]}
