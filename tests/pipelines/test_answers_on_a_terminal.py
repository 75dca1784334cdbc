"""What documents hold cannot steer the terminal of those who ask about them."""

from __future__ import annotations

from pipelines.project import PartRef
from pipelines.questions import _removed_lines
from pipelines.tracing import _lines

CLEAR_SCREEN, RIGHT_TO_LEFT = "\x1b[2J", "\u202e"
ROW = {
    "doc_id": bytes(32),
    "file": f"a{CLEAR_SCREEN}.txt",
    "record": 3,
    "disposition": "removed",
    "reason": "poisoned",
    "rule": "hidden-text",
    "stage": "screen",
    "score": None,
    "keeper": None,
    "jaccard": None,
}


def test_a_removed_text_shows_its_control_characters_instead_of_sending_them():
    shown = _removed_lines(
        PartRef("web", "p-0000"), ROW | {"text": f"one\u3000{CLEAR_SCREEN}\n\ttwo{RIGHT_TO_LEFT}\r"}
    )
    assert not {"\x1b", RIGHT_TO_LEFT, "\r", "\n"} & set("".join(shown))
    assert shown[-2].startswith("one\u3000")
    assert shown[-1].startswith("    two")


def test_a_trace_shows_control_characters_of_titles_and_addresses_instead_of_sending_them():
    shown = _lines({"title": f"x{CLEAR_SCREEN}", "origin": {"url": f"y{RIGHT_TO_LEFT}\nz: forged"}}, 0)
    assert len(shown) == 3
    assert not {"\x1b", RIGHT_TO_LEFT, "\n"} & set("".join(shown))
