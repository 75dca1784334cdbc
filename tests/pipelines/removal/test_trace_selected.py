"""Trace by address and by text, in the project and in a release alone."""

from __future__ import annotations

import json

import pytest
import removal_house as house

from lineage.errors import InputError
from lineage.records import doc_id
from pipelines.removal.request import Ground, request
from pipelines.removal.selector import choose
from pipelines.tracing import trace_report

W1, C1 = doc_id("web", "w1").hex(), doc_id("copies", "c1").hex()


def told(project, releases=(), **selector):
    return json.loads(trace_report(project, choose(**selector), releases=releases, as_json=True))


def test_an_address_leads_to_its_document(built):
    story = told(built, url="http://WWW.example.org:80/page/1/")
    assert (story["documents"], story["traces"][0]["doc_id"]) == (1, W1)
    assert story["traces"][0]["published"]["shard"].startswith("data/web/")


def test_a_text_leads_to_its_exact_and_its_near_documents_with_their_similarity(built, tmp_path):
    (tmp_path / "asked.txt").write_text(house.text(1), encoding="utf-8")
    story = told(built, text_file=tmp_path / "asked.txt")
    found = {t["doc_id"]: (t["match"], t["jaccard"]) for t in story["traces"]}
    assert found[W1] == ("exact", 1.0)
    assert found[C1][0] == "near"
    assert 0.8 <= found[C1][1] < 1


def test_a_text_that_is_nowhere_has_no_trace(built, tmp_path):
    (tmp_path / "asked.txt").write_text(house.text(20), encoding="utf-8")
    assert told(built, text_file=tmp_path / "asked.txt") == {"documents": 0, "shown": 0, "traces": []}


def test_a_release_tells_before_and_after_a_removal(built, project):
    request(project, choose(doc_id=W1), Ground("copyright", house.AS_OF))
    project = house.run(project.root, "decide", "publish")
    before, after = told(project, releases=(built.release, project.release), doc_id=W1)["releases"]
    assert before["documents"][0]["disposition"] == "kept"
    assert before["documents"][0]["shard"].startswith("data/web/")
    gone = after["documents"][0]
    assert (gone["doc_id"], gone["disposition"], gone["reason"]) == (None, "removed", "removal-request")


def test_a_folder_without_a_release_is_named(built, tmp_path):
    with pytest.raises(InputError, match="no release here"):
        told(built, releases=(tmp_path,), doc_id=W1)
