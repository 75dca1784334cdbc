import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "lineage"))


@pytest.fixture
def sealing(tmp_path, monkeypatch):
    """Return (project, signer) around a small release at version 0.1.0."""
    import small_project
    import small_release

    return small_project.project(tmp_path / "project", small_release, monkeypatch)
