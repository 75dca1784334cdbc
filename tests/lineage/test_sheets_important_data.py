"""A sheet prints what was found of important data, by detector, and what became of it (R-23); no code is nameless."""

from __future__ import annotations

import pytest
import sheet_manifests as made
from test_sheets_facts import Page, render

from lineage.sheets.reader import catalogue
from stages.screen.taxonomy import TAXONOMY

ROW = {
    "code": "important-data",
    "detector": "important-data-markers@1",
    "docs": 4_321,
    "kept": 0,
    "removed": 0,
    "quarantined": 4_321,
    "status": "run",
    "evidence": None,
}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_signs_of_important_data_are_counted_on_the_sheet(lang: str) -> None:
    manifest = made.shard()
    manifest["screen"].append(ROW)
    at = f"/screen/{len(manifest['screen']) - 1}"
    page = Page(render(manifest, lang))
    mine = (v for v in page.values if v["data-field"].startswith(f"{at}/"))
    shown = {v["data-field"].rpartition("/")[2]: v["text"] for v in mine}
    assert catalogue("names")["code"]["important-data"][lang] in shown["code"]
    assert shown["detector"] == ROW["detector"]
    assert [shown[c].replace(",", "") for c in ("docs", "quarantined", "kept")] == ["4321", "4321", "0"]


def test_every_code_of_the_taxonomy_has_a_name_on_sheets() -> None:
    names = catalogue("names")["code"]
    assert [risk.code for risk in TAXONOMY.risks if risk.code not in names] == []
