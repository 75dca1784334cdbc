"""Names of the stage packages: imported on first use, and the same object however they are reached."""

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = ("dedup", "decide", "ingest", "pii", "quality", "sample", "screen")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_promised_name_is_there_and_others_are_not(package):
    module = import_module(f"stages.{package}")
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


def test_a_module_of_the_same_name_does_not_hide_a_function():
    code = (
        "import stages.decide as d\n"
        "d.decisions\n"  # stands in the module `settle`
        "import stages.decide.settle\n"
        "print(callable(d.settle), d.settle.__name__ == 'settle')"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["True", "True"]
