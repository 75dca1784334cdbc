"""The catalogue is whole in both languages, nothing in it is dead, questions are asked openly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sheet_manifests as made
from test_sheets_facts import render

from lineage import sheets
from lineage.errors import InputError, SettingsError
from lineage.sheets import reader
from lineage.sheets.evidence import figure, interval
from lineage.sheets.glance import allowed_by

ANSWER = {"zh": "用于预训练。", "en": "For pretraining.", "author": "Li Wei", "date": "2026-11-01"}


def test_every_phrase_exists_in_both_languages_with_the_same_blanks() -> None:
    for entry in made.fixed_words():
        assert entry["zh"].strip() and entry["en"].strip()
        assert sorted(re.findall(r"{\w+}", entry["zh"])) == sorted(re.findall(r"{\w+}", entry["en"]))


def test_every_phrase_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(reader.__file__).parent
    files = [*folder.rglob("*.py"), *folder.rglob("*.jinja"), folder.parent / "card.py"]
    code = "\n".join(f.read_text(encoding="utf-8") for f in files)
    used = set(re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)*)["']""", code))
    say = reader.Reader.say
    monkeypatch.setattr(
        reader.Reader, "say", lambda self, key, **fill: used.add(key) or say(self, key, **fill)
    )
    sheets.site([made.shard()], lang="en", title="x")
    sheets.site_of_releases([sheets.Shelf({"en": "x"}, "1", [made.shard()], "sheets/")], lang="en")
    for manifest in [made.shard(), made.release(), made.long_release(), *made.odd_manifests()]:
        for fmt in ("html", "md"):
            render(
                manifest,
                "en",
                fmt,
                answers={"purpose-why": {**ANSWER, "en": ""}, "purpose-who": {**ANSWER, "zh": ""}},
            )
            render(
                manifest,
                "zh",
                fmt,
                answers={"purpose-why": {**ANSWER, "zh": ""}, "purpose-who": {**ANSWER, "en": ""}},
            )
    assert set(reader.catalogue("messages")) - used == set()


def test_chinese_sheets_hold_no_english_phrase() -> None:
    page = render(made.release(), "zh")
    english = {
        e["en"] for e in reader.catalogue("messages").values() if len(e["en"]) > 12 and e["en"] != e["zh"]
    }
    assert not [phrase for phrase in english if phrase in page]


def test_an_assessor_in_china_meets_the_clauses_first_and_others_identity() -> None:
    first = {
        lang: re.findall(r'<section id="(\w+)">', render(made.shard(), lang))[1] for lang in ("zh", "en")
    }
    assert first == {"zh": "clauses", "en": "identity"}


def test_both_languages_hold_the_same_chapters() -> None:
    for manifest in (made.shard(), made.release()):
        chapters = [set(re.findall(r'<section id="(\w+)">', render(manifest, lang))) for lang in ("zh", "en")]
        assert chapters[0] == chapters[1] and len(chapters[0]) > 10


def test_unanswered_questions_print_as_unanswered() -> None:
    page = render(made.release(), "en")
    assert page.count("Unanswered.") == len(sheets.questions())
    page = render(made.release(), "en", answers={"purpose-why": ANSWER})
    assert page.count("Unanswered.") == len(sheets.questions()) - 1
    assert sheets.unanswered({"purpose-why": ANSWER}) == list(sheets.questions())[1:]


@pytest.mark.parametrize("fmt", ["html", "md"])
def test_an_answer_prints_with_its_author_and_date(fmt: str) -> None:
    page = render(made.release(), "en", fmt, answers={"purpose-why": ANSWER})
    assert "For pretraining." in page and "Li Wei, 2026-11-01" in page


def test_an_answer_in_one_language_is_shown_in_both_and_marked() -> None:
    only = {k: v for k, v in ANSWER.items() if k != "en"}
    page = render(made.release(), "en", answers={"purpose-why": only})
    assert "用于预训练。" in page and "written in Chinese only" in page


@pytest.mark.parametrize(
    "answers",
    [
        {"no-such": ANSWER},
        {"purpose-why": {**ANSWER, "author": ""}},
        {"purpose-why": {k: v for k, v in ANSWER.items() if k != "date"}},
        {"purpose-why": {"author": "x", "date": "2026-01-01"}},
        {"purpose-why": {**ANSWER, "mood": "good"}},
        {"purpose-why": "because"},
    ],
)
def test_an_answer_that_cannot_be_printed_is_refused_by_name(answers: dict) -> None:
    with pytest.raises(SettingsError, match=next(iter(answers))):
        render(made.release(), "en", answers=answers)


def test_a_shard_leaves_personal_answers_to_the_release_unless_given() -> None:
    assert "Unanswered." not in render(made.shard(), "en")
    assert "For pretraining." in render(made.shard(), "en", answers={"purpose-why": ANSWER})


def test_a_sheet_without_its_manifests_digest_is_refused() -> None:
    with pytest.raises(InputError, match="sha256"):
        sheets.render(made.shard(), lang="en", fmt="md", digests={}, answers=None, verify_command="v")


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(InputError, match="schema"):
        sheets.manifest_path({"schema": "urn:other:1"})


def test_a_shard_alone_never_reads_as_certified() -> None:
    manifest = made.shard()
    manifest["gates"] = [{**manifest["gates"][0], "grades": ["screened", "certified"]}]
    page = render(manifest, "en")
    assert 'data-value="screened"' in page and "needs the gates of the whole release" in page


@pytest.mark.parametrize(
    "gates,grade",
    [
        ([], "screened"),
        ([("fail", ())], "withheld"),
        ([("pass", ())], "screened"),
        ([("pass", ("certified",))], "certified"),
        ([("pass", ("certified",)), ("not_run", ("certified",))], "screened"),
        ([("waived", ("certified",)), ("pass", ("certified",))], "screened"),
        ([("warn", ("certified",))], "screened"),
        ([("pass", ("certified",)), ("fail", ("screened",))], "withheld"),
    ],
)
def test_the_grade_is_the_best_that_the_gates_allow(gates: list, grade: str) -> None:
    assert allowed_by([{"status": s, "grades": g} for s, g in gates]) == grade


def test_lists_and_spans_of_a_source_read_as_words() -> None:
    manifest = made.shard()
    manifest["source"].update(
        collected={"from": "2025-01-01", "to": "2025-03-31"}, purpose=["pretraining", "tests"]
    )
    page = render(manifest, "en", "md")
    assert "2025-01-01 – 2025-03-31" in page and "pretraining, tests" in page


@pytest.mark.parametrize(
    "evidence,text,drawn",
    [
        ({"recall": [0.9, 0.8, 0.95]}, "0.9 (0.8–0.95)", (0.8, 0.9, 0.95)),
        ({"recall": 0.9, "recall_ci95": [0.8, 0.95]}, "0.9 (0.8–0.95)", (0.8, 0.9, 0.95)),
        ({"recall": {"value": 0.9, "interval": [0.8, 0.95]}}, "0.9 (0.8–0.95)", (0.8, 0.9, 0.95)),
        ({"recall": {"point": 0.9, "lower": 0.8, "upper": 0.95}}, "0.9 (0.8–0.95)", (0.8, 0.9, 0.95)),
        ({"recall": 0.9}, "0.9", (0.9, 0.9, 0.9)),
        ({"precision": 0.9}, "not measured", None),
        ({"recall": True}, "not measured", None),
        ("x", "not measured", None),
        (None, "not measured", None),
    ],
)
def test_recall_prints_with_its_interval_or_as_not_measured(evidence: Any, text: str, drawn: Any) -> None:
    assert figure(reader.Reader({"e": evidence}, "en"), "/e").text == text
    assert interval(evidence) == drawn


def test_a_detectors_figures_are_printed_by_risk_code() -> None:
    page = render(made.odd_manifests()[1], "en", "md")
    assert page.count("0.8885 (0.8707–0.9041)") == 2 and "0.04 (0.0354–0.0441)" in page
    assert "0.6185 (0.5707–0.6541)" in page and "held/apart" in page and "held out" in page
    assert "No detector that ran was measured" in render(made.shard(), "en")
