"""Imports go down only: pipelines -> stages -> lineage."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "lineage": ("stages", "pipelines"),
    "stages": ("pipelines", "dvc", "concurrent", "multiprocessing", "ray"),
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("floor", sorted(FORBIDDEN))
def test_imports_go_down_only(floor: str) -> None:
    up = {
        str(path.relative_to(ROOT)): sorted(imported(path) & set(FORBIDDEN[floor]))
        for path in (ROOT / floor).rglob("*.py")
    }
    assert {p: names for p, names in up.items() if names} == {}


def test_no_file_is_longer_than_400_lines() -> None:
    long = [
        str(path.relative_to(ROOT))
        for floor in ("lineage", "stages", "pipelines", "benchmarks", "sample")
        for path in (ROOT / floor).rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > 400
    ]
    assert long == []


def test_the_template_is_what_this_repository_uses() -> None:
    template = ROOT / "pipelines" / "template"
    same = ["dvc.yaml", *(f"policies/{p.name}" for p in sorted((ROOT / "policies").glob("*")))]
    assert sorted(p.name for p in (template / "policies").iterdir()) == sorted(
        p.name for p in (ROOT / "policies").iterdir()
    )
    for name in same:
        assert (template / name).read_bytes() == (ROOT / name).read_bytes(), name
