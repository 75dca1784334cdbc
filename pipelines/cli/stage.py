"""`hallmark stage`: what dvc.yaml calls."""

from __future__ import annotations

import typer

app = typer.Typer(help="Run one stage of the pipeline (dvc.yaml calls this).", no_args_is_help=True)


@app.command("run")
def run(name: str = typer.Argument(help="Name of the stage, as in dvc.yaml")) -> None:
    """Run one stage over all parts of the project."""
    from pipelines.project import Project
    from pipelines.run import run_stage

    run_stage(name, Project.find())


@app.command("list")
def stages() -> None:
    """Name the stages in their order."""
    from pipelines.project import STAGES

    typer.echo("\n".join(STAGES))
