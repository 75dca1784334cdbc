"""The command line is whole: every module of commands is reached, every command explains itself."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipelines import cli

MODULES = sorted(m.name for m in pkgutil.iter_modules(cli.__path__))


def commands(node: typer.main.click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = [commands(c, (*path, name)) for name, c in getattr(node, "commands", {}).items()]
    return [path, *(c for found in below for c in found)] if path else [c for found in below for c in found]


def test_every_module_of_commands_is_reached_from_the_program():
    assert sorted({*cli.GROUPS, *cli.REGISTERING}) == MODULES


@pytest.mark.parametrize("path", commands(typer.main.get_command(cli.app)), ids=" ".join)
def test_every_command_explains_itself_in_the_program_help(path):
    shown = CliRunner().invoke(cli.app, [*path, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"usage: {'hallmark ' if path == ('verify',) else ''}" in shown.output.lower()


def test_every_command_that_the_documents_name_exists():
    root = Path(__file__).parents[2]
    known = {path[:n] for path in commands(typer.main.get_command(cli.app)) for n in (1, 2)}
    groups = {path[0] for path in known if len(path) == 2}
    named = [
        (file.name, (first, second) if first in groups else (first,))
        for file in [*sorted(root.glob("README*.md")), *sorted((root / "docs").glob("*.md"))]
        for first, second in re.findall(
            r"(?m)(?:^|`)hallmark ([a-z-]+) ?([a-z-]*)", file.read_text(encoding="utf-8")
        )
    ]
    assert len(named) > 50
    assert [n for n in named if n[1] not in known and n[1][1:] != ("",)] == []
