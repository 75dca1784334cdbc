"""`hallmark policy`: check a policy, tell a rule in words, run a policy's own examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

if TYPE_CHECKING:
    from pipelines.policies import Problem

app = typer.Typer(help="Check policies, explain their rules, run their examples.", no_args_is_help=True)

FILE = typer.Option(None, "--policy", help="Policy file, or a name in policies/; the project's without it")


@app.command("lint")
def lint(
    policies: Optional[list[str]] = typer.Argument(None, help="Files or names; all of policies/ without"),  # noqa: UP045
    as_json: bool = typer.Option(False, "--json", help="Print JSON"),
) -> None:
    """Check policies: unknown columns, codes, detectors, types, labels and measures are errors (exit 1)."""
    from pipelines.policies import lint as check

    pii, screen = _settings()
    found: dict[str, list[Problem]] = {}
    for path in [_path(p) for p in policies] if policies else _all():
        found[path.name] = check(path, pii=pii, screen=screen)
    if as_json:
        typer.echo(
            json.dumps({k: [p._asdict() for p in v] for k, v in found.items()}, ensure_ascii=False, indent=1)
        )
    else:
        for name, problems in found.items():
            for p in problems:
                typer.echo(f"{p.level}: {p.where}: {p.what}\n  -> {p.cure}")
            errors = sum(p.level == "error" for p in problems)
            typer.echo(f"{name}: {errors} errors, {len(problems) - errors} warnings")
    if any(p.level == "error" for problems in found.values() for p in problems):
        raise typer.Exit(1)


@app.command("explain")
def explain(
    rule: Optional[str] = typer.Argument(None, help="Id of a rule or gate; lists all without"),  # noqa: UP045
    policy: Optional[str] = FILE,  # noqa: UP045
) -> None:
    """Say in words when a rule fires, what follows, and which clause asks for it; without a name, list them all."""
    from pipelines.policies import contents
    from pipelines.policies import explain as tell
    from stages.decide.policy import load_policy

    chosen = load_policy(_path(policy))
    typer.echo(tell(chosen, rule) if rule else contents(chosen))


@app.command("test")
def test(
    policies: Optional[list[str]] = typer.Argument(None, help="Files or names; the project's without"),  # noqa: UP045
) -> None:
    """Run the examples that policies carry; one that comes out otherwise makes exit 1."""
    from pipelines.policies import try_examples
    from stages.decide.policy import load_policy

    bad = 0
    for path in [_path(p) for p in policies] if policies else [_path(None)]:
        outcomes = try_examples(load_policy(path))
        for outcome in outcomes:
            typer.echo(f"{'FAIL' if outcome.wrong else 'ok'}: {outcome.name}")
            for line in outcome.wrong:
                typer.echo(f"  {line}")
        wrong = sum(bool(o.wrong) for o in outcomes)
        bad += wrong
        typer.echo(f"{path.name}: {len(outcomes) - wrong} of {len(outcomes)} examples as expected")
    if bad:
        raise typer.Exit(1)


def _path(name: str | None) -> Path:
    """Return the file that a path or a policy's name means."""
    from lineage.errors import SettingsError
    from pipelines.project import Project

    if name is None:
        return Project.find().policy_path
    if Path(name).is_file():
        return Path(name)
    folder = Project.find().root / "policies"
    path = folder / f"{name.removesuffix('.yaml')}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise SettingsError("no such policy", where=name, cure=f"name a file, or one of policies/: {names}")
    return path


def _all() -> list[Path]:
    from lineage.errors import SettingsError
    from pipelines.project import Project

    folder = Project.find().root / "policies"
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise SettingsError(
            "no policy (*.yaml)", where=str(folder), cure="run this in a project of `hallmark init`"
        )
    return found


def _settings():
    """Return the project's pii and screen settings, None outside a project (the defaults then count)."""
    from lineage.errors import SettingsError
    from pipelines.project import Project

    try:
        project = Project.find()
    except SettingsError:
        return None, None
    return project.params.pii, project.params.screen
