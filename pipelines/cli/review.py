"""`hallmark review`: people read what was drawn, sign what they decided, and see what it says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Optional

import typer

app = typer.Typer(
    help="Read drawn documents in a local page; sign and count the verdicts.", no_args_is_help=True
)

DRAWS = "audit, probe, quarantine or detector"
AS = typer.Option(
    ..., "--as", envvar="HALLMARK_REVIEWER", prompt="Your pseudonym", help="Pseudonym of the reader"
)


REVIEWS = typer.Option(None, help="Folder of the readings of a release; default: in a project, its own")


@app.command("serve")
def serve(
    release: Path | None = typer.Argument(
        None, help="A release folder to read on its own, without its project"
    ),
    person: str = AS,
    draw: str = typer.Option("audit", help=DRAWS),
    role: str = typer.Option("annotator", help="annotator, reviewer (blind second reading) or adjudicator"),
    source: Optional[str] = typer.Option(None, help="Only items of this source"),  # noqa: UP045
    port: int = typer.Option(0, min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one"),
    browser: bool = typer.Option(True, help="Open the page in the browser"),
    trust: Optional[Path] = typer.Option(None, help="Of a release: trust file or public key to verify it by"),  # noqa: UP045
    reviews: Path | None = typer.Option(
        None, help="Of a release: folder for the readings; default: beside it"
    ),
    items: Optional[int] = typer.Option(None, min=1, help="Of a release: documents to draw; default 400"),  # noqa: UP045
    seed: int | None = typer.Option(None, min=0, help="Of a release: seed of the draw; default: a fresh one"),
) -> None:
    """Open the review desk in a local page; every verdict is on disk before the next item shows."""
    from pipelines.project import Project
    from pipelines.review_desk.outside import lone_release, open_release
    from pipelines.review_desk.outside_report import NOTE
    from pipelines.review_desk.serve import serve_desk

    alone = release or lone_release()
    if alone is None:
        place = Project.find()
    else:
        place = open_release(alone, trust=trust, reviews=reviews, items=items, seed=seed)
        typer.echo(f"verified; {len(place.items)} documents drawn. This is {NOTE}")
        draw, source = "audit", None
    serve_desk(place, draw, person, role, source=source, port=port, browser=browser, tell=typer.echo)


@app.command("status")
def status(
    as_json: bool = typer.Option(False, "--json", help="Print JSON"),
    reviews: Optional[Path] = REVIEWS,  # noqa: UP045
) -> None:
    """Print progress, agreement between readers, the audit's pass rate with its interval, and signatures."""
    from pipelines.project import Project
    from pipelines.review_desk import outside_report, report

    if reviews is not None:
        found = outside_report.outside_facts(reviews.resolve())
        lines = outside_report.outside_lines(found)
    else:
        found = report.status(Project.find())
        lines = report.status_lines(found)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else "\n".join(lines))


@app.command("handover")
def handover(
    folder: Path = typer.Argument(
        help="Folder of the readings of this project's present release", exists=True
    ),
) -> None:
    """Take an outside review of the present release into the project, if release, texts and signatures fit."""
    from pipelines.project import Project
    from pipelines.review_desk.outside_report import hand_over

    done = hand_over(Project.find(), folder.resolve())
    typer.echo(
        f"{done['written']} verdicts written to reviews/ as draw `outside`, {done['known']} stood already, "
        f"{done['unsigned']} files not wholly signed; `dvc repro` takes removals out of the next release"
    )


@app.command("check")
def check(
    out: Optional[Path] = typer.Option(None, help="Also write the figures to this file: no text"),  # noqa: UP045
    as_json: bool = typer.Option(False, "--json", help="Print JSON"),
) -> None:
    """Print each detector's precision and estimated recall from the check sets that people read."""
    from lineage.atomic import write_bytes
    from pipelines.project import Project
    from pipelines.review_desk import checks

    found = checks.check_facts(Project.find())
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(out, checks.document(found))
    told = (
        json.dumps(found, indent=1, ensure_ascii=False) if as_json else "\n".join(checks.check_lines(found))
    )
    typer.echo(told)


@app.command("held")
def held(
    check: bool = typer.Option(False, help="Open every entry of quarantine/ and compare its keyed hash"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON"),
) -> None:
    """Print what quarantine/ holds by source and reason, and what became of the rest; no text."""
    from pipelines.project import Project
    from pipelines.quarantine import register, store
    from pipelines.removal.keys import hmac_of

    project = Project.find()
    rows = (
        register.read(project)
        .group_by("state", "source", "reason")
        .len("docs")
        .sort("state", "source", "reason")
    )
    opened = store.check(project, hmac_of(project)[1]) if check else None
    if as_json:
        typer.echo(json.dumps({"rows": rows.to_dicts(), "opened": opened}, ensure_ascii=False, indent=1))
        return
    for state, source, reason, docs in rows.iter_rows():
        typer.echo(f"{state:<9} {source}: {reason}, {docs} documents")
    if check:
        typer.echo(f"{opened} entries opened, each with the keyed hash of the register")


@app.command("sign")
def sign(
    person: str = AS,
    key: Optional[Path] = typer.Option(None, help="Private key; default: the reader's own beside the keys"),  # noqa: UP045
    reviews: Optional[Path] = REVIEWS,  # noqa: UP045
) -> None:
    """Sign the reader's decisions file; the signature stands beside it and covers every line so far."""
    from lineage import keys
    from pipelines.project import Project
    from pipelines.review_desk import signing
    from pipelines.review_desk.people import check_name

    path = key or signing.default_key(check_name(person))
    if key is None and not path.exists():
        info = keys.generate("reviewer", path)
        typer.echo(
            f"made the key {path} (id {info.keyid[:16]}); whoever keeps trust.json vouches for it with:"
        )
        typer.echo(f"  hallmark keys trust {path}.pub --role reviewer")
    folder = reviews.resolve() if reviews else Project.find().root / "reviews"
    done = signing.sign_file(folder, person, keys.load_private(path))
    typer.echo(f"signed {done.lines} decisions in {folder.name}/{done.file} with key {done.keyid[:16]}")
    if reviews is None:
        typer.echo("`hallmark review status` says what counts; `dvc repro` takes it into the release")
    else:
        typer.echo(
            f"`hallmark review status --reviews {shlex.quote(str(folder))}` prints the rate and its interval"
        )


@app.command("export")
def export(
    path: Path = typer.Argument(
        help="File to write: .json (Label Studio), .csv or .xlsx; outside the project or in data/"
    ),
    person: str = AS,
    draw: str = typer.Option("audit", help=DRAWS),
    role: str = typer.Option("annotator", help="annotator or reviewer"),
    limit: Optional[int] = typer.Option(None, min=1, help="At most this many items"),  # noqa: UP045
) -> None:
    """Write the items that wait for a reader to a file for another tool; the file holds restricted text."""
    from pipelines.project import Project
    from pipelines.review_desk import exchange, label_studio

    count = exchange.export_items(Project.find(), draw, person, role, path, limit=limit)
    typer.echo(f"wrote {count} items to {path} (restricted text: delete it after the import)")
    if path.suffix == ".json":
        page = path.with_suffix(".config.xml")
        page.write_text(label_studio.config(), encoding="utf-8")
        typer.echo(f"wrote the labelling page to {page}: paste it into the project's labelling interface")


@app.command("import")
def import_(
    path: Path = typer.Argument(
        help="File with verdicts: Label Studio's JSON export, .csv or .xlsx", exists=True
    ),
    person: str = AS,
    draw: str = typer.Option("audit", help=DRAWS),
    role: str = typer.Option("annotator", help="annotator or reviewer"),
) -> None:
    """Append the verdicts of a file as this reader's; nothing is written if one of them is not sound."""
    from pipelines.project import Project
    from pipelines.review_desk import exchange

    done = exchange.import_verdicts(Project.find(), draw, person, role, path)
    typer.echo(
        f"{done['read']} items read, {done['written']} verdicts written, {done['known']} stood already, "
        f"{done['empty']} without a verdict"
    )
