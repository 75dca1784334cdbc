"""What a page must never do, collected while it is open."""

from __future__ import annotations

from playwright.sync_api import Page


def watch(tab: Page) -> list[str]:
    """Return a list that fills with everything a sheet must never do."""
    trouble: list[str] = []
    tab.on("request", lambda r: None if r.url.startswith("file:") else trouble.append(r.url))
    tab.on("dialog", lambda d: (trouble.append(d.message), d.dismiss()))
    tab.on("pageerror", lambda e: trouble.append(str(e)))
    tab.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    return trouble
