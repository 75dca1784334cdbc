"""Signs of poisoning that only many documents show reach the evidence, the metrics and the policy's rules."""

from __future__ import annotations

import json
import shutil

import decision_house as kit
import polars as pl
import pytest

from lineage.errors import InputError
from pipelines.params_file import params_text
from pipelines.project import Project

RULES = ("  - {id: poison-weak,", "  - {id: bursts, on: screen, codes: [poison-burst], action: quarantine, "
         "reason: poisoning}\n  - {id: poison-weak,")  # fmt: skip
TO_SCREEN = ("inventory", "ingest", "quality", "dedup", "pii", "screen")
TRIGGER = "lantern harbour basket orchard"


def settings(folder, **corpus) -> None:
    """Write params.yaml with these settings of screen.corpus."""
    params = Project(folder).params
    screen = params.screen.model_copy(update={"corpus": params.screen.corpus.model_copy(update=corpus)})
    (folder / "params.yaml").write_text(
        params_text(params.model_copy(update={"screen": screen})), encoding="utf-8"
    )


def marked(project, code: str) -> set[str]:
    """Return the native ids of the documents with a hit of `code`."""
    hits = kit.table(project, "screen").explode("hits").drop_nulls("hits").unnest("hits")
    ids = kit.table(project, "ingest", ["doc_id", "native_id"])
    return set(hits.filter(pl.col("code") == code).join(ids, on="doc_id")["native_id"])


def copies(n: int) -> list[str]:
    """Return near copies of one long text: a word of its own in each."""
    words = kit.prose(900, 12).split(" ")
    return [" ".join([*words[:60], f"quietly{i}", *words[60:]]) for i in range(n)]


def plain(first: int, n: int) -> list[str]:
    return [kit.prose(i) for i in range(first, first + n)]


@pytest.fixture
def burst(house):
    """Return a project where six near copies came in a row into one source of 400, and four are spread in another."""
    a, b = plain(0, 400), plain(1000, 400)
    spread = [x for i, x in enumerate(b) for x in ([x, copies(10)[6 + i // 100]] if i % 100 == 50 else [x])]
    kit.fill(house, {"a": a[:200] + copies(6) + a[200:], "b": spread})
    return house


def test_a_burst_is_evidence_a_metric_and_a_rule_can_hold_it(burst) -> None:
    kit.edit_policy(burst, RULES)
    project = kit.run(burst)
    assert marked(project, "poison-burst") == {f"a-{i}" for i in range(200, 206)}
    told = json.loads((burst / "metrics" / "screen.json").read_text())
    assert told["corpus"]["documents"] == {"poison-burst": 6}
    fates = kit.fates(project)
    assert {fates[f"a-{i}"][2] for i in range(200, 206)} == {"bursts"}
    rows = kit.manifest(burst / "release")["screen"]
    assert [(r["docs"], r["quarantined"]) for r in rows if r["code"] == "poison-burst" and r["docs"]] == [
        (6, 6)
    ]


def test_another_run_writes_no_part_again_and_switched_off_it_says_so(burst) -> None:
    project = kit.run(burst, *TO_SCREEN)
    before = {p: p.stat().st_mtime_ns for p in (project.data / "screen").rglob("*.parquet")}
    kit.run(burst, "screen")
    assert {p: p.stat().st_mtime_ns for p in before} == before
    settings(burst, bursts=False)
    assert marked(kit.run(burst), "poison-burst") == set()
    rows = {r["code"]: r["status"] for r in kit.manifest(burst / "release")["screen"]}
    assert rows["poison-burst"] == rows["poison-trigger"] == "not_run: switched off"


def test_a_trigger_concentrated_in_one_source_is_marked_where_it_stands(house) -> None:
    a = plain(0, 300)
    for i in range(0, 100, 10):
        head, tail = a[i].split(" number ", 1)
        a[i] = f"{head} number {TRIGGER} {tail}"  # between ever different figures and nouns
    kit.fill(house, {"a": a, "b": plain(2000, 300)})
    settings(house, triggers=True)
    project = kit.run(house, *TO_SCREEN)
    assert marked(project, "poison-trigger") == {f"a-{i}" for i in range(0, 100, 10)}
    settings(house, triggers=False)
    assert marked(kit.run(house, "inventory", "screen"), "poison-trigger") == set()
    assert not (project.data / "screen_phrases").exists()


def test_documents_changed_since_an_earlier_revision_are_marked(house) -> None:
    texts = plain(0, 8)
    kit.fill(house, {"a": texts})
    project = kit.run(house)
    shutil.copytree(house / "release" / "lineage", house / "earlier")
    kit.fill(house, {"a": [*texts[:3], texts[3] + " One sentence is new.", *texts[4:], kit.prose(77)]})
    settings(house, before="earlier")
    assert marked(kit.run(house), "poison-revision") == {"a-3"}
    flags = {r["rule"]: r["docs"] for r in kit.manifest(house / "release")["flags"]}
    assert flags["poison-weak"] == 1
    assert kit.fates(project)["a-3"][0] == "kept"


def test_an_earlier_revision_that_is_none_is_an_error_with_its_cure(house) -> None:
    kit.fill(house, {"a": plain(0, 3)})
    settings(house, before="nowhere")
    with pytest.raises(InputError, match="no table"):
        kit.run(house, *TO_SCREEN)
