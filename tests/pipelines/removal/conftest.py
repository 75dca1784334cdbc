"""The small project, run once; each test gets a copy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import removal_house as house


@pytest.fixture(scope="module", autouse=True)
def removal_keys(keys_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALLMARK_KEYS", str(keys_folder))
        yield keys_folder


@pytest.fixture(scope="session")
def built(tmp_path_factory, keys_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALLMARK_KEYS", str(keys_folder))
        yield house.build(tmp_path_factory.mktemp("removal") / "house")


@pytest.fixture
def project(built, tmp_path):
    return house.copy(built, tmp_path / "house")
