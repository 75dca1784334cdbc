"""A source that cannot be used is named with file, line, field and cure before any work."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ingest_helpers import make_source

from lineage.errors import InputError, SettingsError
from stages.ingest.files import list_files
from stages.ingest.source import check, load_sources, public_view

GOOD = """sources:
  - id: shelf
    title: {zh: 书架, en: Shelf}
    paths: [in]
    class: open-licence
    licence: CC-BY-4.0 AND MIT
    evidence: [{kind: licence-text, path: proof.txt}]
    jurisdiction: CN
    storage_region: CN
    cross_border: false
    collected: {from: 2025-01-01, to: 2025-02-01}
    personal_data: {lawful_basis: not-personal}
    retain_until: 2035-12-31
    purpose: [pretraining]
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("CC-BY-4.0 AND MIT", "CC-BY-9.9", "sources.yaml:6"),
        ("class: open-licence", "class: found-it", "sources.yaml:5"),
        ("    cross_border: false\n", "", "sources.yaml:2"),
        ("    jurisdiction: CN\n", "    jurisdiction: CN\n    colour: red\n", "sources.yaml:9"),
        ("to: 2025-02-01", "to: 2024-02-01", "sources.yaml:11"),
        ("title: {", "title: {{", "sources.yaml:4"),
    ],
)
def test_a_wrong_entry_is_named_by_file_line_and_cure(tmp_path, old, new, place):
    path = tmp_path / "sources.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load_sources(path)
    assert place in str(caught.value) and "->" in str(caught.value)


def test_two_sources_with_one_id_are_refused_at_the_second(tmp_path):
    path = tmp_path / "sources.yaml"
    path.write_text(GOOD + GOOD.removeprefix("sources:\n"))
    with pytest.raises(SettingsError, match=r"sources.yaml:15: two sources have the id shelf"):
        load_sources(path)


def test_check_names_missing_evidence_until_it_is_there(tmp_path):
    (tmp_path / "sources.yaml").write_text(GOOD)
    source = load_sources(tmp_path / "sources.yaml")[0]
    assert [finding.field for finding in check(source, tmp_path)] == ["evidence"]
    (tmp_path / "proof.txt").write_text("licence")
    assert check(source, tmp_path) == []


@pytest.mark.parametrize(
    "kind",
    ["open-licence", "self-collected", "commercial-contract", "user-data", "synthetic", "public-domain"],
)
def test_every_class_must_prove_something(tmp_path, kind):
    assert any(finding.field == "evidence" for finding in check(make_source(**{"class": kind}), tmp_path))


def test_one_person_in_both_roles_is_found(tmp_path):
    record = {"annotators": ["a1", "a2"], "reviewers": ["a2"], "batches": [{"id": 1}]}
    fields = {finding.field for finding in check(make_source(annotation=record), tmp_path)}
    assert {"annotation.reviewers", "annotation.batches", "annotation.method"} <= fields


def test_a_release_counts_batches_nobody_inspected_and_gaps_of_the_record_and_names_nobody():
    assert public_view(make_source())["annotation"] is None
    record = {"method": "by hand", "purpose": "safety", "rule_book": "r.md", "annotators": ["a"]}
    record |= {
        "reviewers": ["b"],
        "qualified": "all",
        "batches": [{"inspected": True}, {"inspected": False}, 3],
    }
    assert public_view(make_source(annotation=record))["annotation"] == {
        "batches": 3,
        "uninspected": 2,
        "open": 1,
        "stored": "unstated",
    }
    record |= {"batches": [{"inspected": True}]}
    assert public_view(make_source(annotation=record))["annotation"] == {
        "batches": 1,
        "uninspected": 0,
        "open": 0,
        "stored": "unstated",
    }
    assert public_view(make_source(annotation={"batches": 4}))["annotation"]["open"] == 7


def test_safety_labels_say_whether_they_are_stored_apart_and_lying_together_is_no_gap(tmp_path):
    def told(**record):
        source = make_source(annotation={"batches": [{"inspected": True}]} | record)
        fields = [f.field for f in check(source, tmp_path) if f.level == "warning"]
        return public_view(source)["annotation"]["stored"], "annotation.stored" in fields

    assert told(purpose="safety") == ("unstated", True)
    assert told(purpose="安全性", stored="somewhere") == ("unstated", True)
    assert told(purpose="Safety", stored="apart") == ("apart", False)
    assert told(purpose="safety", stored="together") == ("together", False)
    assert told(purpose="functional") == (None, False)
    whole = {"method": "m", "rule_book": "r", "annotators": ["a"], "reviewers": ["b"], "qualified": "all"}
    whole |= {"purpose": "safety", "batches": [{"inspected": True}]}
    for stored in ("apart", "together", ""):
        assert public_view(make_source(annotation=whole | {"stored": stored}))["annotation"]["open"] == 0


def test_the_public_view_holds_no_path_and_no_contact():
    source = make_source(ip_contact="someone", evidence=[{"kind": "contract", "path": "secret/file.pdf"}])
    assert "secret" not in str(public_view(source)) and "someone" not in str(public_view(source))


def test_a_path_without_files_is_an_error(tmp_path):
    with pytest.raises(InputError, match="matches no file"):
        list_files(make_source(paths=["nothing/*.txt"]), tmp_path)


def test_listing_files_imports_no_table_library():
    code = (
        "import sys, stages.ingest.files; sys.exit(bool({'polars', 'pyarrow', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
