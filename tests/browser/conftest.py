"""Starts Debian's chromium once; pages may read local files and nothing else."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_watch import watch
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "lineage"))

ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("chromium is not installed: `apt-get install chromium` (Debian)")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=ARGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A desktop page; a request that is not for a local file, a dialog or a script error fails the test."""
    tab = chromium.new_page(viewport={"width": 1280, "height": 800})
    trouble = watch(tab)
    yield tab
    tab.close()
    assert trouble == []
