"""`hallmark source`: add sources, and say what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

app = typer.Typer(help="Add sources and check their proofs.", no_args_is_help=True)


@app.command("add")
def add(
    paths: list[str] = typer.Argument(help="Files, folders or globs, relative to the project"),
    id: str = typer.Option(..., help="Unique id: lower-case letters, digits, hyphens"),
    licence: str = typer.Option(..., help="SPDX expression, or NOASSERTION"),
    source_class: str = typer.Option(..., "--class", help="How it was acquired, e.g. open-licence"),
    evidence: Optional[list[Path]] = typer.Option(None, help="File that proves it; may be repeated"),  # noqa: UP045
    title: str = typer.Option("", help="Title (default: the id)"),
    jurisdiction: str = typer.Option("CN", help="Where it comes from, ISO 3166"),
) -> None:
    """Detect the format, show three records as understood (masked), and write the entry to sources.yaml."""
    from pipelines.project import Project
    from pipelines.source_entry import add_source

    lines = add_source(
        Project.find(),
        paths=paths,
        id=id,
        licence=licence,
        source_class=source_class,
        evidence=list(evidence or ()),
        title=title,
        jurisdiction=jurisdiction,
    )
    for line in lines:
        typer.echo(line)


@app.command("check")
def check() -> None:
    """Say for each source what is missing and why it matters; exit code 1 if something that blocks is missing."""
    from pipelines.project import Project
    from pipelines.source_entry import check_sources

    lines, blocked = check_sources(Project.find())
    for line in lines:
        typer.echo(line)
    if blocked:
        raise typer.Exit(1)


@app.command("probe")
def probe(
    wanted: str = typer.Argument(help="Id of a source, or a file, folder or glob that is no source yet"),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object"),
) -> None:
    """Screen a seeded sample of a source before it is used; exit code 1 if the policy's limit refuses it."""
    from pipelines.project import Project
    from pipelines.source_probe import probe_report, probe_source

    result = probe_source(Project.find(), wanted)
    typer.echo(probe_report(result, as_json=as_json))
    if result["status"] == "fail":
        raise typer.Exit(1)
