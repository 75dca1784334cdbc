"""The 5 % rule, before a source is used and again after: a refused source stops its own documents only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from scipy.stats import beta
from typer.testing import CliRunner

from lineage import keys
from pipelines import parts
from pipelines.cli import app
from pipelines.project import STAGES, Project, read_json, write_json
from pipelines.run import run_stage
from stages.decide.probe import upper95

ROOT = Path(__file__).parents[2]
REED = (
    "The reeds by the river turn white in autumn, and people of village {} weave them into mats for winter. "
)
MARK = "机密★5年\n关于第{}号仓库存放芦苇席子的通知,请各村按照往年的办法登记数量,并在冬天以前送到镇上。"


def entry(name: str) -> dict:
    return {
        "id": name, "title": {"zh": name, "en": name}, "paths": [f"in/{name}.jsonl"], "class": "public-domain",
        "licence": "CC0-1.0", "jurisdiction": "CN", "storage_region": "CN", "cross_border": False,
        "collected": {"from": "2025-01-01", "to": "2025-02-01"}, "retain_until": "2035-12-31",
        "personal_data": {"lawful_basis": "public-disclosure"}, "purpose": ["pretraining"],
    }  # fmt: skip


def write(root: Path, name: str, marked: int, plain: int) -> None:
    texts = [MARK.format(i) for i in range(marked)] + [REED.format(i) * (2 + i % 7) for i in range(plain)]
    lines = (json.dumps({"id": f"{name}{i}", "text": text}) for i, text in enumerate(texts))
    (root / "in" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    """Return a project with a clean source, one over the limit, and one under it that a bound would refuse."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    for folder in ("policies", "reviews", "ledger"):
        shutil.copytree(ROOT / folder, tmp_path / folder) if (ROOT / folder).is_dir() else None
    (tmp_path / "in").mkdir()
    write(tmp_path, "good", 0, 60)
    write(tmp_path, "bad", 10, 50)
    write(tmp_path, "close", 2, 58)
    write_json(tmp_path / "sources.yaml", {"sources": [entry(name) for name in ("good", "bad", "close")]})
    keys.init(tmp_path / "keys")
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def probe(*words: str) -> tuple[int, dict]:
    done = CliRunner().invoke(app, ["source", "probe", *words, "--json"])
    return done.exit_code, json.loads(done.output)


def test_the_probe_refuses_what_the_policy_refuses_and_nothing_is_written(root):
    before = sorted(root.rglob("*"))
    code, good = probe("good")
    assert (code, good["status"], good["n"], good["failures"]) == (0, "pass", 60, 0)
    code, bad = probe("bad")
    assert (code, bad["status"], bad["failures"], bad["share"]) == (1, "fail", 10, round(10 / 60, 4))
    assert bad["rules"] == {"secrecy-state": 10}
    assert probe("in/bad.jsonl")[1]["share"] == bad["share"]
    assert sorted(root.rglob("*")) == before
    said = CliRunner().invoke(app, ["source", "probe", "bad"])
    assert "at most 5.00%" in said.output and "机密" not in said.output and "仓库" not in said.output


def test_the_strict_mode_asks_for_the_upper_bound(root):
    assert probe("close")[0] == 0
    policy = Project(root).policy_path
    policy.write_text(policy.read_text().replace("strict: false", "strict: true", 1))
    code, result = probe("close")
    assert (code, result["status"]) == (1, "fail")
    assert result["share"] <= 0.05 < result["upper95"]


def test_the_sample_size_is_that_of_the_settings(root):
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("probe: 400", "probe: 25"))
    assert probe("good")[1]["n"] == 25


@pytest.mark.parametrize(("failures", "n"), [(0, 60), (1, 60), (10, 60), (20, 400), (399, 400)])
def test_the_bound_is_that_of_clopper_and_pearson(failures, n):
    assert upper95(failures, n) == pytest.approx(beta.ppf(0.95, failures + 1, n - failures), abs=6e-5)


def test_a_refused_source_stops_its_own_documents_only_and_the_books_close(root):
    before = {name: probe(name)[1] for name in ("good", "bad", "close")}
    project = Project(root)
    for stage in STAGES[:-1]:
        run_stage(stage, project)
    later = {row["source"]: row for row in read_json(root / "data" / "decide" / "probes.json")}
    for name, row in later.items():
        assert {k: before[name][k] for k in ("n", "failures", "share", "status")} == {
            k: row[k] for k in ("n", "failures", "share", "status")
        }
    table = pl.concat(
        parts.read_part(project.table("decide", ref)).with_columns(source=pl.lit(ref.source))
        for ref in project.parts()
    )
    refused = table.filter(pl.col("reason") == "source-refused")
    assert refused["source"].unique().to_list() == ["bad"] and refused.height == 60
    others = table.filter(pl.col("source") != "bad")
    assert others.height == 120 and "source-probe" not in others["rule"].to_list()
    books = read_json(root / "metrics" / "decide.json")["books"]
    assert books["in"] == 180 == sum(n for name, n in books.items() if name != "in")
