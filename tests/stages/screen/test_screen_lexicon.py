"""Lexicon files and rules: context decides, bad files are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage.errors import SettingsError
from stages.screen import ScreenSettings, coverage, scan
from stages.screen.lexicon import SHIPPED, load_folder, load_lexicon

PACK = """
lexicon: garden
version: 1
code: {code}
languages: [en, zh]
updated: 2026-01-01
source: An invented, neutral pack.
leet: [plant]
sets:
  plant: [tulip, "daff*", 郁金香]
  act: [trample, 踩踏]
  good: [water the, 浇水]
but: [tulip mania]
rules:
  - {{id: harm, any: [plant], needs: [act], unless: [good], window: 20}}
"""


def write(folder: Path, text: str, name: str = "garden.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(folder: Path, texts: list[str]) -> list[int]:
    settings = ScreenSettings(
        lexicons=(), models=(), secrecy=False, cbrn=False, poisoning=False, operator_lexicons=str(folder)
    )
    return scan(texts, settings)["text"].to_list()


def test_an_operator_pack_drives_the_code_it_names(tmp_path):
    write(tmp_path, PACK.format(code="A.1-g"))
    texts = [
        "they trample the tulip",  # anchor and need
        "a tulip in a vase",  # need missing
        "trample" + " far" * 10 + " tulip",  # outside the window
        "water the tulip, do not trample it",  # unless
        "trample the tulips",  # whole words only
        "trample the daffodils",  # open end
        "trample the tu1ip",  # digit for letter
        "the tulip mania: trample",  # inside a longer phrase
        "有人踩踏鬱金香",  # traditional form
    ]
    assert run(tmp_path, texts) == [0, 5, 6, 8]


def test_terms_of_one_document_never_meet_those_of_the_next(tmp_path):
    write(tmp_path, PACK.format(code="A.1-g"))
    assert run(tmp_path, ["trample", "tulip", "trample tulip"]) == [2]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[tulip,", "[tulip, TULIP,", "stands twice"),
        ("[tulip,", '["", tulip,', "empty"),
        ("[tulip,", f"[{'x' * 500},", "longer"),
        ("needs: [act]", "needs: [acts]", "does not exist"),
        ("version: 1", "version: one", "version"),
        ("sets:", "sets: [", "YAML"),
        ("source:", "colour: red\nsource:", "colour"),
    ],
)
def test_a_bad_file_is_named_with_the_field(tmp_path, old, new, words):
    path = write(tmp_path, PACK.format(code="A.1-g").replace(old, new))
    with pytest.raises(SettingsError, match=words) as error:
        load_lexicon(path)
    assert "garden.yaml" in error.value.where and error.value.cure


def test_an_empty_folder_and_a_double_name_are_errors(tmp_path):
    with pytest.raises(SettingsError, match="no lexicon"):
        load_folder(str(tmp_path))
    write(tmp_path, PACK.format(code="A.1-g"))
    write(tmp_path, PACK.format(code="A.1-g"), "second.yaml")
    with pytest.raises(SettingsError, match="two lexicons"):
        run(tmp_path, ["text"])


def test_every_shipped_lexicon_loads_and_names_codes_of_the_taxonomy():
    from stages.screen import TAXONOMY

    codes = {risk.code for risk in TAXONOMY.risks}
    operators = {risk.code for risk in TAXONOMY.risks if risk.detector == "operator"}
    for path in sorted(SHIPPED.glob("*.yaml")):
        lexicon = load_lexicon(path)
        assert set(lexicon.codes) <= codes, path.name
        assert not set(lexicon.codes) & operators, path.name


def test_coverage_counts_the_operators_words_and_names_what_nobody_screens(tmp_path):
    write(tmp_path, PACK.format(code="A.1-g"))
    without = {row["code"]: row for row in coverage(ScreenSettings())}
    rows = {row["code"]: row for row in coverage(ScreenSettings(operator_lexicons=str(tmp_path)))}
    assert len(rows) == 31
    assert without["A.1-g"]["status"] == "not_run" and without["A.1-g"]["why"] == "no detector supplied"
    assert rows["A.1-g"] == {
        "code": "A.1-g",
        "status": "operator",
        "detectors": ["lexicon-garden@1"],
        "covered_by": [],
        "keywords": 3,
        "min_keywords": 200,
        "updated": "2026-01-01",
        "why": None,
    }
    assert rows["A.1-d"]["status"] == "shipped" and rows["A.1-d"]["keywords"] > 0
    assert rows["A.4-f"]["status"] == "elsewhere" and rows["A.1-a"]["status"] == "not_run"


def test_an_operator_lexicon_changes_the_digests_it_should(tmp_path):
    from stages.screen import detectors

    path = write(tmp_path, PACK.format(code="A.1-g"))
    settings = ScreenSettings(operator_lexicons=str(tmp_path))
    before = {row["detector"]: row["sha256"] for row in detectors(settings)}
    path.write_text(path.read_text(encoding="utf-8").replace("tulip,", "tulip, rose,"), encoding="utf-8")
    after = {
        row["detector"]: row["sha256"] for row in detectors(settings.model_copy(update={"block_mb": 3.0}))
    }
    assert {name for name in before if before[name] != after[name]} == {"lexicon-garden@1"}
