"""Execute the notebooks on a project and keep their outputs: python tools/run_notebooks.py PROJECT [--write]."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"


def execute(path: Path, project: Path) -> nbformat.NotebookNode:
    """Return the notebook at `path`, run from top to bottom on `project`; a failing cell is an error."""
    book = nbformat.read(path, as_version=4)
    os.environ["HALLMARK_PROJECT"] = str(project)
    NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    for cell in book.cells:
        cell.metadata.pop("execution", None)  # clock times
    return book


def main(project: Path, write: bool) -> None:
    """Execute every notebook; with `write`, keep the outputs in the files."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        book = execute(path, project.resolve())
        if write:
            nbformat.write(book, path)
        print(f"{path.name}: {sum(c.cell_type == 'code' for c in book.cells)} cells run")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--write" in sys.argv)
