"""The scores of labelled chats: by language, and without labels that name another value than they mark."""

from benchmarks import pii


def row(text: str, kind: str, start: int, end: int, lang: str) -> dict:
    """Return a row of a labelled set with one span."""
    return {
        "text": text,
        "lang": lang,
        "expect": True,
        "type": None,
        "spans": [{"type": kind, "start": start, "end": end}],
    }


def test_recall_is_told_by_language_and_impossible_labels_are_counted_apart():
    rows = [
        row("call 154-0000-1234", "phone", 5, 18, "en"),
        row("手机15400001234", "phone", 2, 13, "zh"),
        row("a@example.com", "email", 0, 13, "zh+en"),
        row("call 154-0000-1234", "email", 5, 18, "en"),
        row("id 123-45-6789", "phone", 3, 14, "en"),
    ]
    hits = [[("PHONE_NUMBER", 5, 18)], [], [("EMAIL_ADDRESS", 0, 13)], [], []]
    scores = pii.expect_scores(rows, hits)
    assert {k: (v["value"], v["n"]) for k, v in scores["recall"].items()} == {
        "en: phone": (1.0, 1),
        "zh: phone": (0.0, 1),
        "other: email": (1.0, 1),
    }
    assert scores["labels_that_cannot_be"] == {"email": 1, "phone": 1}
