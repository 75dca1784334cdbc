"""The documents say what the code does, in both languages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate_docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n-> python tools/generate_docs.py"


def commands(page: str) -> list[str]:
    """Return the command lines of a page's shell blocks, without comments."""
    blocks = re.findall(r"```(?:sh|python)\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.S)
    lines = (re.sub(r"\s+#.*$", "", line).rstrip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def test_both_readmes_give_the_same_commands() -> None:
    assert commands("README.md") == commands("README.zh.md")
    assert len(commands("README.md")) > 10


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    assert [x for x in links if not ((ROOT / page).parent / x).exists()] == []


def test_the_threat_model_names_tests_that_exist() -> None:
    rows = [line.split("|") for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()]
    held = [row[4] for row in rows if len(row) == 6 and set(row[4]) - set(" -")][1:]
    assert len(held) > 12 and all("`" in cell for cell in held)
    for name in (name for cell in held for name in re.findall(r"`([^`]+)`", cell)):
        assert list((ROOT / "tests").glob(f"{name}*")), f"SECURITY.md names {name}, which is not below tests/"


def test_every_locked_package_is_pinned_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-build.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
        loose = [
            e.split("\n")[0] for e in entries if "==" not in e.split("\n")[0] or "--hash=sha256:" not in e
        ]
        assert len(entries) > 3 and loose == []


def test_no_file_names_a_package_index() -> None:
    listing = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    names = [
        n
        for n in listing.stdout.splitlines()
        if n.endswith((".lock", ".toml", ".txt", ".cfg", ".ini", "Makefile"))
    ]
    pattern = re.compile(r"--(?:extra-)?index-url|--find-links|https?://[^\s]*(?:simple/|\.whl|\.tar\.gz)")
    assert [
        n for n in names if (ROOT / n).is_file() and pattern.search((ROOT / n).read_text("utf-8", "ignore"))
    ] == []
