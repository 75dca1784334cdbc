"""The notebooks run from top to bottom on a finished project, and their kept outputs show no error."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from run_notebooks import execute

ROOT = Path(__file__).parent.parent
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_on_the_sample(path: Path, sample: Path) -> None:
    book = execute(path, sample)
    assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_outputs_are_kept_and_name_no_folder_of_a_machine(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    outputs = [o for cell in book.cells if cell.cell_type == "code" for o in cell.outputs]
    assert len(outputs) >= 5
    assert not [o for o in outputs if o.output_type == "error"]
    assert "/tmp/" not in path.read_text(encoding="utf-8")
    assert "/home/" not in path.read_text(encoding="utf-8")
