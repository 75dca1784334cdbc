"""A removal from the request to the proof: what leaves, what stays byte for byte, what never comes back."""

from __future__ import annotations

import hashlib
import json

import polars as pl
import pytest
import removal_house as house

from lineage import certificate, keys, trust
from lineage import ledger as chain
from lineage.errors import HallmarkError, InputError, TrustError
from lineage.records import doc_id
from lineage.removals import proof, release_facts
from pipelines import parts
from pipelines.project import Project
from pipelines.removal.proving import prove
from pipelines.removal.report import fates, show_report, verify_report
from pipelines.removal.request import Ground, before_path, ledger_path, reject, request
from pipelines.removal.selector import choose

GROUND = Ground("gdpr-17", house.AS_OF)
W1, W2, C1 = doc_id("web", "w1"), doc_id("web", "w2"), doc_id("copies", "c1")


def decided(project: Project) -> dict[bytes, tuple[str, str | None]]:
    tables = [parts.read_part(project.table("decide", ref)) for ref in project.parts()]
    return {
        d: (how, why) for d, how, why in pl.concat(tables).select("doc_id", "disposition", "reason").rows()
    }


def published(project: Project) -> set[str]:
    return {i for f in (project.release / "data").rglob("*.parquet") for i in pl.read_parquet(f)["doc_id"]}


def tree(folder) -> dict[str, str]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def ask(project: Project, **selector):
    return request(project, choose(**selector), GROUND)


def test_the_house_publishes_what_the_tests_remove(built):
    assert {W1.hex(), W2.hex()} <= published(built)
    assert decided(built)[C1] == ("removed", "near-duplicate")


def test_a_dry_run_writes_nothing(project):
    before = tree(project.root)
    found = request(project, choose(url="http://WWW.example.org/page/1/#top"), GROUND, dry_run=True)
    assert (found["matched"]["docs"], found["matched"]["twins"]) == (1, 1)
    assert tree(project.root) == before


def test_the_next_run_drops_the_document_and_its_twin_and_touches_no_other_shard(project):
    old = tree(project.release)
    entry = ask(project, doc_id=W2.hex())
    house.run(project.root, "decide", "publish")
    now = decided(project)
    assert now[W2] == ("removed", "removal-request")
    assert W2.hex() not in published(project)
    new = tree(project.release)
    untouched = {p for p in old if "copies/" in p}
    assert len(untouched) >= 8
    assert {p: new.get(p) for p in untouched} == {p: old[p] for p in untouched}
    shards = {p for p in old if p.startswith("data/web/")}
    assert not shards & set(new)
    assert len([p for p in new if p.startswith("data/web/")]) == 1
    assert {c["path"].partition("/")[0] for c in entry["revoked_certs"]} == {"release", "web"}


def test_a_near_duplicate_leaves_with_the_document(project):
    ask(project, url="https://www.example.org/page/1")
    house.run(project.root, "decide")
    now = decided(project)
    assert (now[W1], now[C1]) == (("removed", "removal-request"), ("removed", "twin-of-removed"))
    left = {d: v for d, v in now.items() if d not in (W1, C1)}
    assert left == {d: v for d, v in decided(project).items() if d in left}
    assert all(how in ("kept", "redacted") for how, _ in left.values())


@pytest.mark.parametrize(
    ("selector", "direct"),
    [
        ({"doc_id": W1.hex()[:12]}, 1),
        ({"url": "www.example.org/page/1"}, 1),
        ({"domain": "example.org"}, 6),
        ({"domain": "www.EXAMPLE.org"}, 6),
        ({"domain": "other.org"}, 0),
        ({"subject": f"EMAIL_ADDRESS={house.MAIL.upper()}"}, 1),
        ({"subject": "EMAIL_ADDRESS=nobody@example.org"}, 0),
    ],
)
def test_each_selector_finds_its_documents(built, selector, direct):
    found = request(built, choose(**selector), GROUND, dry_run=True)
    assert found["matched"]["docs"] == direct


def test_a_text_finds_its_exact_and_its_near_documents(built, tmp_path):
    for text, counts in ((house.text(1), (1, 1)), (house.near(2), (0, 1)), (house.text(20), (0, 0))):
        (tmp_path / "asked.txt").write_text(text, encoding="utf-8")
        matched = request(built, choose(text_file=tmp_path / "asked.txt"), GROUND, dry_run=True)["matched"]
        assert (matched["docs"], matched["twins"]) == counts


def test_no_value_of_a_request_stands_anywhere_in_the_open(project, tmp_path, capsys):
    (tmp_path / "asked.txt").write_text(house.text(2), encoding="utf-8")
    ask(project, subject=f"EMAIL_ADDRESS={house.MAIL}")
    ask(project, url="https://www.example.org/page/1")
    ask(project, text_file=tmp_path / "asked.txt")
    house.run(project.root, "decide", "publish")
    said = capsys.readouterr()
    words = [house.MAIL, "example.org/page/1", house.text(2)[:60], W1.hex()]
    files = [
        p for n in ("ledger", "release", "metrics") for p in (project.root / n).rglob("*") if p.is_file()
    ]
    texts = [p.read_bytes().decode("utf-8", "replace") for p in files] + [said.out, said.err]
    assert not [w for w in words for t in texts if w in t]


def test_a_removed_document_does_not_come_back_from_another_source_after_its_own_is_gone(project):
    ask(project, url="https://www.example.org/page/1")
    house.put(project.root, "later", [{"id": "l1", "text": house.text(1)}, {"id": "l2", "text": house.near(1, "again")},
                                      {"id": "l8", "text": house.text(8)}])  # fmt: skip
    house.put(project.root, "web", house.web([0, 2, 4]))
    (project.root / "in" / "copies.jsonl").unlink()
    house.sources(project.root, "web", "later")
    project = house.run(project.root)
    now = decided(project)
    l1, l2, l8 = (doc_id("later", n) for n in ("l1", "l2", "l8"))
    assert W1 not in now
    assert now[l1] == ("removed", "removal-request")
    assert now[l2] == ("removed", "twin-of-removed")
    assert now[l8] == ("kept", None)


def test_a_twin_alone_does_not_come_back_when_the_document_is_gone(project):
    ask(project, url="https://www.example.org/page/1")
    house.put(project.root, "web", house.web([0, 2, 4]))
    project = house.run(project.root)
    now = decided(project)
    assert now[C1] == ("removed", "twin-of-removed")
    assert now[doc_id("copies", "c7")] == ("kept", None)


def test_a_domain_that_refused_stays_out_with_pages_that_are_new(project):
    ask(project, domain="example.org")
    house.put(project.root, "web", house.web([*range(6), 9]))
    project = house.run(project.root)
    assert decided(project)[doc_id("web", "w9")] == ("removed", "removal-request")
    assert decided(project)[doc_id("copies", "c7")] == ("kept", None)


def test_a_rejected_request_lets_the_document_back_with_its_old_shard(project):
    old = tree(project.release / "data")
    ask(project, doc_id=W2.hex())
    house.run(project.root, "decide", "publish")
    assert tree(project.release / "data") != old
    reject(project, 1, "not-the-author", house.AS_OF)
    house.run(project.root, "decide", "publish")
    assert tree(project.release / "data") == old
    assert release_facts(ledger_path(project))["revocations"] == []
    with pytest.raises(InputError, match="no standing request"):
        reject(project, 1, "again", house.AS_OF)


def test_the_release_states_the_ledger_and_revokes_what_held_the_document(project):
    ask(project, doc_id=W2.hex())
    house.run(project.root, "decide", "publish")
    facts = release_facts(ledger_path(project))
    manifest = json.loads((project.release / certificate.MANIFEST).read_bytes())
    assert manifest["ledger"] == facts["ledger"]
    assert manifest["revocations"] == facts["revocations"]
    assert len(facts["revocations"]) == 2


def test_presence_before_and_absence_after_come_out_as_one_file(project, keys_folder):
    ask(project, url="https://www.example.org/page/1")
    with pytest.raises(HallmarkError, match="still publishes 1 of 2"):
        prove(project, 1)
    house.run(project.root, "decide", "publish")
    out = project.root / "proof.json"
    prove(project, 1, out=out)
    believed = trust.from_pem(keys.load_signer(keys_folder).public_pem.encode())
    shown = proof.check(out.read_bytes(), believed, house.AS_OF)
    assert {d.doc_id: d.was_published for d in shown.documents} == {W1: True, C1: False}
    assert shown.after["certificate"] != shown.before["certificate"]
    assert out.stat().st_size < 16_384


def test_a_broken_ledger_stops_decide_and_is_named(project):
    ask(project, doc_id=W2.hex())
    ask(project, doc_id=W1.hex())
    path = ledger_path(project)
    whole = path.read_bytes()
    first, second = whole.splitlines(keepends=True)
    attacks = {
        "ledger.jsonl:1: entry 1 was changed": first.replace(b"gdpr-17", b"opt-out") + second,
        "ledger.jsonl:1: entry 2 stands where entry 1 belongs": second,
        "has 1 entries": first,
        "entry 2 stands where entry 1 belongs": second + first,
        "ledger.jsonl:3: repeats line 1": whole + first,
        "has 0 entries": b"",
    }
    before = tree(project.data / "decide")
    for named, content in attacks.items():
        path.write_bytes(content)
        with pytest.raises(TrustError):
            house.run(project.root, "decide")
        lines, good = verify_report(project)
        assert not good
        assert any(named in line for line in lines)
    assert tree(project.data / "decide") == before
    path.write_bytes(whole)
    assert verify_report(project)[1]


def test_a_ledger_that_forgets_what_the_release_states_is_refused(project):
    ask(project, doc_id=W2.hex())
    house.run(project.root, "decide", "publish")
    path = ledger_path(project)
    path.unlink()
    path.with_name(chain.HEAD).unlink()
    lines, good = verify_report(project)
    assert (good, "does not continue the 1 entries" in lines[0]) == (False, True)


def test_a_sealed_signature_file_that_was_changed_stops_decide(project):
    entry = ask(project, doc_id=W2.hex())
    sealed = ledger_path(project).parent / entry["signatures"]["path"]
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"\0")
    assert "not the file that entry 1 names" in verify_report(project)[0][0]
    with pytest.raises(TrustError, match="not the signatures that entry 1 names"):
        house.run(project.root, "decide")


def test_another_key_cannot_pass_over_the_requests(project, tmp_path, monkeypatch):
    ask(project, doc_id=W2.hex())
    keys.init(tmp_path / "other")
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "other"))
    with pytest.raises(TrustError, match="written under the HMAC key"):
        house.run(project.root, "decide")


def test_the_same_request_twice_is_refused(project):
    ask(project, doc_id=W2.hex())
    with pytest.raises(InputError, match="request 1 asks for the same"):
        ask(project, doc_id=W2.hex())


def test_equal_requests_give_equal_ledgers(built, tmp_path):
    ledgers = []
    for name in ("one", "two"):
        twin = house.copy(built, tmp_path / name)
        ask(twin, url="https://www.example.org/page/1")
        ask(twin, subject=f"EMAIL_ADDRESS={house.MAIL}")
        ledgers.append(tree(twin.root / "ledger"))
    assert ledgers[0] == ledgers[1]


@pytest.mark.parametrize(
    "ground",
    [
        Ground("because", house.AS_OF),
        Ground("gdpr-17", house.AS_OF, request_id="Jane Doe"),
        Ground("gdpr-17", house.AS_OF, verified_by="jane@example.org"),
        Ground("gdpr-17", house.AS_OF, jurisdiction="Germany"),
    ],
)
def test_what_could_hold_a_name_is_refused(project, ground):
    with pytest.raises(InputError):
        request(project, choose(doc_id=W2.hex()), ground)
    assert not ledger_path(project).exists()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"url": "a.org", "domain": "a.org"},
        {"doc_id": "xyz"},
        {"subject": "EMAIL"},
        {"domain": "localhost"},
    ],
)
def test_a_selector_that_means_nothing_is_refused(given):
    with pytest.raises(InputError):
        choose(**given)


def test_show_tells_what_became_of_the_documents(project):
    entry = ask(project, url="https://www.example.org/page/1")
    house.run(project.root, "decide")
    assert [(f["disposition"], f["twin"]) for f in fates(project, entry)] == [
        ("removed", False),
        ("removed", True),
    ]
    assert W1.hex() in show_report(project, 1, as_json=False)
    assert before_path(project, 1).is_file()
