"""`hallmark detector`: what runs, what was measured of it, and the one command that measures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipelines.settings import Params

app = typer.Typer(help="Detectors and their measured evidence.", no_args_is_help=True)
OPERATOR_FOLDER = "evidence/detectors"


@app.command("list")
def listed() -> None:
    """List the detectors that run here, with the status of their evidence."""
    from lineage import evidence
    from pipelines.evaluate import running

    filed = evidence.load(_folders())
    for entry in running(_params()):
        quoted, note = evidence.matching(entry, filed)
        state = quoted["status"] if quoted else note
        if entry.get("not_run"):
            state = f"not run: {entry['not_run']}"
        typer.echo(f"{entry['stage']:8} {entry['detector']:28} {state}")


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="name or name@version")]) -> None:
    """Print the figures of one detector: recall, precision and false positives with 95 % intervals."""
    from lineage import evidence
    from pipelines.evaluate import chosen, running

    filed = evidence.load(_folders())
    for entry in chosen([name], running(_params())):
        typer.echo(f"{entry['detector']}  sha256 {entry['sha256']}")
        note = evidence.matching(entry, filed)[1]
        if note:
            typer.echo(f"  {note}")
            continue
        for row in filed[entry["detector"]].body["figures"]:
            typer.echo("  " + _line(row))


@app.command("evaluate")
def run(
    eval_dir: Annotated[
        Path, typer.Option("--eval-dir", help="Folder of labelled sets, laid out by sub-folder.")
    ],
    names: Annotated[list[str] | None, typer.Argument(help="Detectors; none: all that run here")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the files; default: ./evidence/detectors")
    ] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Write where the package keeps its own evidence.")
    ] = False,
) -> None:
    """Measure detectors on labelled sets and write one evidence file each; figures only, no row of a set."""
    from lineage.atomic import write_bytes
    from lineage.canonical import loads
    from lineage.errors import InputError
    from pipelines.evaluate import evaluate, shipped_folders

    files = evaluate(names or [], eval_dir, _params())
    if not files:
        raise InputError(
            "this folder holds no labelled set for these detectors",
            where=str(eval_dir),
            cure="see docs/evidence.md for the layout",
        )
    for name, data in files.items():
        body = loads(data)
        folder = out or Path(OPERATOR_FOLDER)
        if shipped:
            folder = next(f for f in shipped_folders() if f.parent.name == body["stage"])
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / f"{name}.json", data)
        typer.echo(f"{name}: {body['status']}, {len(body['figures'])} figures, {folder / name}.json")


@app.command("import")
def import_workbook(
    file: Annotated[Path, typer.Argument(help="Workbook: CSV (UTF-8, GB18030), or .xlsx with openpyxl")],
    kind: Annotated[
        str, typer.Option(help="keywords | important-data | australia-group | nsg | mtcr | miit")
    ] = "keywords",
    out: Annotated[Path, typer.Option("--out", help="Folder for screen.operator_lexicons")] = Path(
        "lexicons"
    ),
) -> None:
    """Turn an operator's workbook into lexicon files; rows that cannot be used are told by number."""
    from datetime import date

    from lineage.errors import SettingsError
    from pipelines.project import Project
    from stages.screen import workbook

    try:
        as_of = Project.find().params.release.as_of
    except SettingsError:
        as_of = date.today()
    if kind == "keywords":
        found = workbook.keywords(file, as_of)
    elif kind == "important-data":
        found = workbook.catalogue(file, as_of)
    else:
        found = workbook.control_list(file, kind, as_of)
    for path in workbook.write(found, out):
        typer.echo(f"wrote {path}")
    typer.echo(
        f"rows {found.rows}, terms {found.terms}, repeated {found.repeated}, refused {len(found.refused)}"
    )
    for number, why in found.refused:
        typer.echo(f"  row {number}: {why}", err=True)
    if found.refused:
        raise typer.Exit(1)


@app.command("fingerprint")
def fingerprint(
    file: Annotated[Path, typer.Argument(help="The text of a protected work (UTF-8)")],
    work: Annotated[str, typer.Option("--work", help="Its name in the registry")],
) -> None:
    """Print a line for a registry of works (screen.works) that shows no word of the text."""
    import json

    from lineage.errors import InputError
    from stages.screen import works

    try:
        text = file.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read as UTF-8: {type(error).__name__}", where=str(file)) from None
    found = works.fingerprint(text)
    if not found["long"]:
        raise InputError(
            "too short for a fingerprint", where=str(file), cure="name it by the sha256 of its text"
        )
    typer.echo(json.dumps({"work": work, "fingerprint": found}))


@app.command("terms")
def terms(
    out: Annotated[Path, typer.Option("--out", help="CSV with every term; it stays inside")] = Path(
        "terms.csv"
    ),
) -> None:
    """Count how often each term of the lexicons stands in the corpus; print terms, dead ones and age per lexicon."""
    import polars as pl

    from lineage.atomic import write_bytes
    from pipelines import parts
    from pipelines.project import Project
    from stages.screen import screen
    from stages.screen import terms as counting

    project = Project.find()
    tables = (parts.read_part(project.table("ingest", ref), ["text"]) for ref in project.parts())
    table = counting.count(
        (t["text"].drop_nulls() for t in tables), screen.engine(project.params.screen).matcher
    )
    write_bytes(out, table.write_csv().encode())
    as_of = project.params.release.as_of
    for (name, updated), rows in table.group_by("detector", "updated", maintain_order=True):
        dead = rows.filter(pl.col("hits") == 0).height
        age = (as_of - updated).days
        typer.echo(f"{name:32} terms {rows.height:6}  dead {dead:6}  {age} days old at {as_of}")
    typer.echo(f"wrote {out}")


def _line(row: dict[str, Any]) -> str:
    shares = "  ".join(f"{key} {_percent(row[key])}" for key in ("recall", "precision", "fpr") if row[key])
    place = " ".join(filter(None, [row["set"], row["subset"]]))
    what = f"{row['code']:22} {row['language']:4} {row['level']:8} n {row['n']:5}"
    return f"{what}  {shares}  {row['status'] or ''} ({place})"


def _percent(share: list[float]) -> str:
    return f"{share[0]:.1%} [{share[1]:.1%}, {share[2]:.1%}]"


def _params() -> Params:
    """Return the settings of the project here; outside a project, the defaults."""
    from lineage.errors import SettingsError
    from pipelines.project import Project
    from pipelines.settings import Params

    try:
        project = Project.find()
    except SettingsError:
        return Params.model_construct(**_blocks())
    return project.params


def _blocks() -> dict[str, Any]:
    from stages import dedup, pii, quality, screen

    return {
        "screen": screen.ScreenSettings(),
        "pii": pii.PiiSettings(),
        "quality": quality.QualitySettings(),
        "dedup": dedup.DedupSettings(),
    }


def _folders() -> list[Path]:
    """Return the folders of evidence: the package's, then the project's own, which comes before it."""
    from lineage.errors import SettingsError
    from pipelines.evaluate import shipped_folders
    from pipelines.project import Project

    try:
        return [*shipped_folders(), Project.find().root / OPERATOR_FOLDER]
    except SettingsError:
        return shipped_folders()
