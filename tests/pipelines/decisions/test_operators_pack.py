"""A keyword workbook of an invented garden club goes all the way: lexicon, hit, verdict, evidence, gates and sheet."""

from __future__ import annotations

import json

import decision_house as kit
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.params_file import params_text
from pipelines.project import Project

TERMS = [
    f"{a} {b}" for a in ("violet", "square", "humming", "woollen") for b in ("teapot", "trowel", "hedge")
]
DETECTOR = "lexicon-operator-a1-a@1"
NOT_SUPPLIED, TEXTS = "no detector supplied", (".json", ".html", ".md")
RULE = (
    "  - {id: garden, on: screen, codes: [A.1-a], detectors: [lexicon-operator-*], levels: [flag], score: 0.6, "
    "action: quarantine, reason: prohibited-content, clause: A.1 a), edition: GB/T 45654-2025}\n"
)


def label_file(folder) -> None:
    """Write 60 texts that speak of the club's things and 60 that do not."""
    (folder / "prohibited").mkdir(parents=True)
    bad = [f"{kit.prose(n, 1)} It was a {TERMS[n % len(TERMS)]}." for n in range(60)]
    rows = [{"text": t, "label": 1, "lang": "en", "tc260": ["A1a"]} for t in bad]
    rows += [{"text": kit.prose(n, 1), "label": 0, "lang": "en", "subset": "club"} for n in range(100, 160)]
    (folder / "prohibited" / "garden.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))


def call(*words: str) -> str:
    told = CliRunner().invoke(app, list(words))
    assert told.exit_code == 0, told.output
    return told.output


@pytest.fixture
def garden(house, monkeypatch):
    """Return a house whose policy holds what the club's words mark, with the pack imported and measured."""
    monkeypatch.chdir(house)
    (house / "bank.csv").write_text(
        "code,term,added\n" + "".join(f"A1a,{t},2026-10-30\n" for t in TERMS), encoding="utf-8"
    )
    assert "terms 12" in call("detector", "import", "bank.csv")
    params = Project(house).params
    small = {"operator_lexicons": "lexicons", "models": (), "lexicons": (), "cbrn": False}
    screen = params.screen.model_copy(update=small)
    (house / "params.yaml").write_text(params_text(params.model_copy(update={"screen": screen})))
    label_file(house / "labels")
    assert f"{DETECTOR}: measured" in call(
        "detector", "evaluate", "lexicon-operator-a1-a", "--eval-dir", "labels"
    )
    kit.edit_policy(
        house,
        ("rules:\n", "rules:\n" + RULE),
        ("max_share: 0.05", "max_share: 0.5"),
        ("source-probe-share, threshold: 0.05", "source-probe-share, threshold: 0.5"),
    )
    kit.fill(house, {"a": [*(kit.prose(n) for n in range(200, 208)), f"{kit.prose(9)} A violet  teapot."]})
    return house


def test_an_operators_words_decide_are_measured_and_fill_their_line_of_the_sheet(garden):
    fates = kit.fates(kit.run(garden))
    assert fates.pop("a-8") == ("quarantined", "prohibited-content", "garden")
    assert fates["a-0"][0] == "kept" and "garden" not in {rule for _, _, rule in fates.values()}
    told = kit.manifest(garden / "release")
    gates = {g["id"]: (g["status"], g["measured"]) for g in told["gates"]}
    assert gates["keyword-library"] == ("warn", len(TERMS))
    assert gates["keyword-minima"] == ("warn", 17)  # all eight of A.1 and nine of A.2
    assert gates["keyword-weekly"] == ("pass", 2)
    run = {d["detector"]: d for s in told["stages"] for d in s["detectors"] if d["codes"] == ["A.1-a"]}
    assert list(run) == [DETECTOR] and run[DETECTOR]["evidence"]["status"] == "measured"
    page = (garden / "release" / "sheets" / "release.en.html").read_text(encoding="utf-8")
    lines = {code: next(r for r in page.split("<tr") if f"({code})" in r) for code in ("A.1-a", "A.1-b")}
    assert NOT_SUPPLIED in lines["A.1-b"]
    assert NOT_SUPPLIED not in lines["A.1-a"] and DETECTOR in lines["A.1-a"] and "0.9398" in lines["A.1-a"]
    shown = [p.read_text(encoding="utf-8") for p in (garden / "release").rglob("*") if p.suffix in TEXTS]
    assert not any(term in text for text in shown for term in TERMS)
