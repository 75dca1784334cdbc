"""`hallmark verify`: yes or no, with the reason. Needs no project, no DVC and no network."""

from __future__ import annotations

import sys

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the program."""
    settings = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    app.command("verify", context_settings=settings)(verify)


def verify(context: typer.Context) -> None:
    """Verify a release or a few of its shards (`hallmark verify --help` for the options)."""
    from lineage.verify import main

    sys.exit(main(context.args, prog="hallmark verify"))
