"""Names by a model of the user's: from a local folder, bound by its digest, beside the patterns."""

import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from pii_fixtures import EMAIL, MOBILE, documents
from pydantic import ValidationError

from lineage.errors import SettingsError
from stages.pii import PiiSettings, annotate, detectors, engine, models, readers, scan
from stages.pii.settings import ModelEngine

PLAIN = ("DATE_TIME", "URL", "UUID")  # the default of `off` with PERSON looked for


def pipeline(folder: Path, language: str, names: list[str], label: str = "PERSON") -> Path:
    """Save a small spaCy pipeline that knows `names`, and return its folder."""
    nlp = spacy.blank(language, meta={"name": "made here", "version": "1.2.3"})
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": label, "pattern": name} for name in names])
    nlp.to_disk(folder)
    return folder


def settings(folder: Path, kind: str = "spacy", **more) -> PiiSettings:
    """Return settings that use the model in `folder`, with its digest stated."""
    digest = models._digest(tuple(models._files(folder)))
    return PiiSettings(off=PLAIN, engine=ModelEngine(kind=kind, path=str(folder), sha256=digest, **more))


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Path:
    return pipeline(tmp_path_factory.mktemp("en") / "model", "en", ["Nemo Nobody", EMAIL])


@pytest.fixture(scope="module")
def chinese(tmp_path_factory) -> Path:
    return pipeline(tmp_path_factory.mktemp("zh") / "model", "zh", ["吴名氏"], "PER")


def values(text: str, how: PiiSettings) -> list[tuple[str, str, str]]:
    return [(f.type, text[f.start : f.end], f.detector) for f in scan([text], how)]


def test_english_names_are_found_where_the_model_sees_them(english):
    text = f"\u200bYesterday \U0001f600 Nemo Nobody met {EMAIL}."
    assert values(text, PiiSettings(off=PLAIN)) == [("EMAIL_ADDRESS", EMAIL, "common-pii@4")]
    assert values(text, settings(english)) == [
        ("PERSON", "Nemo Nobody", "spacy-en-made-here@1.2.3"),
        ("EMAIL_ADDRESS", EMAIL, "common-pii@4"),  # the model takes it for a name: the higher score wins
    ]


def test_chinese_names_are_found_in_running_prose(chinese):
    text = f"昨天吴名氏去了海边，电话{MOBILE}。"
    assert ("PERSON", "吴名氏", "spacy-zh-made-here@1.2.3") in values(text, settings(chinese))
    assert all(kind != "PERSON" for kind, _, _ in values(text, PiiSettings(off=PLAIN)))


def test_a_trained_model_reads_too(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PERSON")
    words = [f"Then {name} came home." for name in ("Nemo", "Nihil", "Nulla")]
    spacy.util.fix_random_seed(0)
    examples = [
        spacy.training.Example.from_dict(nlp.make_doc(w), {"entities": [(5, len(w) - 11, "PERSON")]})
        for w in words
    ]
    optimiser = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=optimiser)
    nlp.to_disk(tmp_path / "m")
    assert [v[:2] for v in values(words[0], settings(tmp_path / "m"))] == [("PERSON", "Nemo")]


def test_a_text_in_a_script_the_model_does_not_know_is_named_as_not_run(english):
    counts, spans = annotate(documents(["Nemo Nobody left.", "昨天有人来过。"]), settings(english), b"k" * 32)
    assert counts["not_run"].to_list() == [[], ["spacy-en-made-here@1.2.3:script"]]
    assert spans["type"].to_list() == ["PERSON"]
    assert counts["counts"].to_list()[0] == [{"type": "PERSON", "n": 1}]


def test_a_stated_language_widens_what_the_model_reads(english):
    _, not_run = engine.find(["昨天有人来过。"], settings(english, languages=("en", "zh")))
    assert not_run == [[]]


def test_without_a_model_nothing_changes(english):
    texts = [f"Nemo Nobody, {EMAIL}", f"手机{MOBILE}"]
    off = PiiSettings(engine=ModelEngine(path=str(english), sha256="0" * 64))
    assert scan(texts, off) == scan(texts, PiiSettings())
    assert detectors(off) == detectors(PiiSettings())


def test_the_detector_is_bound_to_the_files_of_the_model_and_not_to_their_place(english, tmp_path):
    again = pipeline(tmp_path / "b", "en", ["Nemo Nobody", EMAIL])
    other = pipeline(tmp_path / "c", "en", ["Nemo Nobody", "Nulla Nobody"])
    first, second, third = (
        next(d for d in detectors(settings(folder)) if d["detector"].startswith("spacy"))
        for folder in (english, again, other)
    )
    assert first == second
    assert first["sha256"] != third["sha256"]
    assert (first["detector"], first["codes"], first["languages"]) == (
        "spacy-en-made-here@1.2.3", ["PERSON"], ["en"],
    )  # fmt: skip


def test_patterns_keep_their_digest_beside_a_model(english):
    beside = {d["detector"]: d["sha256"] for d in detectors(settings(english))}
    alone = {d["detector"]: d["sha256"] for d in detectors(PiiSettings(off=PLAIN))}
    assert alone.items() <= beside.items()


def test_a_changed_model_is_refused_and_the_error_states_its_digest(tmp_path):
    folder = pipeline(tmp_path / "m", "en", ["Nemo Nobody"])
    how = settings(folder)
    (folder / "extra.bin").write_bytes(b"1")
    with pytest.raises(SettingsError) as caught:
        scan(["Nemo Nobody"], how)
    assert models._digest(tuple(models._files(folder))) in str(caught.value)
    assert "pii.engine.sha256" in caught.value.where


@pytest.mark.parametrize("kind", ["spacy", "transformers", "gliner"])
def test_a_missing_folder_and_one_without_a_model_are_errors(tmp_path, kind):
    gone = ModelEngine(kind=kind, path=str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match="folder of the model is missing"):
        detectors(PiiSettings(off=PLAIN, engine=gone))
    with pytest.raises(SettingsError, match=f"holds no {kind} model"):
        detectors(PiiSettings(off=PLAIN, engine=gone.model_copy(update={"path": str(tmp_path)})))


@pytest.mark.parametrize("kind", ["spacy", "transformers", "gliner"])
def test_a_missing_package_is_an_error_that_names_it(tmp_path, monkeypatch, kind):
    for name in models.NEEDS[kind]:
        (tmp_path / name).write_text("{}")
    monkeypatch.setitem(sys.modules, kind, None)  # what Python holds for a module that cannot be imported
    readers.load.cache_clear()
    with pytest.raises(SettingsError, match=f"package {kind}") as caught:
        scan(["Nemo Nobody"], settings(tmp_path, kind))
    assert "pip install" in caught.value.cure


def test_a_folder_that_does_not_load_is_an_error_without_its_content(tmp_path):
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = secret-value\n")
    (tmp_path / "meta.json").write_text('{"lang": "en"}')
    with pytest.raises(SettingsError, match="cannot be loaded") as caught:
        scan(["Nemo Nobody"], settings(tmp_path))
    assert "secret-value" not in str(caught.value)


def test_a_model_whose_types_are_all_off_is_refused():
    with pytest.raises(ValidationError, match="PERSON"):
        PiiSettings(engine=ModelEngine(kind="spacy", path="m"))
    with pytest.raises(ValidationError, match="unknown types"):
        ModelEngine(labels=(("PER", "NOTHING"),))


def test_a_label_of_the_model_can_stand_for_another_type(tmp_path):
    folder = pipeline(tmp_path / "m", "en", ["1 Nowhere Lane"], "LOC")
    assert values("At 1 Nowhere Lane.", settings(folder)) == []
    found = values("At 1 Nowhere Lane.", settings(folder, labels=(("LOC", "CN_ADDRESS"),)))
    assert [v[:2] for v in found] == [("CN_ADDRESS", "1 Nowhere Lane")]


def test_one_text_on_which_the_model_fails_loses_no_other(english, monkeypatch):
    how = settings(english)
    who = models.identity(how.engine)
    real = readers.load(how.engine, who.sha256)

    def frail(texts):
        if any("boom" in t for t in texts):
            raise RuntimeError("boom")
        return real(texts)

    monkeypatch.setattr(models, "load", lambda *_: frail)
    found, not_run = engine.find(["Nemo Nobody", f"boom {EMAIL}"], how)
    assert [[f[0] for f in items] for items in found] == [["PERSON"], ["EMAIL_ADDRESS"]]
    assert not_run == [[], [f"{who.detector}:failed"]]


def test_a_long_text_and_lone_surrogates_are_read_with_their_own_offsets(english):
    text = "No names here. " * 80_000 + "\ud800 Nemo Nobody"
    (found,) = scan([text], settings(english))
    assert (found.type, text[found.start : found.end]) == ("PERSON", "Nemo Nobody")


@given(st.text(alphabet="ab \n.。", max_size=60), st.integers(2, 9))
def test_pieces_hold_the_whole_text(text, limit):
    cut = models.pieces(text, limit)
    assert "".join(part for _, part in cut) == text
    assert all(len(part) <= limit and text[at : at + len(part)] == part for at, part in cut)


def test_settings_and_the_package_load_no_detector():
    code = (
        "import sys, stages.pii, stages.pii.settings\n"
        "heavy = ('presidio_analyzer', 'spacy', 'numba', 'polars', 'phonenumbers', 'tldextract', 'torch')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
