"""Chinese sheets on a machine that has no Chinese font: every letter of a fixed phrase is drawn."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sheet_manifests as made
from conftest import ARGS
from playwright.sync_api import Browser

from lineage import sheets

pytestmark = pytest.mark.browser

#: Draws each letter, and a private-use letter that no font has, and tells which look the same as that one.
BOXES = """letters => { const family = getComputedStyle(document.body).fontFamily;
  const drawn = letter => { const c = document.createElement("canvas"); c.width = c.height = 60;
    const t = c.getContext("2d", {willReadFrequently: true}); t.font = "40px " + family; t.fillText(letter, 8, 46);
    return t.getImageData(0, 0, 60, 60).data.join(); };
  const box = drawn("\\uE123"), blank = drawn(" ");
  return letters.filter(l => [box, blank].includes(drawn(l))); }"""


@pytest.fixture(scope="module")
def no_chinese_font(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A chromium whose fontconfig knows one Latin font only (with none at all it does not run)."""
    folder = tmp_path_factory.mktemp("fonts")
    ask = ["fc-match", "-f", "%{file}", "DejaVu Sans"]
    latin = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout)
    shutil.copy(latin, folder / latin.name)
    config = folder / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>", encoding="utf-8"
    )
    env = {**os.environ, "FONTCONFIG_FILE": str(config)}
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"), args=ARGS.split(), env=env
    )
    yield browser
    browser.close()


def letters() -> list[str]:
    words = "".join(entry["zh"] for entry in made.fixed_words())
    return sorted({c for c in words if "\u4e00" <= c <= "\u9fff"})


def boxes(browser: Browser, path: Path) -> list[str]:
    tab = browser.new_page()
    tab.goto(path.as_uri())
    tab.evaluate("document.fonts.ready.then(() => true)")
    found = tab.evaluate(BOXES, letters())
    tab.close()
    return found


def test_every_letter_of_a_fixed_phrase_is_drawn_without_a_chinese_font(
    no_chinese_font: Browser, tmp_path: Path
) -> None:
    manifest = made.shard()
    digests = {sheets.manifest_path(manifest): "ab" * 32}
    text = sheets.render(
        manifest, lang="zh", fmt="html", digests=digests, answers=None, verify_command="hallmark verify ."
    )
    page, index = tmp_path / "sheet.html", tmp_path / "index.html"
    page.write_text(text, encoding="utf-8")
    index.write_text(sheets.site([manifest], lang="zh", title="x"), encoding="utf-8")
    assert len(letters()) > 500
    assert boxes(no_chinese_font, page) == boxes(no_chinese_font, index) == []
    bare = tmp_path / "bare.html"
    bare.write_text(text.replace("@font-face", "@none"), encoding="utf-8")
    assert len(boxes(no_chinese_font, bare)) == len(letters())  # the test sees boxes where there are some
