"""The command line is whole: every module of commands is reached, every command explains itself."""

from __future__ import annotations

import pkgutil

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
    assert "usage" in shown.output.lower()
