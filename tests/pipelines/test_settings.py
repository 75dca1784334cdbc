"""Settings: typed, documented, and every error points at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from lineage.errors import SettingsError
from pipelines.params_file import params_text
from pipelines.settings import Params, load_params, reference

RELEASE = 'release:\n  title: {zh: 题, en: t}\n  as_of: "2026-11-01"\n'


def load(tmp_path: Path, text: str) -> Params:
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    return load_params(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (RELEASE + "dedup:\n  treshold: 0.8\n", 5, "unknown setting"),
        (RELEASE + "dedup:\n  threshold: 1.8\n", 5, "less than or equal to 1"),
        (RELEASE + "executor:\n  workers: -1\n", 5, "greater than or equal to 0"),
        ("release:\n  id: My Corpus\n" + RELEASE.removeprefix("release:\n"), 2, "pattern"),
        ("dedup: {}\n", 1, "required setting is missing"),
        (RELEASE + "dedup:\n threshold: [\n", 6, "not valid YAML"),
    ],
)
def test_an_error_names_file_line_field_and_cure(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert f"params.yaml:{line}" in str(caught.value)
    assert words in str(caught.value)
    assert "->" in str(caught.value)


def test_an_unknown_setting_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="threshold"):
        load(tmp_path, RELEASE + "dedup:\n  treshold: 0.8\n")


def test_no_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="hallmark init"):
        load_params(tmp_path)


def test_the_written_file_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    params = load(tmp_path, RELEASE)
    assert load(tmp_path, params_text(params)) == params


def test_the_written_file_names_every_setting(tmp_path: Path) -> None:
    text = params_text(load(tmp_path, RELEASE))
    for name, *_ in reference():
        leaf = name.rpartition(".")[2]
        assert f" {leaf}:" in text or f'"{leaf}":' in text, name


def test_every_setting_has_a_description() -> None:
    def bare(model: type[BaseModel], prefix: str = "") -> list[str]:
        out = []
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                out += bare(field.annotation, f"{prefix}{name}.")
            elif not field.description:
                out.append(prefix + name)
        return out

    assert bare(Params) == []
