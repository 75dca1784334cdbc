"""The index over all shards, in a real browser, from a file, with ten thousand shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sheet_manifests as made
from playwright.sync_api import Page, expect

from lineage import sheets
from lineage.errors import HallmarkError
from pipelines.releases_index import shelf

pytestmark = pytest.mark.browser

MANY = 10_000


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    """Ten thousand shard manifests of 50 sources that differ in name and books."""
    pattern = made.shard(1)
    found = []
    for i in range(MANY):
        flow = {**pattern["flow"], "removed": i, "in": pattern["flow"]["in"] + i - pattern["flow"]["removed"]}
        source = {**pattern["source"], "id": f"source-{i % 50:02d}"}
        found.append({**pattern, "source": source, "part": f"{i:08x}-0000", "flow": flow})
    return found


@pytest.fixture(scope="module")
def folder(manifests: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheets")
    for lang in ("zh", "en"):
        (folder / f"index.{lang}.html").write_text(
            sheets.site(manifests, lang=lang, title="Demo"), encoding="utf-8"
        )
    first = manifests[0]
    (folder / "source-00").mkdir()
    digests = {sheets.manifest_path(first): "ab" * 32}
    text = sheets.render(
        first, lang="en", fmt="html", digests=digests, answers=None, verify_command="hallmark verify ."
    )
    (folder / "source-00/00000000-0000.en.html").write_text(text, encoding="utf-8")
    return folder


def test_searching_finds_the_shards_of_a_source(page: Page, folder: Path) -> None:
    page.goto((folder / "index.en.html").as_uri())
    expect(page.locator("#found")).to_have_text("10,000")
    assert page.locator("#shards tbody tr").count() == 100
    page.locator("#find").fill("SOURCE-07 0000")
    expect(page.locator("#found")).to_have_text("200")
    assert set(page.locator("#shards tbody td:first-child").all_inner_texts()) == {"source-07"}
    page.locator("#more").click()
    assert page.locator("#shards tbody tr").count() == 200
    expect(page.locator("#more")).to_be_hidden()


def test_sorting_by_a_figure_puts_the_largest_first_then_the_smallest(page: Page, folder: Path) -> None:
    page.goto((folder / "index.en.html").as_uri())
    removed = page.get_by_role("button", name="Removed")
    column = page.locator("#shards tbody td:nth-child(7)")
    removed.click()
    assert column.first.inner_text() == "9,999"
    removed.click()
    assert column.first.inner_text() == "0"


def test_a_search_that_finds_nothing_says_nought(page: Page, folder: Path) -> None:
    page.goto((folder / "index.zh.html").as_uri())
    page.locator("#find").fill("no such shard")
    expect(page.locator("#found")).to_have_text("0")
    assert page.locator("#shards tbody tr").count() == 0


def test_a_row_leads_to_its_sheet(page: Page, folder: Path) -> None:
    page.goto((folder / "index.en.html").as_uri())
    page.locator("#find").fill("00000000-0000")
    page.get_by_role("link", name="00000000-0000").click()
    expect(page.locator("h1")).to_have_text("00000000-0000")


def test_names_in_the_index_run_nothing(page: Page, tmp_path: Path) -> None:
    manifest = made.shard()
    manifest["source"]["licence"] = manifest["source"]["id"] = "</script><script>alert(1)</script><img src=x>"
    (tmp_path / "index.en.html").write_text(
        sheets.site([manifest], lang="en", title="<b>&"), encoding="utf-8"
    )
    page.goto((tmp_path / "index.en.html").as_uri())
    expect(page.locator("#found")).to_have_text("1")
    assert page.locator("main img, main b").count() == 0
    expect(page.locator("h1")).to_have_text("<b>&")


def test_the_order_of_the_manifests_changes_nothing(manifests: list[dict[str, Any]]) -> None:
    some = manifests[:50]
    assert sheets.site(some, lang="zh", title="x") == sheets.site(some[::-1], lang="zh", title="x")


def test_several_releases_stand_in_one_index_and_lead_to_their_own_sheets(page: Page, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from pipelines.cli.sheet import app

    shards = {"one": made.shard(1), "two": made.shard(2, "law-en")}
    for name, shard in shards.items():
        manifest = made.release([shard])
        manifest["dataset"]["version"] = name
        at = {"meta/manifest.json": manifest, sheets.manifest_path(shard): shard}
        for path, content in at.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(json.dumps(content), encoding="utf-8")
        text = sheets.render(
            shard, lang="en", fmt="html", digests={sheets.manifest_path(shard): "ab" * 32}, answers=None,
            verify_command="hallmark verify .",
        )  # fmt: skip
        sheet = tmp_path / name / f"sheets/{shard['source']['id']}/{shard['part']}.en.html"
        sheet.parent.mkdir(parents=True)
        sheet.write_text(text, encoding="utf-8")
    folders = [str(tmp_path / name) for name in shards]
    done = CliRunner().invoke(app, ["site", *folders, "--out", str(tmp_path / "index")])
    assert done.exit_code == 0, done.output
    page.goto((tmp_path / "index/index.en.html").as_uri())
    expect(page.locator("#found")).to_have_text("2")
    page.locator("#find").fill("two")
    expect(page.locator("#found")).to_have_text("1")
    page.get_by_role("link", name=shards["two"]["part"]).click()
    expect(page.locator("h1")).to_have_text(shards["two"]["part"])


def test_a_folder_without_a_release_is_named(tmp_path: Path) -> None:
    with pytest.raises(HallmarkError, match="no release here"):
        shelf(tmp_path, tmp_path)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(HallmarkError, match="not a manifest"):
        shelf(tmp_path, tmp_path)
