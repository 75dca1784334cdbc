"""Tiered governance through the stages: a clean source goes fast, flagged texts of another wait for a person."""

from __future__ import annotations

import json

import decision_house as kit
import pytest

from pipelines.project import Project
from pipelines.review_desk.draws import load_items

LANES = "lanes: {fast_share: 0.1, min_probe: 10, hold: [secrecy-mention]}\n"
EXAM = "绝密★启用前\n2026 年普通高等学校招生全国统一考试\n"
RULES = kit.STAGES[:-1]


def flagged(seed: int) -> str:
    return EXAM + kit.prose(seed)


@pytest.fixture
def house_with_lanes(house):
    """`clean`: 12 documents, one flagged; `dirty`: 12, one flagged, two marked secret; `small`: 3, one flagged."""
    kit.edit_policy(
        house,
        ("probe:\n", LANES + "\nprobe:\n"),
        ("max_share: 0.05", "max_share: 0.5"),
        ("source-probe-share, threshold: 0.05", "source-probe-share, threshold: 0.5"),
    )
    marked = ["机密★5年\n" + kit.prose(n) for n in (50, 51)]
    kit.fill(
        house,
        {
            "clean": [flagged(1), *(kit.prose(n) for n in range(2, 13))],
            "dirty": [flagged(20), *(kit.prose(n) for n in range(21, 30)), *marked],
            "small": [flagged(40), kit.prose(41), kit.prose(42)],
        },
    )
    return house


def verdict(project: Project, native: str, word: str, draw: str = "quarantine") -> None:
    row = kit.table(project, "ingest").filter(kit.pl.col("native_id") == native).row(0, named=True)
    line = {"doc_id": row["doc_id"].hex(), "text_sha256": row["text_sha256"].hex(), "verdict": word,
            "reviewer": "r1", "role": "annotator", "draw": draw}  # fmt: skip
    with (project.root / "reviews" / "r1.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")


def test_flagged_texts_of_slow_sources_wait_and_a_person_lets_them_pass(house_with_lanes):
    folder = house_with_lanes
    project = kit.run(folder)
    found, waits = kit.fates(project), ("quarantined", "review-pending", "slow-lane")
    assert (found["clean-0"][0], found["dirty-0"], found["small-0"]) == ("kept", waits, waits)
    assert found["dirty-1"][0] == found["small-1"][0] == "kept"
    told = kit.manifest(folder / "release")
    assert {p["source"]: p["lane"] for p in told["probes"]} == {
        "clean": "fast",
        "dirty": "slow",
        "small": "slow",
    }
    assert (told["lanes"]["fast"], told["lanes"]["slow"]) == (["clean"], ["dirty", "small"])
    assert told["lanes"]["hold"] == ["secrecy-mention"]
    pending = [r["docs"] for r in told["reasons"] if r["reason"] == "review-pending"]
    assert pending == [2]
    queued = {(i.source, i.row) for i in load_items(project, "quarantine")}
    assert {("dirty", 0), ("small", 0)} <= queued and ("clean", 0) not in queued
    audited = {(i.source, i.row) for i in load_items(project, "audit")}
    assert ("clean", 0) in audited and ("dirty", 0) not in audited
    verdict(project, "small-0", "pass")
    assert kit.fates(kit.run(folder, "decide"))["small-0"] == ("kept", None, "review")


def test_what_people_say_of_a_probe_moves_the_source_and_its_texts_can_be_read(house_with_lanes):
    project = kit.run(house_with_lanes, *RULES)
    for native in ("clean-3", "clean-4"):  # a person finds what no detector found
        verdict(project, native, "remove", "probe")
    for native in ("dirty-10", "dirty-11"):  # and clears what one found
        verdict(project, native, "pass", "probe")
    project = kit.run(house_with_lanes, "decide")
    found = kit.fates(project)
    assert found["clean-0"] == ("quarantined", "review-pending", "slow-lane")
    assert found["dirty-0"][0] == "kept"
    assert ("clean", 0) in {(i.source, i.row) for i in load_items(project, "quarantine")}


def test_without_lanes_nothing_waits_for_its_source(house_with_lanes):
    kit.edit_policy(house_with_lanes, (LANES, ""))
    project = kit.run(house_with_lanes, *RULES)
    assert {kit.fates(project)[n][0] for n in ("clean-0", "dirty-0", "small-0")} == {"kept"}
