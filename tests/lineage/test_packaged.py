"""Packaged YAML means the same to libyaml (1.1, fast) as in YAML 1.2."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lineage import packaged

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("lineage/**/*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_packaged_file_means_the_same_in_both_versions_of_yaml(path: Path) -> None:
    fast = packaged.load(path)
    assert fast == YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert fast


def test_a_tag_that_would_make_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("!!python/object/apply:os.getcwd []", encoding="utf-8")
    with pytest.raises(Exception, match="could not determine a constructor"):
        packaged.load(path)
