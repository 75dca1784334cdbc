"""`hallmark sheet`: questions for people, the sheets in a browser."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import Optional

import typer

app = typer.Typer(help="Answer the data sheet's questions, open sheets.", no_args_is_help=True)


@app.command("questions")
def questions(
    ask: bool = typer.Option(False, "--answer", help="Ask each unanswered question and write the answers"),
    author: str = typer.Option("", help="Who answers; printed on the sheet"),
) -> None:
    """List the questions only people can answer; with --answer, fill datasheet.yaml."""
    from lineage import sheets
    from lineage.yamlfile import YamlFile
    from pipelines.project import Project

    project = Project.find()
    path = project.root / project.params.publish.answers
    answers = YamlFile(path).plain() if path.is_file() else {}
    sheets.check(answers)
    open_ids = sheets.unanswered(answers)
    for name, question in sheets.questions().items():
        mark = " " if name in open_ids else "x"
        typer.echo(f"[{mark}] {name}: {question['en']}\n      {question['zh']}")
    typer.echo(f"{len(open_ids)} unanswered; answers stand in {path.name}")
    if ask:
        _ask(path, sheets, open_ids, author)


def _ask(path: Path, sheets, open_ids: list[str], author: str) -> None:
    """Ask on the terminal; an empty line skips. Answers are appended, so what stands there keeps its form."""
    import datetime as dt

    from pipelines.project import write_bytes

    author = author or typer.prompt("Author")
    for name in open_ids:
        question = sheets.questions()[name]
        typer.echo(f"\n{question['en']}\n{question['zh']}")
        answer = {lang: typer.prompt(lang, default="", show_default=False) for lang in ("en", "zh")}
        answer = {k: v for k, v in answer.items() if v}
        if not answer:
            continue
        answer |= {"author": author, "date": dt.date.today().isoformat()}
        text = path.read_text(encoding="utf-8").rstrip() if path.is_file() else ""
        text = text.removesuffix("{}").rstrip()
        text = f"{text}\n{name}: {json.dumps(answer, ensure_ascii=False)}\n".lstrip()
        write_bytes(path, text.encode("utf-8"))  # whole or not at all: people's answers stand in it


@app.command("open")
def open_sheet(
    part: Optional[str] = typer.Argument(None, help="source/part; the release's sheet without it"),  # noqa: UP045
    lang: str = typer.Option("zh", help="zh or en"),
) -> None:
    """Open a data sheet in the browser, or print its path where there is none."""
    from lineage.errors import HallmarkError
    from pipelines.project import Project, release_near

    if lang not in ("zh", "en"):
        raise HallmarkError(f"no sheet is written in {lang!r}", where="--lang", cure="use zh or en")
    folder = release_near(Path.cwd()) or Project.find().release  # a reviewer may hold the release alone
    path = folder / "sheets" / f"{part or 'release'}.{lang}.html"
    if not path.is_file():
        raise HallmarkError("no such sheet", where=str(path), cure="run `dvc repro`, or name source/part")
    if not webbrowser.open(path.as_uri()):
        typer.echo(path)


@app.command("site")
def site(
    releases: list[Path] = typer.Argument(help="Release folders; one or several"),
    out: Path = typer.Option(
        Path("sheets-index"), help="Folder to write index.zh.html and index.en.html into"
    ),
) -> None:
    """Index the shards of several releases in one page that searches and sorts without a server."""
    from lineage import sheets
    from pipelines.project import write_bytes
    from pipelines.releases_index import shelf

    shelves = [shelf(folder, out) for folder in releases]
    for lang in ("zh", "en"):
        write_bytes(out / f"index.{lang}.html", sheets.site_of_releases(shelves, lang=lang).encode("utf-8"))
    shards = sum(len(s.manifests) for s in shelves)
    typer.echo(f"{shards} shards of {len(shelves)} releases: {out / 'index.zh.html'}, index.en.html")
    typer.echo("the index checks no signature: run `hallmark verify` on each release")
