"""The examples of docs/extending.md do what the page says, each in under 40 lines."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")


def block(after: str, language: str) -> str:
    section = PAGE.split(f"## {after}\n", 1)[1].split("\n## ", 1)[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.S)[1]


def run(code: str) -> dict:
    names: dict = {}
    exec(compile(code, "docs/extending.md", "exec"), names)
    return names


@pytest.mark.parametrize(
    ("section", "language"),
    [("A reader", "python"), ("A detector", "yaml"), ("A policy", "yaml"), ("An export", "python")],
)
def test_each_example_is_under_40_lines(section: str, language: str) -> None:
    assert len(block(section, language).splitlines()) < 40


def test_the_reader_reads(tmp_path: Path) -> None:
    from stages.ingest.settings import IngestSettings

    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nGood evening.\n", encoding="utf-8")
    read = run(block("A reader", "python"))["read_subtitles"]
    (batch,) = read(path, "a.srt", "", IngestSettings())
    assert batch.text == ["Good evening.\n"]
    path.write_bytes(b"\xff\xfe\xff")
    (broken,) = read(path, "a.srt", "", IngestSettings())
    assert broken.errors() == ["bad-encoding"]


def test_the_lexicon_is_found_and_fires(tmp_path: Path) -> None:
    from stages.screen import ScreenSettings, scan

    (tmp_path / "spam.yaml").write_text(block("A detector", "yaml"), encoding="utf-8")
    found = scan(
        ["限时抢购,加微信。", "Act now: click here.", "A quiet day."],
        ScreenSettings(operator_lexicons=str(tmp_path)),
    )
    hits = {row["text"] for row in found.to_dicts() if row["code"] == "A.3-e"}
    assert hits == {0, 1}


def test_the_policy_is_valid(tmp_path: Path) -> None:
    from stages.decide.policy import load_policy

    path = tmp_path / "house-rules.yaml"
    path.write_text(block("A policy", "yaml"), encoding="utf-8")
    assert [r.id for r in load_policy(path).rules] == ["spam", "licence", "short"]


def test_the_export_writes(tmp_path: Path) -> None:
    names = run(block("An export", "python"))
    release = SimpleNamespace(dataset={"id": "demo"}, manifest={"languages": [{"code": "en", "docs": 1200}]})
    assert b"en: 1,200 documents" in names["languages"](release).markdown()
