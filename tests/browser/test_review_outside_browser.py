"""From a release folder to a signed review in a real browser, by what the terminal and the page say alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines" / "review"))

import lone_release

from lineage import trust
from pipelines.review_desk.signing import check_file

pytestmark = pytest.mark.browser
PROGRAM = "from pipelines.cli import main; main()"


def command(words: list[str], folder: Path) -> subprocess.Popen:
    env = os.environ | {"HALLMARK_KEYS": str(folder / "own-keys"), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], cwd=folder, env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_from_a_release_folder_to_a_signed_review(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HALLMARK_TRUST", raising=False)
    release, public = lone_release.build(tmp_path, monkeypatch)
    before = lone_release.tree(release)
    words = ["review", "serve", "release", "--as", "r1", "--trust", str(public), "--no-browser"]
    run = command(words, tmp_path)
    told = ""
    for line in run.stdout or ():
        told += line
        if found := re.search(r"http://\S+", line):
            break
    assert found, told
    assert "an outside reading" in told
    context = chromium.new_context(locale="en-GB")
    page, trouble = context.new_page(), []
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on(
        "request",
        lambda r: None if r.url.startswith(("http://127.0.0.1", "data:")) else trouble.append(r.url),
    )
    page.goto(found[0])
    page.wait_for_selector("#text:not(:empty)")
    shown = ""
    for n, pressed in enumerate([["p"], ["2", "d"], ["p"], ["u"], ["p"], ["p"]], 1):
        shown += page.locator("#text").inner_text()
        for key in pressed:
            page.keyboard.press(key)
        if n < 6:
            expect(page.locator("#counts")).to_contain_text(f"{n} of 6")
    page.wait_for_selector("#done:not([hidden])")
    assert "<script>" in shown and "owned" not in page.title()
    context.close()
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=30)[0]
    step = re.search(r"`hallmark (review sign [^`]+)`", said)
    assert step and trouble == [], said
    signed = command(shlex.split(step[1]), tmp_path).communicate(timeout=60)[0]
    status = re.search(r"`hallmark (review status [^`]+)`", signed)
    assert status, signed
    report = command(shlex.split(status[1]), tmp_path).communicate(timeout=60)[0]
    assert "1 failures in 5 read: pass rate 80.00%" in report and "95 % interval" in report
    reviews = tmp_path / "release-reviews"
    lines = [json.loads(x) for x in (reviews / "r1.jsonl").read_text().splitlines()]
    assert [x["verdict"] for x in lines] == ["pass", "remove", "pass", "unsure", "pass", "pass"]
    key = (tmp_path / "own-keys" / "reviewer-r1.pem.pub").read_text()
    vouched = trust.parse(trust.trust_file([trust.trust_entry(key, "reviewer")]))
    assert check_file(reviews / "r1.jsonl", vouched).state == "signed"
    assert lone_release.tree(release) == before
