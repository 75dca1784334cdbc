"""`hallmark init`, `preview`, `params`: a project of one's own."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the program."""
    app.command("init")(init)
    app.command("preview")(preview)
    app.command("params")(params)


def init(
    folder: Path = typer.Argument(help="Folder to make; it must not hold a project yet"),
    name: str = typer.Option("", help="Id of the data set (default: the folder's name)"),
    ci: str = typer.Option("", help="github or gitlab: write the job that stops material changes"),
) -> None:
    """Make a working project: dvc.yaml, params.yaml, sources.yaml, policies/, trust.json, git and DVC set up."""
    from pipelines.scaffold import make_project

    for line in make_project(folder, name, ci=ci):
        typer.echo(line)


def preview(
    docs: int = typer.Option(1000, min=1, help="Documents to take, seeded, over all sources"),
    keep: bool = typer.Option(False, help="Keep the preview's folder and print its path"),
) -> None:
    """Run the whole pipeline on a seeded slice of the sources; nothing of the project changes."""
    from pipelines.preview import run_preview
    from pipelines.project import Project

    for line in run_preview(Project.find(), docs, keep=keep):
        typer.echo(line)


def params() -> None:
    """Print every setting of params.yaml with its type, default and meaning."""
    from pipelines.settings import reference

    for name, kind, default, text in reference():
        typer.echo(f"{name}  ({kind}, default {default})\n    {text}")
