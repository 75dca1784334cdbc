"""A registered work is met whole, nearly whole and as a verbatim span, by text, by digest and by fingerprint."""

from __future__ import annotations

import hashlib
import json

import polars as pl
import pytest

from lineage.errors import HallmarkError
from stages.screen import ScreenSettings, annotate, detectors
from stages.screen.works import CODE, DETECTOR, FLOOR, find, fingerprint, load

WORK = " ".join(
    f"the {i}th lamp of the harbour town was lit by keeper number {i * 7 % 31}" for i in range(40)
)
OTHER = " ".join(
    f"a quiet orchard in year {i} gave pears, plums and {i * 3} quinces to the mill" for i in range(40)
)
HAN = "".join(
    f"第{i}盏灯由港口小镇的守灯人{i * 7 % 31}号在黄昏点亮,随后他沿着石阶走回家去。" for i in range(20)
)


def registry(folder, *lines, **texts):
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    if lines:
        (folder / "list.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    return load(str(folder))


def levels(text, known):
    rows = find(pl.Series([text]), known)
    assert set(rows["code"]) <= {CODE} and set(rows["detector"]) <= {DETECTOR}
    return {r["level"]: (r["score"], r["n"]) for r in rows.iter_rows(named=True)}


def grams(text, n):
    """Return the distinct runs of n words: an oracle of its own for a text of plain words."""
    words = text.replace(",", " ").replace(".", " ").lower().split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


@pytest.mark.parametrize("form", ["file", "text", "sha256", "fingerprint"])
def test_a_work_is_met_however_it_was_handed_in(tmp_path, form):
    said = {
        "text": WORK,
        "sha256": hashlib.sha256(WORK.encode()).hexdigest(),
        "fingerprint": fingerprint(WORK),
    }
    known = (
        registry(tmp_path / "r", lamp=WORK)
        if form == "file"
        else registry(tmp_path / "r", {"work": "lamp", form: said[form]})
    )
    expected = {"file": {"exact", "near", "verbatim"}, "text": {"exact", "near", "verbatim"},
                "sha256": {"exact"}, "fingerprint": {"near", "verbatim"}}[form]  # fmt: skip
    assert set(levels(WORK, known)) == expected
    assert levels(OTHER, known) == {}


def test_shares_are_those_of_plain_sets_of_words(tmp_path):
    known = registry(tmp_path / "r", lamp=WORK, orchard=OTHER)
    words = WORK.split()
    changed = " ".join([*words[:200], "gently", *words[200:]])
    found = levels(changed, known)
    short, long = (grams(changed, n) for n in (3, 13))
    work_short, work_long = (grams(WORK, n) for n in (3, 13))
    assert found["near"][0] == pytest.approx(len(short & work_short) / len(short | work_short), abs=1e-4)
    assert found["verbatim"][1] == len(long & work_long)
    assert "exact" not in found


@pytest.mark.parametrize(("whole", "size"), [(WORK, 60), (HAN, 90)])
def test_a_span_inside_a_long_text_is_verbatim_and_not_near(tmp_path, whole, size):
    known = registry(tmp_path / "r", lamp=whole)
    span = " ".join(whole.split()[100 : 100 + size]) if whole is WORK else whole[100 : 100 + size]
    found = levels(f"{OTHER} {span} {OTHER.replace('pears', 'figs')}", known)
    assert set(found) == {"verbatim"} and found["verbatim"][1] >= 40
    short = " ".join(whole.split()[100:110]) if whole is WORK else whole[100:108]
    assert levels(f"{OTHER} {short} {OTHER}", known) == {}


def test_a_near_work_reaches_the_floor_and_half_of_one_does_not(tmp_path):
    known = registry(tmp_path / "r", lamp=WORK)
    words = WORK.split()
    for cut, near in ((int(len(words) * 0.8), True), (int(len(words) * 0.3), False)):
        assert ("near" in levels(" ".join(words[:cut]), known)) is near
    assert levels(" ".join(words[: int(len(words) * 0.8)]), known)["near"][0] >= FLOOR


def test_the_stage_writes_the_hit_and_the_detector_says_whether_it_ran(tmp_path):
    registry(tmp_path / "r", lamp=WORK)
    plain = ScreenSettings(lexicons=(), models=(), cbrn=False, secrecy=False, poisoning=False)
    settings = plain.model_copy(update={"works": str(tmp_path / "r")})
    texts = [OTHER, WORK]
    docs = pl.DataFrame(
        {"row": [0, 1], "doc_id": [b"a", b"b"], "text": texts, "text_sha256": [t.encode() for t in texts]}
    )
    hits = annotate(docs, settings)["hits"].to_list()
    assert hits[0] == [] and {h["level"] for h in hits[1]} == {"exact", "near", "verbatim"}
    entry = {s: next(d for d in detectors(s) if d["detector"] == DETECTOR) for s in (plain, settings)}
    assert entry[plain]["not_run"] == "no registry supplied" and "not_run" not in entry[settings]
    assert entry[plain]["sha256"] != entry[settings]["sha256"]


@pytest.mark.parametrize(
    "line",
    ['{"work": "x"}', '{"text": "t"}', '{"work": "x", "sha256": "ab"}', "nothing", "[1]",
     '{"work": "x", "text": "t", "sha256": "00"}', '{"work": "x", "fingerprint": {"long": ["zz"], "short": []}}'],
)  # fmt: skip
def test_a_line_that_names_no_work_is_an_error_with_its_place(tmp_path, line):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "list.jsonl").write_text(json.dumps({"work": "a", "text": WORK}) + "\n" + line + "\n")
    with pytest.raises(HallmarkError, match="registry of works") as caught:
        load(str(tmp_path / "r"))
    assert caught.value.where.endswith("list.jsonl:2")


def test_an_empty_folder_and_a_name_given_twice_are_errors(tmp_path):
    (tmp_path / "r").mkdir()
    with pytest.raises(HallmarkError, match="no work"):
        load(str(tmp_path / "r"))
    with pytest.raises(HallmarkError, match="two works"):
        registry(tmp_path / "r", {"work": "a", "text": WORK}, {"work": "a", "text": OTHER})


def test_the_command_prints_a_line_that_a_registry_reads_and_no_word_of_the_work(tmp_path):
    from typer.testing import CliRunner

    from pipelines.cli import app

    (tmp_path / "lamp.txt").write_text(WORK + "\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["detector", "fingerprint", str(tmp_path / "lamp.txt"), "--work", "lamp"])
    assert told.exit_code == 0 and "harbour" not in told.output
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "given.jsonl").write_text(told.output, encoding="utf-8")
    assert levels(WORK, load(str(tmp_path / "r")))["near"][0] == 1.0


def test_a_registry_that_changes_or_another_project_under_the_same_name_is_read_anew(tmp_path, monkeypatch):
    settings = ScreenSettings(works="works")
    docs = pl.DataFrame({"row": [0], "doc_id": [b"d"], "text_sha256": [b"t"], "text": [WORK]})
    met = []
    for folder, text in (("one", WORK), ("two", OTHER), ("two", f"{WORK} and more")):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        registry(tmp_path / folder / "works", a=text)
        hits = annotate(docs, settings)["hits"][0]
        met.append(sorted(h["level"] for h in hits if h["detector"] == DETECTOR))
    assert met == [["exact", "near", "verbatim"], [], ["near", "verbatim"]]
