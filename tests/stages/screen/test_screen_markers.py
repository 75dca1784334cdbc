"""Tables of places and names of plant machines are shown to a person; an address, a price list or a drawing is not."""

from __future__ import annotations

import polars as pl
import pytest

from stages.screen import ScreenSettings, detectors, scan
from stages.screen.markers import CODE, DETECTOR, SHAPES, find


def rows(form: str, count: int) -> str:
    """Return a table of invented places and devices."""
    return "\n".join(
        form.format(n=n, lat=f"{31 + n / 977:.5f}", lon=f"{118 + n / 613:.5f}", m=n % 60)
        for n in range(count)
    )


TABLES = {
    "csv": ("station {n},{lat},{lon},12.5", "coordinate-table"),
    "chinese": ("{n}号桩 北纬{lat}° 东经{lon}°", "coordinate-table"),
    "json": ("  [{lon}, {lat}],", "coordinate-table"),
    "degrees": ("P{n} 31°{m}′12.5″ 118°{m}′07″", "coordinate-table"),
    "modbus": ("meter {n} at 10.20.30.{m}:502", "control-network"),
    "iec104": ("RTU-{n} 192.168.7.{m}:2404 online", "control-network"),
    "iec61850": ("BAY{n}_Q0XCBR1.Pos.stVal", "control-network"),
    "posts": ("DK{n}+250 culvert, 2 m", "route-table"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_found_and_a_few_rows_of_it_are_not(name):
    form, level = TABLES[name]
    found = find(pl.Series([rows(form, 25), rows(form, 2), rows(form, 400)]))
    by_text = {r["text"]: r for r in found.iter_rows(named=True)}
    assert sorted(by_text) == [0, 2]
    assert {(r["code"], r["detector"], r["level"]) for r in by_text.values()} == {(CODE, DETECTOR, level)}
    assert 0.5 <= by_text[0]["score"] < by_text[2]["score"] == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "M " + " ".join(f"{n / 7:.5f},{n / 3:.5f}" for n in range(1, 90)),  # the path of a drawing
        rows("item {n}: 12.5000", 60),  # a price list
        rows("version 1.{n}.0 listens on port 502", 60),
        rows("line {n}: C + D > K{n}", 60),
        "The lake lies at 31.12345, 118.54321; the old bridge at K12+345.",
        "",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text):
    assert find(pl.Series([text])).is_empty()


def test_the_setting_switches_it_off_and_the_stage_names_it():
    table = pl.Series([rows(TABLES["csv"][0], 40)])
    on, off = (ScreenSettings(markers=m, models=()) for m in (True, False))
    assert CODE in set(scan(table, on)["code"]) and CODE not in set(scan(table, off)["code"])
    assert [DETECTOR in {d["detector"] for d in detectors(s)} for s in (on, off)] == [True, False]
    assert {level for level, _, _ in SHAPES} == {"coordinate-table", "control-network", "route-table"}
