"""`hallmark books`, `trace`, `removed`, `what-if`: answers about what happened to documents."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the program."""
    app.command("books")(books)
    app.command("trace")(trace)
    app.command("removed")(removed)
    app.command("what-if")(what_if)


def books(as_json: bool = typer.Option(False, "--json", help="Print JSON")) -> None:
    """Print the conservation table per source and reason: in = kept + redacted + removed + quarantined + unreadable."""
    from pipelines.project import Project
    from pipelines.questions import books_report

    typer.echo(books_report(Project.find(), as_json=as_json))


def trace(
    doc_id: Optional[str] = typer.Argument(None, help="Document id (hex, a unique beginning is enough)"),  # noqa: UP045
    url: Optional[str] = typer.Option(None, help="Web address instead of an id"),  # noqa: UP045
    text_file: Optional[Path] = typer.Option(None, help="File with the text: exact and near"),  # noqa: UP045
    release: Optional[list[Path]] = typer.Option(None, help="Search this release too; may be repeated"),  # noqa: UP045
    reread: bool = typer.Option(False, help="Read the record again from its source and compare its digest"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON"),
) -> None:
    """Tell one document's whole way: source bytes, each stage's evidence, disposition, shard and row, or its twin."""
    from pipelines.project import Project
    from pipelines.removal.selector import choose
    from pipelines.tracing import trace_report

    selector = choose(doc_id=doc_id, url=url, text_file=text_file)
    found = tuple(release or ())
    typer.echo(trace_report(Project.find(), selector, releases=found, reread=reread, as_json=as_json))


def removed(
    reason: Optional[str] = typer.Option(None, help="Only this reason slug"),  # noqa: UP045
    source: Optional[str] = typer.Option(None, help="Only this source"),  # noqa: UP045
    sample: int = typer.Option(20, min=1, help="Documents to show"),
) -> None:
    """Show text that was removed or quarantined, to those who may read the restricted zone (data/)."""
    from pipelines.project import Project
    from pipelines.questions import removed_report

    typer.echo(removed_report(Project.find(), reason=reason, source=source, sample=sample))


def what_if(
    policy: Path = typer.Option(..., exists=True, dir_okay=False, help="Policy file to try"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON"),
) -> None:
    """Print how the counts would change under another policy; no detector runs, nothing is published."""
    from pipelines.project import Project
    from pipelines.questions import what_if_report

    typer.echo(what_if_report(Project.find(), policy, as_json=as_json))
