"""Nothing in a manifest or an answer can become markup, script, a link or an invisible mark; bytes repeat."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from html.parser import HTMLParser
from typing import Any

import pytest
import sheet_manifests as made
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sheets_facts import render

from lineage import sheets
from lineage.card import card
from lineage.sheets import formula, safe

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</style><script>1</script>",
    "[x](javascript:alert(1))",
    "`</code>`<b>|**_x_**",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
)


class Elements(HTMLParser):
    """Collects element names and attribute names of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src")]


def poisoned(node: Any, attack: str) -> Any:
    """The manifest with every free string replaced; ids that are paths keep their shape."""
    if isinstance(node, dict):
        return {k: v if k == "schema" else poisoned(v, attack) for k, v in node.items()}
    if isinstance(node, list):
        return [poisoned(v, attack) for v in node]
    return attack if isinstance(node, str) else node


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("make", [made.shard, made.release])
def test_no_text_of_a_manifest_becomes_markup(make: Any, attack: str) -> None:
    clean, manifest = Elements(render(make(), "en")), poisoned(make(), attack)
    answers = {
        key: {"zh": attack, "en": attack, "author": attack, "date": attack} for key in sheets.questions()
    }
    page = Elements(render(manifest, "en", answers=answers))
    assert page.tags <= clean.tags | {"p"} and page.attributes <= clean.attributes
    assert not [link for link in page.links if ":" in link or link.startswith("//")]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_of_a_manifest_becomes_markdown(attack: str) -> None:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    for text in (
        render(poisoned(made.release(), attack), "en", "md"),
        card(poisoned(made.release(), attack)),
    ):
        tokens = [
            t for block in reader.parse(text.split("---\n", 2)[-1]) for t in (block, *(block.children or ()))
        ]
        kinds = {t.type for t in tokens}
        html = [t.content for t in tokens if t.type.startswith("html")]
        assert all(part in ('<a id="licences">', "</a>") for part in html), html
        hrefs = [str(t.attrGet("href")) for t in tokens if t.type == "link_open"]
        assert all(href.startswith("sheets/release.") for href in hrefs), hrefs
        assert "image" not in kinds and "em_open" not in kinds


@pytest.mark.parametrize(
    "mark", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\ud800", "\U000e0041", "\ufeff"]
)
@pytest.mark.parametrize("fmt", ["html", "md"])
def test_invisible_and_direction_characters_are_shown_by_number(mark: str, fmt: str) -> None:
    manifest = made.shard()
    manifest["source"]["title"] = f"a{mark}b"
    page = render(manifest, "en", fmt)
    page.encode("utf-8")
    assert mark not in page and f"U+{ord(mark):04X}" in page


@given(st.text())
def test_visible_text_is_encodable_and_stays_when_harmless(text: str) -> None:
    shown = safe.visible(text)
    shown.encode("utf-8")
    assert safe.visible(shown) == shown
    if text.isalnum() and text.isascii():
        assert shown == text


@given(st.text(alphabet="`|\\a \n", max_size=20))
def test_a_code_span_gives_back_its_text(text: str) -> None:
    from markdown_it import MarkdownIt

    content = safe.visible(text).strip()
    if not content or "|" in content:
        return
    tokens = MarkdownIt("commonmark").parseInline("x" + safe.code_span(content))[0].children or []
    assert [t.content for t in tokens if t.type == "code_inline"] == [content]


def test_equal_inputs_give_equal_bytes_in_another_process() -> None:
    code = (
        "import sys, json, hashlib; sys.path.insert(0, sys.argv[1]); import sheet_manifests as m;"
        "from test_sheets_facts import render; from lineage.card import card;"
        "forms = [(l, f) for l in ('zh', 'en') for f in ('html', 'md')];"
        "out = ''.join(render(x, l, f) for x in (m.shard(), m.release()) for l, f in forms);"
        "print(hashlib.sha256((out + card(m.release())).encode()).hexdigest())"
    )
    here = os.path.dirname(made.__file__)  # noqa: PTH120
    prints = {
        subprocess.run(
            [sys.executable, "-c", code, here],
            env={**os.environ, "PYTHONHASHSEED": seed, "LANG": "C", "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }
    assert len(prints) == 1 and len(prints.pop()) == 65


def test_rendering_leaves_the_manifest_as_it_was() -> None:
    manifest = made.release()
    before = copy.deepcopy(manifest)
    render(manifest, "zh")
    card(manifest)
    assert manifest == before


def test_the_order_of_keys_in_a_manifest_changes_nothing() -> None:
    manifest = made.shard()
    turned = json.loads(json.dumps(manifest, sort_keys=True))
    assert render(manifest, "en") == render(turned, "en")


def test_a_sheet_costs_milliseconds() -> None:
    manifest = made.shard()
    render(manifest, "zh")
    best = min(_seconds(lambda: render(manifest, "zh")) for _ in range(5))
    assert best < 0.05


def _seconds(run: Any) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def test_the_page_asks_for_nothing_from_outside() -> None:
    page = render(made.release(), "en")
    elements = Elements(page)
    assert not {"link", "img", "iframe", "object", "form"} & elements.tags
    assert not [link for link in elements.links if "//" in link or link.startswith("data:")]
    assert "default-src &#39;none&#39;" in page and "url(" not in page and "@import" not in page


KEYS = st.text(min_size=1, max_size=8)
TREES = st.recursive(
    st.integers(-(2**40), 2**40),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(KEYS, below, max_size=4)),
    max_leaves=12,
)


def leaves(node: Any, at: str = "") -> list[tuple[str, int]]:
    if isinstance(node, dict):
        return [leaf for k, v in node.items() for leaf in leaves(v, f"{at}/{formula.token(k)}")]
    if isinstance(node, list):
        return [leaf for i, v in enumerate(node) for leaf in leaves(v, f"{at}/{i}")]
    return [(at, node)]


@settings(max_examples=200)
@given(TREES)
def test_every_leaf_is_found_by_its_pointer_whatever_its_keys(tree: Any) -> None:
    found = [(at, n) for at, n in leaves(tree) if at and "\n" not in at and at.split() == [at]]
    assert all(formula.get(tree, at) == n for at, n in found)
    assert formula.total(tree, " ".join(at for at, _ in found)) == sum(n for _, n in found)
    assert formula.total(tree, " ".join(f"-{at}" for at, _ in found)) == -sum(n for _, n in found)


def test_formulas_sum_count_slice_and_forgive_what_is_absent() -> None:
    tree = {"a": [{"n": 1}, {"n": 2}, {"n": None}, {}], "b": 10}
    assert formula.total(tree, "/a/*/n") == 3
    assert formula.total(tree, "/a/1:/n") == 2
    assert formula.total(tree, "/b -/a/*/n #/a") == 11
    assert formula.total(tree, "/c /a/9/n /b/x") == 0
    assert formula.get(tree, "/a/9/n") is None
