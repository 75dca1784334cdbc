"""What signs a shard anew: all code that its build can reach, and nothing that makes papers of the release alone."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from stages.inventory import RELEASE_WIDE, code_digest

ROOT = Path(__file__).parents[3]


def imported(path: Path) -> set[str]:
    """Return all modules that a file imports, those inside functions too, and all packages above them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {".".join(n.split(".")[: k + 1]) for n in names for k in range(n.count(".") + 1)}


def reached(starts: list[Path]) -> set[Path]:
    """Return all files of this project that the files import, directly or not."""
    seen, todo = set(), list(starts)
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imported(path):
            place = ROOT.joinpath(*name.split("."))
            todo += [p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()]
    return seen


def test_no_code_that_a_part_can_reach_is_left_out_of_its_key():
    within = ("publish", "pii", "screen", "decide", "dedup", "ingest")
    starts = [ROOT / "pipelines" / "publish_part.py"]
    starts += [p for name in within for p in (ROOT / "stages" / name).rglob("*.py")]
    starts += list((ROOT / "lineage" / "sheets").rglob("*.py"))
    found = {p.relative_to(ROOT).as_posix() for p in reached(starts)}
    assert "lineage/certificate.py" in found and "lineage/sheets/html.py" in found
    assert sorted(p for p in found if p.startswith(RELEASE_WIDE)) == []


def test_a_changed_export_touches_the_stage_and_no_part_and_a_changed_sheet_touches_both(tmp_path):
    heavy = shutil.ignore_patterns("__pycache__", "*.ftz", "*.woff2")
    for name in ("lineage", "stages", "pipelines"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=heavy)

    def digests():
        return tuple(code_digest("publish", tmp_path, w)["sha256"] for w in ((), RELEASE_WIDE))

    before = digests()
    (tmp_path / "lineage" / "exports" / "eu.py").write_text("# another\n")
    after = digests()
    assert after[0] != before[0] and after[1] == before[1]
    (tmp_path / "lineage" / "sheets" / "html.py").write_text("# another\n")
    assert digests()[1] != after[1]
