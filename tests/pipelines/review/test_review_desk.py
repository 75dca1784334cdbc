"""One desk on a real small project: what is shown, whose turn it is, what is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import desk_project as made
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage import keys, trust
from lineage.errors import HallmarkError, SettingsError
from pipelines.project import Project
from pipelines.review_desk import report, signing
from pipelines.review_desk.desk import Desk, StaleError
from pipelines.review_desk.draws import load_items
from pipelines.review_desk.marks import Mark
from pipelines.review_desk.segments import WINDOW, segments
from pipelines.review_desk.texts import Texts
from stages.sample import keyed


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    monkeypatch.delenv("HALLMARK_TRUST", raising=False)
    return made.copied(tmp_path_factory.getbasetemp(), tmp_path / "project")


@pytest.fixture
def open_desk(project: Project) -> Iterator:
    with ExitStack() as stack:
        yield lambda draw="audit", who="r1", role="annotator": stack.enter_context(
            closing(Desk(project, draw, who, role))
        )


def shown(desk: Desk, item: str) -> str:
    view = desk.item(item)
    pieces = view["segments"]
    while view["more"]:
        view = desk.window(item, view["more"])
        pieces = pieces + view["segments"]
    return "".join(p.get("t", "") or chr(int(p["h"][2:], 16)) for p in pieces if "r" not in p)


def test_the_audit_shows_every_text_as_it_would_be_published(project: Project) -> None:
    from lineage.keys import default_folder, load_hmac
    from stages.publish.treat import treat

    reader, items = Texts(project, "audit"), load_items(project, "audit")
    ref = items[0].ref
    docs = pl.read_parquet(project.table("ingest", ref)).filter(pl.col("status") == "ok")
    spans = pl.read_parquet(project.table("pii_spans", ref))
    whole, _ = treat(docs, spans, reader.policy.pii, load_hmac(default_folder())[1], project.params.pii)
    published = dict(zip(whole["doc_id"].bin.encode("hex"), whole["text"], strict=True))
    own = [i for i in items if i.ref == ref]
    assert [reader.read(i).text for i in own] == [published[i.id] for i in own]
    assert not [i.id for i in own if made.MAIL in reader.read(i).text]


def test_a_probe_shows_the_text_as_found_with_its_findings_marked(open_desk, project: Project) -> None:
    desk = open_desk("probe")
    item = made.find(project, "probe", made.MAIL)
    view = desk.item(item)
    marked = [(p["t"], view["findings"][p["m"][0]]["kind"]) for p in view["segments"] if p.get("m")]
    assert (made.MAIL, "pii") in marked
    secret = desk.item(made.find(project, "probe", "机密★5年"))
    marked = [(p["t"], secret["findings"][p["m"][0]]["code"]) for p in secret["segments"] if p.get("m")]
    assert ("机密★5年", "secrecy-state") in marked


def test_invisible_characters_are_shown_as_such(open_desk, project: Project) -> None:
    desk = open_desk("probe")
    view = desk.item(made.find(project, "probe", "\u202e"))
    assert {p["h"] for p in view["segments"] if "h" in p} == {"U+202E", "U+200B", "U+0007"}


def test_a_five_megabyte_document_comes_in_windows_and_whole(open_desk, project: Project) -> None:
    desk = open_desk("probe")
    text = made.long_text()
    item = made.find(project, "probe", text[:200])
    assert len(json.dumps(desk.item(item))) < 4 * WINDOW
    assert shown(desk, item) == text.strip()


def test_turns_carry_their_roles(open_desk, project: Project) -> None:
    desk = open_desk("probe")
    view = desk.item(made.find(project, "probe", "Where is the ferry?"))
    assert [p["r"] for p in view["segments"] if "r" in p] == ["user", "assistant"]


@given(st.text(max_size=60), st.data())
def test_the_pieces_joined_are_the_text(text: str, data: st.DataObject) -> None:
    spans = data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
    marks = [Mark(min(a, len(text)), min(b, len(text)), n) for n, (a, b) in enumerate(spans) if a < b]
    marks = sorted(m for m in marks if m.start < m.end)
    pieces, more = segments(text, marks, [(0, "user")] if text else [])
    joined, covered = "", {}
    for p in pieces:
        for n in p.get("m", ()):
            covered[n] = covered.get(n, "") + p["t"]
        joined += p.get("t", "") or (chr(int(p["h"][2:], 16)) if "h" in p else "")
    assert joined == text
    assert more == 0
    hidden = {chr(int(p["h"][2:], 16)) for p in pieces if "h" in p}
    for mark in marks:
        assert covered.get(mark.finding, "") == "".join(
            c for c in text[mark.start : mark.end] if c not in hidden
        )


def test_every_verdict_moves_on_and_a_new_desk_resumes(open_desk, project: Project) -> None:
    desk = open_desk()
    order = [i.id for i in desk.items]
    assert desk.state()["item"] == order[0]
    assert desk.judge(order[0], "pass", None, 3.24)["item"] == order[1]
    assert desk.judge(order[1], "remove", "A.2-d", 5)["item"] == order[2]
    desk.close()
    again = Desk(project, "audit", "r1", "annotator")
    with closing(again):
        state = again.state()
    assert (state["item"], state["counts"]["done"]) == (order[2], 2)
    stored = [json.loads(x) for x in (project.root / "reviews" / "r1.jsonl").read_text().splitlines()]
    assert [(x["verdict"], x["code"], x["seconds"]) for x in stored] == [
        ("pass", None, 3.2),
        ("remove", "A.2-d", 5.0),
    ]
    assert all(set(x) <= set(made_fields()) for x in stored)
    assert stored[0]["rulebook"].startswith("cn-gbt-45654-2025@")


def made_fields() -> tuple[str, ...]:
    from stages.decide.reviews import FIELDS

    return FIELDS


def test_undo_takes_back_one_verdict_after_the_other(open_desk) -> None:
    desk = open_desk()
    first, second = desk.items[0].id, desk.items[1].id
    desk.state()
    desk.judge(first, "pass", None, 1)
    desk.judge(second, "pass", None, 1)
    assert desk.undo()["item"] == second
    assert desk.undo()["item"] == first
    assert desk.state()["counts"]["done"] == 0
    with pytest.raises(HallmarkError, match="nothing to take back"):
        desk.undo()


def test_a_skipped_item_comes_back_at_the_end(open_desk) -> None:
    desk = open_desk("quarantine")
    order = [i.id for i in desk.items]
    desk.state()
    desk.judge(order[0], "skip", None, 1)
    for item in order[1:]:
        desk.judge(item, "pass", None, 1)
    assert desk.state()["item"] == order[0]


def test_a_verdict_for_another_item_than_the_one_on_the_screen_is_refused(open_desk) -> None:
    desk = open_desk()
    first = desk.state()["item"]
    desk.judge(first, "pass", None, 1)
    with pytest.raises(StaleError):
        desk.judge(first, "remove", "A.2-d", 1)


@pytest.mark.parametrize(
    ("verdict", "code"), [("good", None), ("remove", None), ("remove", "B.9"), ("undo", None)]
)
def test_a_verdict_that_does_not_exist_is_refused_and_not_written(
    open_desk, verdict: str, code: str | None
) -> None:
    desk = open_desk()
    with pytest.raises(HallmarkError):
        desk.judge(desk.state()["item"], verdict, code, 1)
    assert not desk.journal.path.exists()


def test_nobody_gives_the_second_reading_of_an_own_item(open_desk) -> None:
    first = open_desk()
    item = first.state()["item"]
    first.judge(item, "pass", None, 1)
    first.close()
    assert open_desk(who="r1", role="reviewer").state()["item"] != item
    assert open_desk(who="r2", role="reviewer").state()["item"] == item


def test_the_second_reading_is_blind_and_conflicts_go_to_a_third_person(open_desk) -> None:
    one, two = open_desk(), open_desk(who="r2", role="reviewer")
    item = one.state()["item"]
    one.judge(item, "pass", None, 1)
    assert two.state()["item"] == item
    assert two.item(item)["opinions"] == []
    two.judge(item, "remove", "A.4-e", 1)
    two.close()
    assert open_desk(who="r2", role="adjudicator").state()["item"] is None
    third = open_desk(who="r3", role="adjudicator")
    assert third.state()["item"] == item
    assert [(o["reviewer"], o["verdict"]) for o in third.item(item)["opinions"]] == [
        ("r1", "pass"),
        ("r2", "remove"),
    ]
    assert third.judge(item, "pass", None, 1)["item"] is None


def test_two_desks_on_one_draw_are_given_different_items(open_desk) -> None:
    one, two = open_desk(), open_desk(who="r2")
    assert one.state()["item"] != two.state()["item"]
    one.close()
    assert open_desk(who="r3").state()["item"] == one.items[0].id


def test_one_person_cannot_open_the_same_desk_twice(open_desk) -> None:
    open_desk()
    with pytest.raises(HallmarkError, match="has a desk open"):
        open_desk()


def test_the_frame_of_the_audit_is_recorded_so_that_a_stranger_can_draw_again(project: Project) -> None:
    found = json.loads((project.data / "sample" / "frame.json").read_text())
    drawn = [bytes.fromhex(i.id) for i in load_items(project, "audit")]
    frame = sorted(drawn)  # so small a corpus is read whole
    assert found["docs"] == found["n"] == len(frame)
    assert found["sha256"] == hashlib.sha256(b"".join(frame)).hexdigest()
    assert found["seed"] == project.params.sample.seed
    assert [(s["source"], s["docs"] == s["drawn"]) for s in found["strata"]] == [("plain", True)]
    order = keyed(pl.Series(frame), project.params.sample.seed, "audit\x00*").tolist()
    assert [doc for _, doc in sorted(zip(order, frame, strict=True))] == drawn


def test_a_draw_older_than_the_documents_is_refused(open_desk, project: Project) -> None:
    path = project.data / "sample" / "draws.parquet"
    table = pl.read_parquet(path)
    table.with_columns(text_sha256=pl.lit(b"\x01" * 32)).write_parquet(path)
    desk = open_desk()
    with pytest.raises(HallmarkError, match="other documents"):
        desk.item(desk.state()["item"])


def test_a_real_name_is_refused_as_a_pseudonym(open_desk) -> None:
    with pytest.raises(SettingsError, match="pseudonym"):
        open_desk(who="Ada Lovelace")


def test_qualification_on_the_day_is_written_into_each_decision(open_desk, project: Project) -> None:
    (project.root / "reviews" / "people.yaml").write_text(
        "people:\n  - {name: r1, roles: [annotator], course: safety-1, qualified_from: '2020-01-01'}\n"
        "  - {name: r2, roles: [reviewer], qualified_from: '2020-01-01', qualified_until: '2020-12-31'}\n"
    )
    desk = open_desk()
    desk.judge(desk.state()["item"], "pass", None, 1)
    assert json.loads(desk.journal.path.read_text())["qualified"] == "qualified"
    assert open_desk(who="r2", role="reviewer").qualified == "not-qualified"
    with pytest.raises(SettingsError, match="may not read as reviewer"):
        open_desk(who="r1", role="reviewer")
    with pytest.raises(SettingsError, match="not listed"):
        open_desk(who="r9")


def test_status_counts_what_was_read_and_what_belongs_to_no_draw(open_desk, project: Project) -> None:
    desk = open_desk()
    desk.judge(desk.state()["item"], "remove", "A.2-d", 2)
    made.written(project.root / "reviews", [made.line("aa", who="r7")], "r7")
    found = report.status(project)
    assert found["draws"]["audit"]["remove"] == 1
    assert found["audit"]["failures"] == 1
    assert found["elsewhere"] == 1
    text = "\n".join(report.status_lines(found))
    assert "1 failures in 1 read" in text
    assert "stand in no present draw" in text


def test_a_signature_covers_the_lines_so_far_and_shows_later_changes(
    project: Project, tmp_path: Path
) -> None:
    folder = made.written(project.root / "reviews", [made.line(), made.line("01")])
    path = folder / "r1.jsonl"
    key = tmp_path / "r1.pem"
    keys.generate("reviewer", key)
    signer = keys.load_private(key)
    trusted = trust.parse(trust.trust_file([trust.trust_entry(signer.public_pem, "reviewer")]))
    assert signing.check_file(path, trusted).state == "unsigned"
    signing.sign_file(folder, "r1", signer)
    whole = signing.check_file(path, trusted)
    assert (whole.state, whole.covered, whole.trusted) == ("signed", 2, True)
    with path.open("a") as f:
        f.write(json.dumps(made.line("02")) + "\n")
    later = signing.check_file(path, trusted)
    assert (later.state, later.covered, later.lines) == ("older", 2, 3)
    path.write_text(path.read_text().replace('"pass"', '"skip"', 1))
    assert signing.check_file(path, trusted).state == "broken"


def test_a_signature_by_a_key_nobody_trusts_is_not_trusted(project: Project, tmp_path: Path) -> None:
    folder = made.written(project.root / "reviews", [made.line()])
    for name in ("own", "other"):
        keys.generate("reviewer", tmp_path / name)
    own, other = (keys.load_private(tmp_path / n) for n in ("own", "other"))
    signing.sign_file(folder, "r1", own)
    trusted = trust.parse(trust.trust_file([trust.trust_entry(other.public_pem, "reviewer")]))
    for vouching in (None, trusted):
        found = signing.check_file(folder / "r1.jsonl", vouching)
        assert (found.state, found.trusted) == ("unvouched", False)


def test_the_pipelines_own_key_does_not_vouch_for_a_reader(project: Project, tmp_path: Path) -> None:
    folder = made.written(project.root / "reviews", [made.line()])
    keys.generate("reviewer", tmp_path / "own")
    signer = keys.load_private(tmp_path / "own")
    signing.sign_file(folder, "r1", signer)
    trusted = trust.parse(trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")]))
    assert signing.check_file(folder / "r1.jsonl", trusted).state == "unvouched"


def test_nobody_signs_for_another(project: Project, tmp_path: Path) -> None:
    folder = made.written(project.root / "reviews", [made.line(), made.line("01", who="r2")])
    keys.generate("reviewer", tmp_path / "k")
    with pytest.raises(HallmarkError, match="decisions of others"):
        signing.sign_file(folder, "r1", keys.load_private(tmp_path / "k"))
