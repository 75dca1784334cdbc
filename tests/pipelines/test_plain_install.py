"""Plain `hallmark` (cryptography, typer, rich) verifies; everything else says which extra it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import environment

ABSENT = [
    "polars",
    "pyarrow",
    "ruamel",
    "numpy",
    "numba",
    "datasets",
    "dvc",
    "presidio_analyzer",
    "fasttext",
    "datasketch",
    "jinja2",
    "rfc8785",
    "jsonschema",
    "ahocorasick_rs",
    "license_expression",
    "fsspec",
    "zstandard",
    "xxhash",
]


def plain(arguments: list[str], cwd: Path, keys: Path) -> subprocess.CompletedProcess:
    """Run the console script in a process in which only the plain dependencies can be imported."""
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}))\n"
        f"sys.argv = ['hallmark', *{arguments!r}]\n"
        "from pipelines.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment(keys),
        capture_output=True,
        text=True,
        check=False,
    )


def test_verify_works_and_says_yes(sample: Path, keys_folder: Path) -> None:
    done = plain(["verify", "release"], sample, keys_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "screened" in done.stdout


def test_verify_says_no_with_the_reason(sample: Path, keys_folder: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(sample / "release", tmp_path / "release")
    shutil.copy(sample / "trust.json", tmp_path)
    card = tmp_path / "release" / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "\n")
    done = plain(["verify", "release"], tmp_path, keys_folder)
    assert done.returncode == 1
    assert "README.md" in done.stdout


def test_other_commands_name_the_extra_they_need(sample: Path, keys_folder: Path) -> None:
    done = plain(["books"], sample, keys_folder)
    assert done.returncode == 1
    assert "pip install 'hallmark[pipeline]'" in done.stderr
    assert "Traceback" not in done.stderr
