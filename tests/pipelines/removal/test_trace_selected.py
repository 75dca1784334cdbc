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


@pytest.mark.parametrize("kind", ["text", "url"])
def test_what_is_nowhere_is_an_error_that_a_script_notices(built, tmp_path, kind):
    (tmp_path / "asked.txt").write_text(house.text(20), encoding="utf-8")
    asked = {"text_file": tmp_path / "asked.txt"} if kind == "text" else {"url": "https://nowhere.example/x"}
    with pytest.raises(InputError, match=f"no document with this {kind}"):
        told(built, **asked)
    with pytest.raises(InputError, match="nor in the releases searched"):
        told(built, releases=(built.release,), **asked)


def test_a_text_of_a_sealed_release_is_found_near_and_exact_in_its_index(built, project, tmp_path):
    seal_here(project)
    (tmp_path / "asked.txt").write_text(house.near(7, "slowly"), encoding="utf-8")
    (found,) = told(project, text_file=tmp_path / "asked.txt")["sealed"]
    assert (found["kind"], found["source"], found["disposition"]) == ("near", "copies", "kept")
    assert 0.7 < found["estimate"] <= 1


def seal_here(project):
    """Seal the release at hand, with the trust file that `hallmark init` wrote."""
    from lineage import trust
    from pipelines.sealing.seal import seal

    seal(project, trust.load(project.root / "trust.json", {}, project.root), days=30, today=house.AS_OF)


def test_a_release_tells_before_and_after_a_removal(built, project):
    request(project, choose(doc_id=W1), Ground("copyright", house.AS_OF))
    project = house.run(project.root, "decide", "publish")
    before, after = told(project, releases=(built.release, project.release), doc_id=W1)["releases"]
    assert before["documents"][0]["disposition"] == "kept"
    assert before["documents"][0]["shard"].startswith("data/web/")
    gone = after["documents"][0]
    assert (gone["doc_id"], gone["disposition"], gone["reason"]) == (None, "removed", "removal-request")


def test_a_release_knows_the_text_before_redaction_with_the_key_alone(built, tmp_path):
    (tmp_path / "asked.txt").write_text(house.web([3])[0]["text"], encoding="utf-8")
    (release,) = told(built, releases=(built.release,), text_file=tmp_path / "asked.txt")["releases"]
    (found,) = [d for d in release["documents"] if d["source"] == "web"]
    assert (found["disposition"], found["text_in_sha256"]) == ("redacted", None) and found["text_in_keyed"]


def test_a_folder_without_a_release_is_named(built, tmp_path):
    with pytest.raises(InputError, match="no release here"):
        told(built, releases=(tmp_path,), doc_id=W1)
