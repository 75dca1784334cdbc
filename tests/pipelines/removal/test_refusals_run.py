"""Robots snapshots and refusal lists act in a run: judged anew when they change, with nothing read again."""

from __future__ import annotations

import json

import pytest
import removal_house as house

from lineage.errors import InputError
from pipelines import parts

LATER = ("inventory", "sample", "decide")


def change(project, **fields) -> None:
    """Change the entry of the source `web`."""
    path = project.root / "sources.yaml"
    value = json.loads(path.read_text())
    value["sources"][0] |= fields
    path.write_text(json.dumps(value))


def fates(project) -> dict[str, tuple[str, str]]:
    """Return {native id: (reason, detector)} of what left the source `web` for a refusal."""
    out = {}
    for ref in project.parts():
        if ref.source == "web":
            names = parts.read_part(project.table("ingest", ref), ["row", "native_id"])
            table = parts.read_part(project.table("decide", ref)).join(names, on="row")
            gone = table.filter(table["disposition"] == "removed")
            out |= {n: (r, d) for n, r, d in gone.select("native_id", "reason", "detector").rows()}
    return out


def test_snapshot_and_lists_decide_by_address_and_a_new_one_reads_nothing_again(project):
    texts = [p.stat().st_mtime_ns for p in (project.data / "ingest").rglob("*.parquet")]
    (project.root / "robots.txt").write_text("User-agent: *\nDisallow: /page/2\n")
    (project.root / "no.txt").write_text("url *://www.example.org/page/4\n")
    site = {"site": "www.example.org", "path": "robots.txt"}
    change(project, robots={"files": [site]}, refusals=["no.txt"])
    project = house.run(project.root, *LATER)
    wanted = {"w2": ("robots-disallowed", "robots:*"), "w4": ("refusal-list", "refusals:url")}
    assert {n: v for n, v in fates(project).items() if n in ("w2", "w4", "w5")} == wanted
    (project.root / "no.txt").write_text("domain example.org\n")
    project = house.run(project.root, *LATER)
    assert fates(project)["w5"] == ("refusal-list", "refusals:domain")
    assert [p.stat().st_mtime_ns for p in (project.data / "ingest").rglob("*.parquet")] == texts
    facts = json.loads((project.data / "inventory" / "publish.json").read_text())["sources"][0]
    assert "robots-snapshot" in {e["kind"] for e in facts["evidence"]} and "no.txt" not in json.dumps(facts)


def test_a_list_that_is_not_there_stops_the_run_before_anything(project):
    change(project, refusals=["gone.txt"])
    with pytest.raises(InputError, match=r"gone\.txt.*\n.*add the file"):
        house.run(project.root, "inventory")


def test_a_list_of_params_yaml_holds_for_every_source(project):
    (project.root / "no.txt").write_text("url *://www.example.org/page/5\n")
    path = project.root / "params.yaml"
    text = path.read_text()
    assert "refusals: []" in text
    path.write_text(text.replace("refusals: []", "refusals: [no.txt]"))
    project = house.run(project.root, *LATER)
    assert fates(project)["w5"] == ("refusal-list", "refusals:url")
