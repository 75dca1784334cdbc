"""Every figure on a sheet is recomputed from the manifest; both languages and both formats say the same."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
import sheet_manifests as made

from lineage import sheets

KINDS = ("shard", "release", "empty", "long", "odd-0", "odd-1", "odd-2", "odd-3", "odd-5")


@cache
def manifest_of(kind: str) -> dict[str, Any]:
    """Return an invented manifest, made once: tests that change one take it from `sheet_manifests`."""
    if kind == "shard":
        return made.shard()
    if kind == "empty":
        return made.shard(5, empty=True)
    if kind == "release":
        return made.release()
    return made.odd_manifests()[int(kind[4:])] if kind.startswith("odd") else made.long_release()


def render(manifest: dict[str, Any], lang: str, fmt: str = "html", answers: dict | None = None) -> str:
    digests = {sheets.manifest_path(manifest): "ab" * 32}
    return sheets.render(
        manifest,
        lang=lang,
        fmt=fmt,
        digests=digests,
        answers=answers,
        verify_command="hallmark verify release",
    )


class Page(HTMLParser):
    """Collects values with their pointers, and the text that stands outside of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: list[dict[str, str]] = []
        self.outside: list[str] = []
        self._open = ""
        self._mute = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        found = dict(attrs)
        if "data-field" in found:
            self.values.append({"kind": found["class"].split()[1], "text": "", **found})
            self._open = tag
        self._mute += tag in ("style", "script", "title")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""
        self._mute -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.values[-1]["text"] += data
        elif data.strip() and not self._mute:
            self.outside.append(data.strip())


@cache
def page_of(kind: str, lang: str) -> Page:
    """Return a sheet of an invented manifest as read; drawn once for all tests that only look at it."""
    return Page(render(manifest_of(kind), lang))


def resolve(node: Any, path: str) -> list[Any]:
    """An implementation of the pointer language of its own: the values a path leads to."""
    nodes = [node]
    for key in path.split("/")[1:]:
        for mark, code in ((" ", "%20"), (":", "%3A"), ("*", "%2A"), ("%", "%25")):
            key = key.replace(code, mark)
        key = key.replace("~1", "/").replace("~0", "~")
        below = []
        for n in nodes:
            if isinstance(n, list):
                below += n if key == "*" else [n[int(key)]]
            elif isinstance(n, dict) and key == "*":
                below += n.values()
            elif isinstance(n, dict) and key in n:
                below.append(n[key])
        nodes = below
    return nodes


def add_up(manifest: dict, formula: str) -> float:
    result = 0
    for term in formula.split():
        factor = -1 if term.startswith("-") else 1
        term = term.removeprefix("-")
        found = resolve(manifest, term.removeprefix("#"))
        result += factor * sum(len(f) if term[0] == "#" else f or 0 for f in found)
    return result


def plain_number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")


def expected_text(manifest: dict, value: dict[str, str]) -> str | None:
    """What a figure must read, from the manifest alone; None where the value is words."""
    kind, field = value["kind"], value["data-field"]
    if kind == "int":
        return f"{add_up(manifest, field):,}"
    if kind == "share":
        whole = add_up(manifest, value["data-of"])
        return f"{add_up(manifest, field) / whole * 100:.1f}%" if whole else "–"
    if kind == "number":
        return plain_number(resolve(manifest, field)[0])
    if kind == "bytes":
        size, unit = add_up(manifest, field), 0
        while size >= 1024:
            size, unit = size / 1024, unit + 1
        return f"{size:,.1f} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[unit]}" if unit else f"{size} B"
    if kind == "interval":
        figures = [plain_number(resolve(manifest, f)[0]) for f in field.split()]
        return figures[0] + (f" ({figures[1]}–{figures[2]})" if figures[1:] else "")
    return None


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_what_its_manifest_field_says(kind: str, lang: str) -> None:
    manifest = manifest_of(kind)
    page = page_of(kind, lang)
    checked = 0
    for value in page.values:
        expected = expected_text(manifest, value)
        if expected is None:
            continue
        checked += 1
        shown = re.sub(r"^[≤≥] ", "", value["text"])
        if shown in ("<0.1%", ">99.9%"):
            assert expected in ("0.0%", "0.1%", "99.9%", "100.0%")
        else:
            assert shown == expected, value
    assert checked > 60


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_word_taken_from_the_manifest_is_the_manifests_own(kind: str, lang: str) -> None:
    manifest = manifest_of(kind)
    for value in page_of(kind, lang).values:
        found = resolve(manifest, value["data-field"].split()[0].removeprefix("#").removeprefix("-"))
        if value["kind"] in ("text", "digest"):
            assert value["text"] == found[0]
        elif value["kind"] in ("code", "status"):
            assert value["data-value"] == str(found[0]).lower() if isinstance(found[0], bool) else found[0]
        elif value["kind"] == "json":
            assert json.loads(value["text"]) == found[0]
        elif value["kind"] == "key":  # a year: the last key of its field, or the field itself
            year = value["data-field"].rsplit("/", 1)[1]
            assert value["text"] in (year, str(found[0])) or year == "unknown"
        elif value["kind"] == "list":
            assert value["text"] == ", ".join(found[0])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_figure_stands_outside_a_pointer(kind: str, lang: str) -> None:
    manifest = manifest_of(kind)
    fixed = {entry[lang] for entry in made.fixed_words()} | made.coded_words(lang)
    given = {"ab" * 32, sheets.manifest_path(manifest), "hallmark verify release"}
    for text in page_of(kind, lang).outside:
        if re.search(r"\d", text) and text not in given | fixed:
            params = re.fullmatch(r"[a-z_0-9]+", text)  # the name of a setting
            assert params or any(phrase in text for phrase in fixed if re.search(r"\d", phrase)), text


FIGURES = {"int", "share", "number", "bytes", "interval"}  # recomputed by `expected_text`
WORDS = {"text", "digest", "code", "status", "json", "key", "list"}  # compared with the manifest's own words
OTHERS = {"span": "dates of a source", "rest": "rows beyond the cap", "grade": "a word", "absent": "a phrase"}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_number_escapes_the_two_tests_above(kind: str, lang: str) -> None:
    manifest = manifest_of(kind)
    values = page_of(kind, lang).values
    assert {v["kind"] for v in values} <= FIGURES | WORDS | set(OTHERS)
    numbers = [v for v in values if re.search(r"\d", v["text"])]
    checked = [v for v in numbers if v["kind"] in FIGURES | WORDS]
    left = [v for v in numbers if v not in checked]
    assert {v["kind"] for v in left} <= {
        "span",
        "rest",
    }  # dates as stated, and the count of what a cap left out
    for value in (v for v in left if v["kind"] == "span"):
        assert value["text"] == " – ".join(resolve(manifest, f)[0] for f in value["data-field"].split())
    assert len(checked) + len(left) == len(numbers) > 60


@pytest.mark.parametrize("kind", KINDS)
def test_sheets_made_together_are_those_made_one_by_one(kind: str) -> None:
    manifest = manifest_of(kind)
    given = {
        "digests": {sheets.manifest_path(manifest): "ab" * 32},
        "answers": None,
        "verify_command": "hallmark verify",
    }
    one_by_one = {
        f"{lang}.{fmt}": sheets.render(manifest, lang=lang, fmt=fmt, **given)
        for lang in ("zh", "en")
        for fmt in ("html", "md")
    }
    assert sheets.render_all(manifest, **given) == one_by_one and len(set(one_by_one.values())) == 4


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_rows_beyond_the_cap_are_counted_and_summed(lang: str) -> None:
    manifest = manifest_of("long")
    values = page_of("long", lang).values
    rest = {v["data-field"]: v["text"] for v in values if v["kind"] == "rest"}
    assert set(rest) == {"#/licences", "#/shards"}
    assert re.findall(r"\d+", rest["#/licences"]) == ["133"] and re.findall(r"\d+", rest["#/shards"]) == [
        "59"
    ]
    shown = [v for v in values if re.fullmatch(r"/licences/\d+/docs", v["data-field"]) and v["kind"] == "int"]
    left = next(v for v in values if v["data-field"].startswith("/licences/*/docs -") and v["kind"] == "int")
    total = sum(int(v["text"].replace(",", "")) for v in [*shown, left])
    assert len(shown) == 200 and total == sum(x["docs"] for x in manifest["licences"])


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_print_the_same_figures_from_the_same_fields(kind: str) -> None:
    def figures(lang: str) -> list[tuple[str, ...]]:
        kinds = ("int", "share", "number", "bytes", "interval", "digest", "json", "list")
        values = [v for v in page_of(kind, lang).values if v["kind"] in kinds]
        return sorted((v["data-field"], v.get("data-of", ""), v["text"]) for v in values)

    assert figures("zh") == figures("en")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_markdown_prints_the_figures_of_the_html(kind: str, lang: str) -> None:
    manifest = manifest_of(kind)
    numbers = re.compile(r"\d[\d,]*\.?\d*%?")
    markdown = html.unescape(re.sub(r"\\(.)", r"\1", render(manifest, lang, "md")))
    for value in page_of(kind, lang).values:
        if value["kind"] in ("int", "share", "number", "bytes", "interval"):
            for figure in numbers.findall(value["text"]):
                assert figure in markdown, value


def test_books_that_do_not_close_are_said_so_in_both_languages() -> None:
    manifest = made.shard()
    manifest["flow"]["kept"] -= 1
    assert "The books do not close" in render(manifest, "en")
    assert "账目不平衡" in render(manifest, "zh")
    assert "The books close" in render(made.shard(), "en")


def test_reasons_that_do_not_add_up_to_their_disposition_open_the_books() -> None:
    manifest = made.shard()
    manifest["reasons"][2]["docs"] += 1
    assert "The books do not close" in render(manifest, "en")


def test_a_count_that_was_not_taken_never_reads_as_nought() -> None:
    manifest = made.shard()
    row = next(r for r in manifest["screen"] if r["status"] == "not_run")
    row["docs"] = None
    at = f"/screen/{manifest['screen'].index(row)}/docs"
    cell = next(v for v in Page(render(manifest, "en")).values if v["data-field"] == at)
    assert cell["text"] == "not counted"


def test_a_technical_pass_rate_stands_beside_recall_and_the_corrected_share() -> None:
    manifest = made.odd_manifests()[1]
    found = {v["data-field"]: v["text"] for v in Page(render(manifest, "en")).values}
    recall = found["/technical/recall/0 /technical/recall/1 /technical/recall/2"]
    corrected = found["/technical/corrected/share /technical/corrected/low /technical/corrected/high"]
    rate = found["/technical/pass_rate /technical/interval95/0 /technical/interval95/1"]
    # 57 of 2,436 flagged; (0.0234 - 0.01) / (0.62 - 0.01)
    assert (rate[:6], recall, corrected[:6]) == ("0.9766", "0.62 (0.57–0.66)", "0.022 ")
    assert found["/technical/read"] == "2,436" and found["/technical/not_read"] == "93"


def test_a_technical_audit_without_measured_recall_corrects_nothing() -> None:
    found = {v["data-field"]: v["text"] for v in Page(render(made.odd_manifests()[3], "en")).values}
    for field in ("/technical/recall", "/technical/fpr", "/technical/corrected/share"):
        assert found[field] == "not measured"


def test_a_technical_audit_that_did_not_run_says_so_in_both_languages() -> None:
    manifest = made.odd_manifests()[2]
    for lang, words in (("en", "not run"), ("zh", "未运行")):
        found = {v["data-field"]: v["text"] for v in Page(render(manifest, lang)).values}
        assert found["/technical"].startswith(words)


def test_a_gate_over_a_draw_prints_its_interval() -> None:
    manifest = made.release()
    manifest["gates"][2]["interval95"] = [0.9812, 0.9967]
    field = "/gates/2/measured /gates/2/interval95/0 /gates/2/interval95/1"
    shown = [v["text"] for v in Page(render(manifest, "en")).values if v["data-field"] == field]
    assert shown == ["0.9912 (0.9812–0.9967)"] * 2


@pytest.mark.parametrize(
    ("lang", "line"), [("en", "Names of persons were not screened"), ("zh", "人名未筛查")]
)
def test_a_sheet_says_that_names_were_not_screened_unless_a_detector_looks_for_them(
    lang: str, line: str
) -> None:
    manifest = manifest_of("shard")
    assert line in render(manifest, lang) and line in render(manifest, lang, "md")
    stages = [dict(stage) for stage in manifest["stages"]]
    stages[-1]["detectors"] = [{**stages[-1]["detectors"][0], "codes": ["CN_MOBILE", "PERSON"]}]
    assert line not in render({**manifest, "stages": stages}, lang)
