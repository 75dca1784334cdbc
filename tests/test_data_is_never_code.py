"""Data is never code: no file of the product loads pickles, evaluates text, or hands a string to a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("lineage", "stages", "pipelines")
#: Modules that turn bytes into objects or code of the sender's choice.
LOADERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "torch", "jsonpickle"}
BUILT_IN = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    ("os", "system"),
    ("os", "popen"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("yaml", "full_load"),
}


def sources() -> list[Path]:
    return [p for floor in FLOORS for p in sorted((ROOT / floor).rglob("*.py"))]


def dangers(code: str) -> Iterator[str]:
    """Yield what in this code could run data: line and name."""
    for node in ast.walk(ast.parse(code)):
        found = list(_of(node))
        yield from (f"line {node.lineno}: {name}" for name in found)


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (a.name for a in node.names if a.name.partition(".")[0] in LOADERS)
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LOADERS:
        yield node.module or ""
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and node.func.id in BUILT_IN:
        yield node.func.id
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        name = node.func.value.id, node.func.attr
        if name in ATTRIBUTES:
            yield ".".join(name)
    for keyword in node.keywords:
        on = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        if keyword.arg in ("shell", "allow_pickle", "trust_remote_code") and on:
            yield f"{keyword.arg}=True"
        unsafe = isinstance(keyword.value, ast.Constant) and keyword.value.value in ("unsafe", "full")
        if keyword.arg == "typ" and unsafe:
            yield "an unsafe YAML loader"


@pytest.mark.parametrize("floor", FLOORS)
def test_no_file_of_the_product_runs_data(floor: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): names
        for path in sources()
        if path.is_relative_to(ROOT / floor) and (names := list(dangers(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "x = eval(text)",
        "import os\nos.system(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "from datasets import load_dataset\nload_dataset(x, trust_remote_code=True)",
        "import yaml\nyaml.load(text)",
        "from ruamel.yaml import YAML\nYAML(typ='unsafe')",
    ],
)
def test_the_audit_sees_each_way(code: str) -> None:
    assert list(dangers(code))


def test_settings_cannot_name_a_python_object(tmp_path: Path) -> None:
    from lineage.errors import HallmarkError
    from lineage.yamlfile import YamlFile

    mark = tmp_path / "mark"
    path = tmp_path / "params.yaml"
    path.write_text(f"a: !!python/object/apply:os.mkdir ['{mark}']\n")
    with suppress(HallmarkError):
        YamlFile(path).plain()
    assert not mark.exists()
