"""The benchmark of the screen prints its figures as JSON where `--json` names no file."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import screen


@pytest.mark.parametrize("where", ["", "figures.json"])
def test_json_without_a_name_is_printed_and_with_one_is_written(tmp_path, where):
    rows = [{"text": f"The garden club of street {k} shares its seeds.", "label": 0} for k in range(25)]
    (tmp_path / "prohibited").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "prohibited" / "club.jsonl").write_text(lines, encoding="utf-8")
    app = Typer()
    app.command()(screen.main)
    named = [str(tmp_path / where)] if where else []
    run = CliRunner().invoke(
        app, screen.arguments(["--json", *named, "--eval-dir", str(tmp_path)]), catch_exceptions=False
    )
    assert run.exit_code == 0
    text = (tmp_path / where).read_text(encoding="utf-8") if where else run.stdout
    figures = json.loads(text)
    (row,) = figures["sets"]
    assert row["n"] == 25 and row["set"] == "prohibited/club" and set(row["flagged"]) == set(screen.GROUPS)
    assert figures["speed"] == [] and (run.stdout.startswith("Share of texts") is bool(where))
