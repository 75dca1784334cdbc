"""Take the README's pictures: python tools/screenshot.py RELEASE docs/img (Debian's chromium, no window)."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
PICTURES = {"sheet.png": "sheets/release.en.html", "sheet.zh.png": "sheets/release.zh.html"}


def main(release: Path, folder: Path) -> None:
    """Write one PNG per picture: the first screen of a sheet at 1280 x 900."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, sheet in PICTURES.items():
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto((release / sheet).resolve().as_uri())
            page.screenshot(path=folder / name)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
