"""The person-written part: the questions, and the answers from datasheet.yaml with author and date."""

from __future__ import annotations

from typing import Any

from lineage.errors import SettingsError
from lineage.sheets.model import Answer, Answers
from lineage.sheets.reader import Reader, catalogue

LANGUAGES = ("zh", "en")
FIELDS = (*LANGUAGES, "author", "date")


def questions() -> dict[str, dict[str, str]]:
    """Return every question a person should answer: id to {chapter, zh, en}, in the order of the sheet."""
    return catalogue("questions")


def check(answers: dict[str, Any] | None) -> None:
    """Raise SettingsError when an answer names no question, lacks author or date, or says nothing."""
    for key, answer in (answers or {}).items():
        where = f"datasheet.yaml: {key}"
        if key not in questions():
            raise SettingsError(
                "no such question", where=where, cure="`hallmark sheet questions` lists the ids"
            )
        if not isinstance(answer, dict) or set(answer) - set(FIELDS):
            raise SettingsError("an answer has the fields zh, en, author and date", where=where)
        if not any(str(answer.get(lang) or "").strip() for lang in LANGUAGES):
            raise SettingsError(
                "the answer is empty", where=where, cure="write zh or en, or remove the entry"
            )
        for name in ("author", "date"):
            if not answer.get(name):
                raise SettingsError(f"the answer lacks its {name}", where=where, cure=f"add `{name}:`")


def chapter(read: Reader, answers: dict[str, Any] | None, name: str) -> Answers:
    """Return the questions of one chapter with their answers."""
    return Answers(
        [_answer(read, answers or {}, key) for key, q in questions().items() if q["chapter"] == name]
    )


def unanswered(answers: dict[str, Any] | None) -> list[str]:
    """Return the ids of the questions that nobody answered."""
    return [key for key in questions() if key not in (answers or {})]


def _answer(read: Reader, answers: dict[str, Any], key: str) -> Answer:
    question, answer = questions()[key], answers.get(key)
    if not answer:
        return Answer(key, question[read.lang], "", "", "")
    other = LANGUAGES[1 - LANGUAGES.index(read.lang)]
    own = str(answer.get(read.lang) or "").strip()
    text = own or str(answer[other]).strip()
    remark = "" if own else read.say(f"answer.only_{other}")
    by = read.say("answer.by", author=str(answer["author"]), date=str(answer["date"]))
    return Answer(key, question[read.lang], text, by, remark)
