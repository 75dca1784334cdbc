"""What many tests share: the sample project, run once for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import call, copy_checkout


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with fresh project keys."""
    from lineage import keys

    folder = tmp_path_factory.mktemp("keys") / "hallmark"
    keys.init(folder)
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, keys_folder: Path) -> Path:
    """Return a clone of this project on which `dvc repro` has run, with the network cut."""
    target = copy_checkout(tmp_path_factory.mktemp("sample"))
    call(["hallmark", "keys", "init"], target, keys_folder)
    call(["dvc", "repro"], target, keys_folder, cut=True)
    return target
