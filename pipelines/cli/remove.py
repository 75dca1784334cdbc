"""`hallmark remove`: removal requests, from the request to the proof."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Optional

import typer

app = typer.Typer(help="Removal requests: record, show, check, prove.", no_args_is_help=True)
DATE = typer.Option(None, "--date", formats=["%Y-%m-%d"], help="Day it was received (default: release.as_of)")
JSON = typer.Option(False, "--json", help="Print JSON")


def register(program: typer.Typer) -> None:
    """Add this module's commands to the program."""
    program.command("purge")(purge)
    program.command("due")(due)


def purge(
    apply: bool = typer.Option(False, "--apply", help="Do it; without, only say what would be done"),
    date: Optional[dt.datetime] = DATE,  # noqa: UP045
    remotes: bool = typer.Option(
        False, "--remotes", help="Also delete known objects in remotes that are no folders"
    ),
) -> None:
    """Delete what still holds removed documents (tables, caches, local remotes), with receipts in the ledger."""
    from pipelines.project import Project
    from pipelines.removal.purge import purge as purged

    project = Project.find()
    lines = purged(project, _day(project, date), apply=apply, remotes=remotes)
    if apply:
        _note(project)
    typer.echo("\n".join(lines))


def due(
    date: Optional[dt.datetime] = typer.Option(  # noqa: UP045
        None, "--date", formats=["%Y-%m-%d"], help="Day to look at (default: today)"
    ),
    apply: bool = typer.Option(False, "--apply", help="Move release.as_of in params.yaml to that day"),
    as_json: bool = JSON,
) -> None:
    """List sources whose retention has ended on a day, and what ends next; --apply moves release.as_of there."""
    from pipelines.project import Project
    from pipelines.removal.due import due_report

    day = date.date() if date else dt.datetime.now(dt.UTC).date()
    typer.echo(due_report(Project.find(), day, apply=apply, as_json=as_json))


@app.command("request")
def request(
    basis: str = typer.Option(
        ..., help="pipl-47, gdpr-17, copyright, opt-out, illegal-content or safety-recall"
    ),
    doc_id: Optional[str] = typer.Option(None, help="Document id (hex)"),  # noqa: UP045
    url: Optional[str] = typer.Option(None, help="Web address of the document"),  # noqa: UP045
    domain: Optional[str] = typer.Option(None, help="Every document of this domain and those below it"),  # noqa: UP045
    text_file: Optional[Path] = typer.Option(None, help="File with the text (UTF-8)"),  # noqa: UP045
    subject: Optional[str] = typer.Option(None, help="TYPE=VALUE of a person; TYPE=- reads it"),  # noqa: UP045
    jurisdiction: Optional[str] = typer.Option(None, help="ISO 3166 code, or EU"),  # noqa: UP045
    request_id: Optional[str] = typer.Option(None, help="Your number of the request; no name in it"),  # noqa: UP045
    verified_by: Optional[str] = typer.Option(None, help="Pseudonym of who checked the request"),  # noqa: UP045
    date: Optional[dt.datetime] = DATE,  # noqa: UP045
    release: Optional[list[Path]] = typer.Option(None, help="Folder of an earlier release; may be repeated"),  # noqa: UP045
    dry_run: bool = typer.Option(False, help="Show what it would remove; write nothing"),
    as_json: bool = JSON,
) -> None:
    """Find every document that is meant and its verified near-duplicates, and keep them out from the next run on."""
    from pipelines.project import Project
    from pipelines.removal.report import entry_report
    from pipelines.removal.request import Ground, request
    from pipelines.removal.selector import choose

    project = Project.find()
    if subject and subject.endswith("=-"):  # keeps the value out of the shell's history and the process list
        subject = subject[:-1] + sys.stdin.readline().strip()
    selector = choose(doc_id=doc_id, url=url, domain=domain, text_file=text_file, subject=subject)
    ground = Ground(basis, _day(project, date), request_id, jurisdiction, verified_by)
    entry = request(project, selector, ground, dry_run=dry_run, others=tuple(release or ()))
    if not dry_run:
        _note(project)
    typer.echo(entry_report(entry, as_json=as_json, dry_run=dry_run))


@app.command("list")
def list_requests(as_json: bool = JSON) -> None:
    """Print every entry of the ledger with its state."""
    from pipelines.project import Project
    from pipelines.removal.report import list_report

    typer.echo(list_report(Project.find(), as_json=as_json))


@app.command("show")
def show(
    seq: int = typer.Argument(help="Number of the entry"),
    as_json: bool = JSON,
) -> None:
    """Print one entry, and what became of its documents in the last run."""
    from pipelines.project import Project
    from pipelines.removal.report import show_report

    typer.echo(show_report(Project.find(), seq, as_json=as_json))


@app.command("verify")
def verify() -> None:
    """Check the chain line by line, its end, the sealed files, and that it continues what the release states."""
    from pipelines.project import Project
    from pipelines.removal.report import verify_report

    lines, good = verify_report(Project.find())
    typer.echo("\n".join(lines))
    if not good:
        raise typer.Exit(1)


@app.command("reject")
def reject(
    seq: int = typer.Argument(help="Number of the request"),
    reason: str = typer.Option(..., help="Why, as a slug, e.g. not-the-author"),
    date: Optional[dt.datetime] = DATE,  # noqa: UP045
) -> None:
    """Record that a request does not stand; its documents may come back at the next run."""
    from pipelines.project import Project
    from pipelines.removal.request import reject as rejected

    project = Project.find()
    entry = rejected(project, seq, reason, _day(project, date))
    _note(project)
    typer.echo(f"entry {entry['seq']}: request {seq} is rejected ({reason}); run `dvc repro`")


def _note(project) -> None:
    """Note in the operator's journal how far the ledger goes now."""
    from pipelines.sealing.diary import note_ledger

    note_ledger(project)


def _day(project, date: dt.datetime | None) -> dt.date:
    return date.date() if date else project.params.release.as_of


@app.command("prove")
def prove(
    seq: int = typer.Argument(help="Number of the request"),
    out: Optional[Path] = typer.Option(None, help="Where to write it (default: data/removals/)"),  # noqa: UP045
    before: Optional[Path] = typer.Option(None, help="Folder of the release that held the documents"),  # noqa: UP045
) -> None:
    """Write one small file that shows: in the release before, not in the release at hand. It verifies alone."""
    from pipelines.project import Project
    from pipelines.removal.proving import prove as proved

    typer.echo("\n".join(proved(Project.find(), seq, out=out, before=before)))


@app.command("check")
def check(
    file: Path = typer.Argument(exists=True, dir_okay=False, help="What `hallmark remove prove` wrote"),
    trust: Optional[Path] = typer.Option(None, help="Trust file or key (default: as verify)"),  # noqa: UP045
) -> None:
    """Check a proof of removal and print what it shows; needs no project and no release."""
    import os

    from lineage import trust as trusting
    from lineage.removals import proof

    believed = trusting.load(trust, os.environ, Path.cwd())
    shown = proof.check(file.read_bytes(), believed, dt.datetime.now(dt.UTC).date())
    typer.echo("\n".join(proof.describe(shown)))
