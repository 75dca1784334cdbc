"""Reading a data sheet in a real browser: first screen, pointers, languages, phone, dark, print, attacks."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sheet_manifests as made
from browser_watch import watch
from playwright.sync_api import Browser, Page, expect

from lineage import sheets

pytestmark = pytest.mark.browser

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>\u202e"
ESSENTIALS = (
    ".grade",
    "#glance figure tbody tr:first-child",
    "#glance .sha",
    "#glance .command",
    "#glance .notes li",
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sheets as a release has it."""
    folder = tmp_path_factory.mktemp("release")
    shards = [made.shard(1), made.shard(2), made.shard(5, "law-en", empty=True)]
    for manifest in shards:
        write(folder, manifest, f"{manifest['source']['id']}/{manifest['part']}")
    write(folder, made.release(shards), "release")
    return folder


def write(folder: Path, manifest: dict[str, Any], name: str, answers: dict | None = None) -> None:
    path = sheets.manifest_path(manifest)
    content = json.dumps(manifest).encode("utf-8", "surrogatepass")
    digests = {path: hashlib.sha256(content).hexdigest()}
    for lang in ("zh", "en"):
        text = sheets.render(
            manifest,
            lang=lang,
            fmt="html",
            digests=digests,
            answers=answers,
            verify_command="hallmark verify release",
        )
        target = folder / f"sheets/{name}.{lang}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)


def sheet(release: Path, lang: str, kind: str) -> str:
    name = "release" if kind == "release" else next((release / "sheets/wiki-zh").glob("*.zh.html")).name[:-8]
    return (release / "sheets" / ("" if kind == "release" else "wiki-zh") / f"{name}.{lang}.html").as_uri()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["shard", "release"])
def test_the_first_screen_answers_before_scrolling(page: Page, release: Path, kind: str, lang: str) -> None:
    page.goto(sheet(release, lang, kind))
    for essential in ESSENTIALS:
        box = page.locator(essential).first.bounding_box()
        assert box and box["y"] + box["height"] <= 800, essential


def test_a_clicked_figure_leads_to_its_file_field_and_digest(page: Page, release: Path) -> None:
    page.goto(sheet(release, "en", "shard"))
    figure = page.locator("[data-field='/pii/1/found']")
    figure.click()
    pointer = page.locator("#pointer")
    expect(pointer).to_be_visible()
    path = pointer.locator(".file").inner_text()
    content = (release / path).read_bytes()
    assert pointer.locator(".sum").inner_text() == "sha256:" + hashlib.sha256(content).hexdigest()
    assert pointer.locator("code.field").inner_text() == "/pii/1/found"
    assert figure.inner_text() == f"{json.loads(content)['pii'][1]['found']:,}"
    page.keyboard.press("Escape")
    expect(pointer).to_be_hidden()


def test_a_figure_is_reached_by_keyboard_alone(page: Page, release: Path) -> None:
    page.goto(sheet(release, "en", "release"))
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.field") == "/flow/removed":
            break
    expect(page.locator("#pointer code.field")).to_have_text("/flow/removed")


def test_a_sum_shows_its_terms(page: Page, release: Path) -> None:
    page.goto(sheet(release, "en", "release"))
    page.locator("[data-field='/flow/kept /flow/redacted']").first.click()
    expect(page.locator("#pointer code.field")).to_have_text("/flow/kept + /flow/redacted")


def test_the_language_switch_leads_to_the_same_sheet(page: Page, release: Path) -> None:
    page.goto(sheet(release, "zh", "shard"))
    figures = page.locator(".figures data").all_inner_texts()
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.locator(".figures data").all_inner_texts() == figures
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_from_the_release_to_a_shard_and_back(page: Page, release: Path) -> None:
    page.goto(sheet(release, "en", "release"))
    link = page.locator("#lineage a[href^='wiki-zh/']").first
    part = link.inner_text()
    link.click()
    expect(page.locator("h1")).to_have_text(part)
    page.get_by_role("link", name="The whole release").click()
    expect(page.locator("h1")).to_have_text("Demo corpus")


def test_every_chapter_in_the_contents_exists(page: Page, release: Path) -> None:
    page.goto(sheet(release, "zh", "release"))
    for href in page.locator("nav a").evaluate_all("links => links.map(a => a.getAttribute('href'))"):
        assert page.locator(href).count() == 1, href


def test_a_sheet_reads_without_script(chromium: Browser, release: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(sheet(release, "en", "shard"))
    expect(tab.locator("p.grade")).to_have_text("screened")
    expect(tab.locator("#pointer")).to_be_hidden()
    assert tab.locator("#screening tbody tr").count() == len(made.CODES)
    context.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["shard", "release"])
@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_sticks_out_on_a_narrow_screen(
    chromium: Browser, release: Path, kind: str, lang: str, width: int
) -> None:
    tab = chromium.new_page(viewport={"width": width, "height": 800})
    tab.goto(sheet(release, lang, kind))
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


CONTRAST = """() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
      .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(c) && c !== "transparent") return c; } return "rgb(255, 255, 255)"; };
  const low = {};
  for (const e of document.querySelectorAll("main *, header *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || e.closest("svg")) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) ;
    if (ratio < 4.5) low[e.tagName + "." + e.className] = ratio.toFixed(2);
  }
  return low; }"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(chromium: Browser, release: Path, scheme: Any) -> None:
    tab = chromium.new_page(color_scheme=scheme)
    tab.goto(sheet(release, "en", "release"))
    shade = [
        int(n) for n in re.findall(r"\d+", tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    ]
    assert (max(shade) < 60) == (scheme == "dark")
    assert tab.evaluate(CONTRAST) == {}
    tab.close()


def test_chinese_letters_are_drawn_and_not_boxes(page: Page, release: Path) -> None:
    page.goto(sheet(release, "zh", "release"))
    drawn = page.evaluate(
        """() => ["审", "核", "账"].map(letter => {
        const c = document.createElement("canvas").getContext("2d");
        c.font = "40px " + getComputedStyle(document.body).fontFamily; c.fillText(letter, 9, 60);
        return c.getImageData(0, 0, 80, 80).data.join(); })"""
    )
    assert len(set(drawn)) == 3


def test_print_shows_what_the_screen_folds_and_drops_what_only_a_screen_needs(
    page: Page, release: Path
) -> None:
    page.goto(sheet(release, "en", "shard"))
    folded = page.locator("details dl, details li").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    expect(page.locator("nav")).to_be_hidden()
    assert page.pdf()[:5] == b"%PDF-"


def test_the_bars_are_as_long_as_their_figures(page: Page, release: Path) -> None:
    page.goto(sheet(release, "en", "release"))
    rows = (
        page.locator("#flow figure.table")
        .first.locator("tbody tr")
        .evaluate_all(
            """rows => rows.map(r => [Number(r.querySelector("data.int").dataset.value),
        r.querySelector("rect").getBoundingClientRect().width])"""
        )
    )
    longest = rows[0]
    assert len(rows) > 5
    for docs, width in rows:
        assert width == pytest.approx(longest[1] * docs / longest[0], abs=1.5)


def test_a_hostile_manifest_runs_nothing_and_changes_no_direction(page: Page, tmp_path: Path) -> None:
    manifest = made.shard()
    manifest["source"]["title"] = manifest["source"]["licence"] = manifest["gates"][0]["id"] = ATTACK
    manifest["reasons"][0]["reason"] = manifest["screen"][0]["code"] = manifest["screen"][0]["status"] = (
        ATTACK
    )
    manifest["known_limits"]["en"] = [ATTACK]
    answers = {"purpose-why": {"en": ATTACK, "author": ATTACK, "date": ATTACK}}
    write(tmp_path, manifest, "x", answers)
    page.goto((tmp_path / "sheets/x.en.html").as_uri())
    assert page.locator("img, main script, svg[onload]").count() == 0
    assert "\u202e" not in page.content()
    page.locator("#limits data").first.click()
    expect(page.locator("#pointer b")).to_contain_text("<script>alert(1)</script>")


def test_a_script_that_slipped_in_would_not_run(chromium: Browser, release: Path, tmp_path: Path) -> None:
    """The page's own policy is a second wall: inline script other than its own is refused by the browser."""
    text = next((release / "sheets/wiki-zh").glob("*.en.html")).read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(
        text.replace("<main>", "<main><script>window.slipped = 1</script>", 1), encoding="utf-8"
    )
    tab = chromium.new_page()
    trouble = watch(tab)
    tab.goto(broken.as_uri())
    assert tab.evaluate("window.slipped") is None
    assert any("Content Security Policy" in line for line in trouble)
    tab.close()
