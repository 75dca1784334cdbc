"""The review desk in a real browser: read by keyboard, crash and resume, two readers, hostile documents."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines" / "review"))

import desk_project as made

from pipelines.project import Project
from pipelines.review_desk import report
from pipelines.review_desk.desk import Desk
from pipelines.review_desk.draws import load_items
from pipelines.review_desk.server import DeskServer

pytestmark = pytest.mark.browser


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    return made.copied(tmp_path_factory.getbasetemp(), tmp_path / "project")


@contextmanager
def tab(browser: Browser, link: str, **more) -> Iterator[Page]:
    """Open a link in a browser of its own; a foreign request, a dialog or a script error fails the test."""
    context = browser.new_context(viewport={"width": 1360, "height": 860}, **({"locale": "en-GB"} | more))
    page, trouble, home = context.new_page(), [], link.partition("?")[0]
    page.on("request", lambda r: None if r.url.startswith((home, "data:")) else trouble.append(r.url))
    page.on("dialog", lambda d: (trouble.append(d.message), d.dismiss()))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.goto(link)
    yield page
    context.close()
    assert trouble == []


@pytest.fixture
def desk(project: Project, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a desk (draw, person, role) and the page on it."""
    with ExitStack() as stack:

        def opened(draw: str = "audit", who: str = "r1", role: str = "annotator", **more) -> Page:
            found = Desk(project, draw, who, role)
            server = DeskServer(found)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(found.close)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            page = stack.enter_context(tab(chromium, server.new_link(), **more))
            page.wait_for_selector("#text:not(:empty), #done:not([hidden])")
            return page

        yield opened


def press(page: Page, *keys: str) -> None:
    """Press keys; after the last one wait until another item shows."""
    before = page.locator("#counts").inner_text() + page.locator("#where").inner_text()
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function(
        "b => counts.textContent.trim() + where.textContent.trim() !== b.trim()"
        " && !document.body.classList.contains('busy')",
        arg=before,
    )


def stored(project: Project, who: str = "r1") -> list[dict]:
    return [json.loads(x) for x in (project.root / "reviews" / f"{who}.jsonl").read_text().splitlines()]


def test_twenty_items_by_keyboard_alone(desk: Callable[..., Page], project: Project) -> None:
    page = desk()
    keys = [("p",), ("2", "d"), ("u",), ("p",), ("6", "a")] * 4
    for pressed in keys:
        press(page, *pressed)
    lines = stored(project)
    assert [x["verdict"] for x in lines] == ["pass", "remove", "unsure", "pass", "remove"] * 4
    assert [x["code"] for x in lines[:5]] == [None, "A.2-d", None, None, "cbrn-chemical"]
    assert len({x["doc_id"] for x in lines}) == 20
    assert all(x["seconds"] >= 0 for x in lines)
    expect(page.locator("#counts")).to_contain_text("20 of")


def test_a_family_is_no_verdict_until_its_code_is_chosen(desk: Callable[..., Page], project: Project) -> None:
    page = desk()
    first = page.locator("#where").inner_text()
    page.keyboard.press("1")
    expect(page.locator("#codes")).to_contain_text("A.1-h")
    page.keyboard.press("Escape")
    expect(page.locator("#codes")).to_be_hidden()
    assert page.locator("#where").inner_text() == first
    assert not (project.root / "reviews" / "r1.jsonl").exists()


def test_undo_brings_the_item_back(desk: Callable[..., Page], project: Project) -> None:
    page = desk()
    first = page.locator("#text").inner_text()
    press(page, "p")
    press(page, "z")
    assert page.locator("#text").inner_text() == first
    press(page, "3", "a")
    assert [x["verdict"] for x in stored(project)] == ["pass", "undo", "remove"]
    assert report.status(project)["audit"]["failures"] == 1


def serve(project: Project, keys: Path) -> tuple[subprocess.Popen, str]:
    program = "from pipelines.cli import main; main()"
    run = subprocess.Popen(
        [sys.executable, "-c", program, "review", "serve", "--as", "r1", "--no-browser"],
        cwd=project.root, env=os.environ | {"HALLMARK_KEYS": str(keys), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in run.stdout or ():
        if found := re.search(r"http://\S+", line):
            return run, found[0]
    raise AssertionError(f"no link, exit {run.wait(10)}")


def test_a_killed_desk_resumes_where_it_was(chromium: Browser, project: Project, keys_folder: Path) -> None:
    run, link = serve(project, keys_folder)
    with tab(chromium, link) as page:
        page.wait_for_selector("#text:not(:empty)")
        for _ in range(3):
            press(page, "p")
        fourth = page.locator("#text").inner_text()
        run.send_signal(signal.SIGKILL)
        run.wait(10)
    with (project.root / "reviews" / "r1.jsonl").open("ab") as f:
        f.write(b'{"doc_id": "torn')  # what a crash in the middle of a write leaves
    run, link = serve(project, keys_folder)
    with tab(chromium, link) as page:
        page.wait_for_selector("#text:not(:empty)")
        assert page.locator("#text").inner_text() == fourth
        press(page, "p")
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=10)[0]
    assert run.returncode == 130 and "hallmark review sign --as r1" in said
    assert len(stored(project)) == 4


def test_a_page_closed_in_the_middle_of_an_item_comes_back_to_it(
    desk: Callable[..., Page], project: Project
) -> None:
    first = desk()
    press(first, "p")
    second = first.locator("#text").inner_text()
    first.keyboard.press("2")  # a family is chosen, its code is not
    address, browser = first.url, first.context
    first.close()
    again = browser.new_page()
    again.goto(address)
    again.wait_for_selector("#text:not(:empty)")
    assert again.locator("#text").inner_text() == second
    press(again, "p")
    assert [row["verdict"] for row in stored(project)] == ["pass", "pass"]


def test_a_file_spoiled_by_hand_while_the_desk_is_open_is_named_in_the_page(
    chromium: Browser, project: Project, keys_folder: Path
) -> None:
    run, link = serve(project, keys_folder)
    try:
        context = chromium.new_context(locale="en-GB")
        page = context.new_page()
        page.goto(link)
        page.wait_for_selector("#text:not(:empty)")
        press(page, "p")
        path = project.root / "reviews" / "r1.jsonl"
        sound = path.read_bytes()
        path.write_bytes(b"{broken\n" + sound)
        page.keyboard.press("p")
        page.wait_for_selector("#notice:not([hidden])")
        assert "r1.jsonl:1" in page.locator("#notice").inner_text()
        path.write_bytes(path.read_bytes().removeprefix(b"{broken\n"))  # mended: what was there is there
        assert path.read_bytes().startswith(sound)
        context.close()
    finally:
        run.kill()
        run.wait(10)


def test_a_desk_that_is_gone_says_so_and_keeps_what_was_recorded(
    chromium: Browser, project: Project, keys_folder: Path
) -> None:
    run, link = serve(project, keys_folder)
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(link)
    page.wait_for_selector("#text:not(:empty)")
    press(page, "p")
    run.kill()
    run.wait(10)
    page.keyboard.press("p")
    expect(page.locator("#notice")).to_contain_text("every recorded verdict is kept")
    context.close()
    assert len(stored(project)) == 1


def test_two_readers_blind_to_each_other_then_a_third_adjudicates(
    desk: Callable[..., Page], project: Project
) -> None:
    first = desk()
    for key in (["p"], ["p"], ["2", "a"], ["p"]):
        press(first, *key)
    second = desk(who="r2", role="reviewer")
    assert second.locator("#opinions").is_hidden()
    assert "r1" not in second.locator("body").inner_text()
    for key in (["p"], ["2", "a"], ["2", "a"], ["p"]):
        press(second, *key)
    both = report.status(project)["audit"]["agreement"]
    assert (both["items"], both["alike"], both["kappa"]) == (4, 0.75, 0.5)
    third = desk(who="r3", role="adjudicator")
    expect(third.locator("#opinions li")).to_have_count(2)
    press(third, "p")
    expect(third.locator("#done")).to_be_visible()
    audit = report.status(project)["audit"]
    assert (audit["passed"], audit["failures"], audit["open"]) == (3, 1, 0)


def test_two_desks_on_one_draw_share_the_work(desk: Callable[..., Page], project: Project) -> None:
    one, two = desk(), desk(who="r2")
    for _ in range(4):
        press(one, "p")
        press(two, "p")
    ids = [x["doc_id"] for who in ("r1", "r2") for x in stored(project, who)]
    assert len(ids) == len(set(ids)) == 8


def test_a_second_tab_on_the_same_item_is_told_that_it_is_late(
    desk: Callable[..., Page], project: Project
) -> None:
    page = desk()
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#text:not(:empty)")
    press(page, "p")
    other.keyboard.press("1")
    other.keyboard.press("a")
    expect(other.locator("#notice")).to_contain_text("judged in another window")
    expect(other.locator("#where")).to_have_text(page.locator("#where").inner_text())
    assert [x["verdict"] for x in stored(project)] == ["pass"]


def leave(project: Project, draw: str, wanted: str) -> None:
    """Leave one item to read, the one whose text holds `wanted`: somebody else has read all others."""
    last = made.find(project, draw, wanted)
    read = [made.line(who="r9", draw=draw) | {"doc_id": i.id, "text_sha256": i.text_sha256}
            for i in load_items(project, draw) if i.id != last]  # fmt: skip
    made.written(project.root / "reviews", read, "r9")


def test_script_in_a_document_is_text_and_nothing_else(desk: Callable[..., Page], project: Project) -> None:
    leave(project, "probe", "<script>")
    page = desk("probe")
    assert made.SCRIPT in page.locator("#text").inner_text()
    assert page.locator("#text script, #text img").count() == 0
    assert "owned" not in page.title()


def test_hidden_and_reordering_characters_are_shown(desk: Callable[..., Page], project: Project) -> None:
    leave(project, "probe", "\u202e")
    page = desk("probe")
    assert page.locator(".hidden-char").all_inner_texts() == ["U+202E", "U+200B", "U+0007"]
    assert "\u202e" not in page.locator("#text").inner_text()


def test_right_to_left_text_runs_from_the_right_and_the_page_does_not(
    desk: Callable[..., Page], project: Project
) -> None:
    leave(project, "probe", made.ARABIC[:20])
    page = desk("probe")
    box = page.locator("#text")
    assert box.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert page.locator("aside").evaluate("e => getComputedStyle(e).direction") == "ltr"


def test_a_five_megabyte_document_shows_at_once_and_goes_on(
    desk: Callable[..., Page], project: Project
) -> None:
    leave(project, "probe", made.long_text()[:200])
    page = desk("probe")
    before = len(page.locator("#text").inner_text())
    page.keyboard.press("m")
    page.wait_for_function("b => document.getElementById('text').textContent.length > b", arg=before + 1000)
    expect(page.locator("#shown")).to_contain_text("80,000 of")


def test_findings_are_marked_with_the_rule_that_fired(desk: Callable[..., Page], project: Project) -> None:
    leave(project, "quarantine", "机密★5年")
    page = desk("quarantine")
    expect(page.locator("#text mark").first).to_have_text("机密★5年")
    expect(page.locator("#findings")).to_contain_text("secrecy-markings@1")
    page.keyboard.press("n")
    expect(page.locator("#findings li.here")).to_have_count(1)


def test_language_and_theme_change_by_key(desk: Callable[..., Page]) -> None:
    page = desk()
    assert page.locator("html").get_attribute("lang") == "en"
    light = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    page.keyboard.press("l")
    expect(page.locator("#verdicts")).to_contain_text("合格")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.keyboard.press("d")
    assert page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") != light
    page.reload()
    expect(page.locator("#verdicts")).to_contain_text("合格")


def test_every_word_of_the_page_exists_in_both_languages() -> None:
    from pipelines.review_desk.page import HERE, messages

    script = (HERE / "desk.js.txt").read_text()
    page = (HERE / "page.html.jinja").read_text()
    used = set(re.findall(r'say\("([\w.-]+)"', script)) | set(
        re.findall(r'data-(?:word|label)="([\w.-]+)"', page)
    )
    assert used <= set(messages())
    assert all(set(m) == {"zh", "en"} and all(m.values()) for m in messages().values())


def test_a_corrupt_line_stops_the_desk_with_file_and_line(project: Project, keys_folder: Path) -> None:
    made.written(project.root / "reviews", [made.line()], "r2")
    with (project.root / "reviews" / "r2.jsonl").open("a") as f:
        f.write("{not json\n")
    program = "from pipelines.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "review", "serve", "--as", "r1", "--no-browser"],
        cwd=project.root, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "r2.jsonl:2" in done.stderr
    assert "git" in done.stderr
    assert "Traceback" not in done.stderr
