"""`hallmark export` and `hallmark pack`: the papers of a release for an authority, and one zip that verifies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer

if TYPE_CHECKING:
    from lineage.exports import Release

FOR = typer.Option(..., "--for", help="cn, eu or ca")
FORMAT = typer.Option("all", "--format", help="all (Markdown, .docx, .xlsx) or md")


def register(app: typer.Typer) -> None:
    """Add this module's commands to the program."""
    app.command("export")(export)
    app.command("pack")(pack)


def export(
    regime: str = FOR,
    to: Optional[Path] = typer.Option(None, help="Folder to write to; data/exports/<for> without it"),  # noqa: UP045
    release: Optional[Path] = typer.Option(None, help="Release folder; the project's without it"),  # noqa: UP045
    formats: str = FORMAT,
) -> None:
    """Write the papers that China, the EU or California asks for; Annex 4 (keywords) is restricted, mode 0600."""
    from lineage.exports.papers import RESTRICTED, papers

    _known(regime, formats)
    project, view = _open(release)
    target = to or _default(project, regime)
    _outside(target, view.staging)
    extra = _chinese(project) if regime == "cn" else {}
    for name, content in papers(view, regime, formats=formats, **extra).items():  # type: ignore[arg-type]
        _write(target / name, content, secret=name == RESTRICTED)
        typer.echo(f"{target / name}{'  (restricted: do not publish)' if name == RESTRICTED else ''}")


def pack(
    release: Path = typer.Argument(help="Release folder"),
    regime: str = FOR,
    to: Optional[Path] = typer.Option(None, help="Zip to write; <id>-<version>-<for>.zip without it"),  # noqa: UP045
    shards: Optional[list[str]] = typer.Option(None, help="Shards to take along (glob; '*' for all)"),  # noqa: UP045
    no_shards: bool = typer.Option(
        False, "--no-shards", help="Take no shard along; the smallest goes otherwise"
    ),
    with_keywords: bool = typer.Option(False, "--with-keywords", help="cn: put the restricted Annex 4 in"),
    formats: str = FORMAT,
) -> None:
    """Make one zip for an inspector: papers, sheets, certificates, exports, and how to verify them."""
    from lineage.exports.pack import chosen_shards, release_files, write_pack
    from lineage.exports.papers import RESTRICTED, papers

    _known(regime, formats)
    project, view = _open(release)
    target = to or Path(f"{view.dataset['id']}-{view.dataset['version']}-{regime}.zip")
    _outside(target, view.staging)
    extra = _chinese(project) if regime == "cn" else {}
    if not with_keywords:
        extra.pop("keywords", None)
    made = papers(view, regime, formats=formats, **extra)  # type: ignore[arg-type]
    taken = [] if no_shards else chosen_shards(view, shards)
    digest = write_pack(target, view, release_files(view, taken), made, _keyids(view))
    typer.echo(f"{target}: {len(taken)} of {len(view.shards)} shards, SHA-256 {digest}")
    if RESTRICTED in made:
        target.chmod(0o600)
        typer.echo("it holds the restricted keyword list: give it to the authority alone")


def _known(regime: str, formats: str) -> None:
    from lineage.errors import SettingsError
    from lineage.exports.papers import FORMATS, REGIMES

    for name, value, choices in (("--for", regime, REGIMES), ("--format", formats, FORMATS)):
        if value not in choices:
            raise SettingsError(f"unknown: {value!r}", where=name, cure=f"choose from: {', '.join(choices)}")


def _open(folder: Path | None) -> tuple[Any, Release]:
    """Return the project (None outside of one) and the view of the release with the project's answers."""
    from lineage.errors import SettingsError
    from lineage.exports import Release
    from lineage.yamlfile import YamlFile
    from pipelines.project import Project

    try:
        project = Project.find()
    except SettingsError:
        if folder is None:
            raise
        return None, Release.open(folder)
    answers = project.root / project.params.publish.answers
    place = folder or project.release
    own = (
        place.resolve() == project.release.resolve()
    )  # answers of this project say nothing of another's release
    return project, Release.open(place, YamlFile(answers).plain() if own and answers.is_file() else None)


def _default(project: Any, regime: str) -> Path:
    from lineage.errors import SettingsError

    if project is None:
        raise SettingsError("no project here to write into", where="--to", cure="name a folder with --to")
    return project.data / "exports" / regime


def _outside(target: Path, release: Path) -> None:
    """Refuse to write into a release: it is certified as it stands, and some papers are restricted."""
    from lineage.errors import SettingsError

    if target.resolve().is_relative_to(release.resolve()):
        raise SettingsError("inside the release", where=str(target), cure="choose a place outside of it")


def _chinese(project: Any) -> dict[str, Any]:
    """Return annotation records and keywords, which only the project has; without one, neither."""
    if project is None:
        return {}
    annotations = {s.id: s.annotation for s in project.sources.values()}
    return {"annotations": annotations, "keywords": _keywords(project.params.screen)}


def _keywords(settings: Any) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, int, int]]]:
    """Return every anchor term with its family and risk, and per risk how many there are against the minimum."""
    from stages.screen import TAXONOMY
    from stages.screen.coverage import coverage  # the package's own name may be the module by now
    from stages.screen.screen import engine

    families = {f.code: f.zh for f in TAXONOMY.families}
    risks = {r.code: r for r in TAXONOMY.risks}
    rows = set()
    for lexicon in engine(settings).lexicons:
        for rule in lexicon.rules:
            risk = risks.get(rule.code or lexicon.code)
            if risk is None:
                continue
            parent = risks.get(risk.part_of, risk)
            family = families.get(parent.family) or families.get(risk.part_of) or risk.family
            rows |= {
                (t.removesuffix("*"), family, risk.zh) for n in rule.any for t in lexicon.sets.get(n, ())
            }
    counts = [(c["code"], risks[c["code"]].zh, c["keywords"], c["min_keywords"]) for c in coverage(settings)]
    return sorted(rows, key=lambda r: (r[1], r[2], r[0])), counts


def _keyids(view: Release) -> list[str]:
    """Return the key ids that the release certificate names; they are hints, not proof."""
    import json

    path = view.staging / "meta" / "certs" / "release.dsse.json"
    if not path.is_file():
        return []
    return sorted({s["keyid"] for s in json.loads(path.read_bytes())["signatures"]})


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    from pipelines.project import write_bytes

    path.parent.mkdir(parents=True, exist_ok=True)
    if secret:
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
    write_bytes(path, content)
    if secret:
        path.chmod(0o600)
