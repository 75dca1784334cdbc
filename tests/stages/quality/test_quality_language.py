"""Language: what the characters say, what the model is asked, and what happens without one."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from quality_parts import evidence, measured

from lineage.errors import SettingsError
from stages.quality import QualitySettings, detectors, model
from stages.quality.model import model_path

MODERN = "船长说今天的风很大，我们不能出海了。他让大家把绳子收好，然后回到岸上的小屋里等着天气变好。"
TRADITIONAL = "船長說今天的風很大，我們不能出海了。他讓大家把繩子收好，然後回到岸上的小屋裡等著天氣變好。"
CLASSICAL = (
    "舟人曰：风之大者，不可以涉也。吾与汝居岸而待之，日暮而风不止，乃归。"
    "舟人之言，岂不信乎？遂宿于岸，明日而行焉。"
)
VERSE = "晚渡风初起，孤舟月未明。\n江声随雁远，野火隔林生。\n旧客归何处，寒潮夜自平。"
JAPANESE = "船長は今日は風が強いので出航できないと言いました。みんなで岸の小屋に戻って待ちます。"
SCRIPTS = {
    "ko": "선장은 오늘 바람이 세서 배가 나갈 수 없다고 말했다.",
    "el": "Ο καπετάνιος είπε ότι σήμερα ο άνεμος είναι πολύ δυνατός.",
    "th": "กัปตันบอกว่าวันนี้ลมแรงมากจึงออกเรือไม่ได้",
    "hy": "Նավապետն ասաց, որ այսօր քամին շատ ուժեղ է։",
    "ka": "კაპიტანმა თქვა, რომ დღეს ქარი ძალიან ძლიერია.",
}


@pytest.mark.parametrize(
    ("text", "lang"),
    [(MODERN, "zh-Hans"), (TRADITIONAL, "zh-Hant"), (CLASSICAL, "lzh"), (VERSE, "lzh"), (JAPANESE, "ja")]
    + [(text, lang) for lang, text in SCRIPTS.items()],
)
def test_the_script_rule_needs_no_model(text, lang):
    row = evidence(text, lid_model="none").row(0, named=True)
    assert (row["lang"], row["lang_not_run"]) == (lang, False)
    assert row["lang_score"] > 0.8


def test_chinese_without_a_telling_character_is_plain_zh():
    assert measured("上下左右中大小人口山水", "lang") == "zh"


def test_text_without_letters_is_undetermined():
    row = evidence("123 + 456 = 579").row(0, named=True)
    assert (row["lang"], row["lang_score"], row["lang_not_run"]) == ("und", 0.0, False)


def test_chinese_pages_with_much_code_stay_chinese():
    code = "function render(props) { return createElement(props.name); }\n"
    assert measured(code * 12 + MODERN * 3, "lang") == "zh-Hans"
    assert measured(code * 12 + MODERN * 3, "lang", han_weight=0.1) != "zh-Hans"


def test_without_a_model_shared_scripts_say_not_run():
    row = evidence("The captain says the wind is too strong today.", lid_model="none").row(0, named=True)
    assert (row["lang"], row["lang_score"], row["lang_not_run"]) == ("und", 0.0, True)


def test_the_packaged_model_tells_languages_of_one_script():
    assert model_path("packaged") is not None, "the locked environment carries the model"
    texts = (
        "The captain says the wind is too strong today and nobody may sail.",
        "Der Kapitän sagt, dass der Wind heute zu stark ist und niemand segeln darf.",
        "Капитан говорит, что сегодня ветер слишком сильный и никто не выйдет в море.",
        "Le capitaine dit que le vent est trop fort aujourd'hui et que personne ne sort.",
    )
    assert evidence(*texts)["lang"].to_list() == ["en", "de", "ru", "fr"]


def test_a_missing_package_is_said_and_not_guessed_over(monkeypatch):
    monkeypatch.setattr(model, "PACKAGE", "a_package_that_nobody_has")
    assert model_path("packaged") is None
    assert measured("The captain says the wind is too strong.", "lang_not_run") is True
    assert [d["detector"] for d in detectors(QualitySettings())] == ["script-rule@1", "form@1"]


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A fastText model that knows two languages and calls them by private codes."""
    folder = tmp_path_factory.mktemp("lid")
    lines = ["__label__qaa the wind and the sea are strong", "__label__qab der wind und das meer sind stark"]
    (folder / "train.txt").write_text("\n".join(lines * 200), encoding="utf-8")
    # one thread initialises a tenth of the matrix; in a fresh process the rest is zeros, else what lay there before
    train = (
        "import fasttext, sys; fasttext.train_supervised(sys.argv[1], epoch=20, thread=1, verbose=0, dim=16,"
        " wordNgrams=2, bucket=600_000).save_model(sys.argv[2])"
    )
    target = folder / "small.bin"
    subprocess.run([sys.executable, "-c", train, str(folder / "train.txt"), str(target)], check=True)
    return target


def test_an_own_model_is_loaded_asked_and_named_by_its_digest(small_model):
    path = str(small_model)
    found = evidence("the wind and the sea", "das meer und der wind", MODERN, lid_model=path)
    assert found["lang"].to_list() == ["qaa", "qab", "zh-Hans"]
    named = [d for d in detectors(QualitySettings(lid_model=path)) if d["detector"].startswith("small.bin")]
    assert named[0]["sha256"] == hashlib.sha256(small_model.read_bytes()).hexdigest()


def test_an_uncertain_model_is_not_believed(small_model):
    path = str(small_model)
    assert measured("sea wind wind der", "lang", lid_model=path, lid_min_score=1.0) == "und"


def test_the_model_sees_only_the_start_of_a_text(small_model):
    text = "the wind and the sea are strong " * 2 + "der wind und das meer sind stark " * 40
    path = str(small_model)
    assert measured(text, "lang", lid_model=path, lid_chars=50) == "qaa"
    assert measured(text, "lang", lid_model=path, lid_chars=1000) == "qab"


def test_kana_make_a_text_japanese_from_the_set_share_on():
    text = MODERN + "の"
    assert measured(text, "lang") == "zh-Hans"
    assert measured(text, "lang", kana_share=0.01) == "ja"


def test_a_missing_or_broken_model_is_an_error_with_a_cure(tmp_path):
    with pytest.raises(SettingsError, match=r"does not exist(?s:.*)give the path"):
        evidence("text", lid_model=str(tmp_path / "none.bin"))
    (tmp_path / "broken.bin").write_bytes(b"not a model")
    with pytest.raises(SettingsError, match="not a fastText model"):
        evidence("some latin text", lid_model=str(tmp_path / "broken.bin"))


def test_detectors_name_the_packaged_model_with_licence_and_digest():
    found = {d["detector"]: d for d in detectors(QualitySettings())}
    packaged = found["lid.176.ftz@1"]
    assert packaged["licence"] == "CC-BY-SA-3.0" and len(packaged["sha256"]) == 64
    assert packaged["sha256"] == hashlib.sha256(model_path("packaged").read_bytes()).hexdigest()
    assert [d["detector"] for d in detectors(QualitySettings(lid_model="none"))] == [
        "script-rule@1",
        "form@1",
    ]


def test_a_setting_that_changes_findings_changes_the_digest():
    plain, other = detectors(QualitySettings()), detectors(QualitySettings(han_weight=1.0))
    assert plain[0]["sha256"] != other[0]["sha256"]
    assert detectors(QualitySettings()) == plain
