"""The command line. Every command imports what it needs when it runs: plain `hallmark` can only verify."""

from __future__ import annotations

import sys

import typer

from lineage.errors import HallmarkError
from pipelines.cli import answers, keys, project, release, sheet, sources, stage

app = typer.Typer(
    name="hallmark",
    help="Certified training data: provenance, cleaning, screening, and certificates a stranger can check.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(stage.app, name="stage")
app.add_typer(keys.app, name="keys")
app.add_typer(sources.app, name="source")
app.add_typer(sheet.app, name="sheet")
for module in (project, release, answers):
    module.register(app)


def main() -> None:
    """Run the command; a HallmarkError becomes one clear message and a code other than 0."""
    try:
        app()
    except HallmarkError as e:
        print(f"error: {e}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as e:
        if e.name and e.name.partition(".")[0] in ("lineage", "stages", "pipelines"):
            raise
        print(
            f"error: this command needs the package {e.name!r}\n  -> pip install 'hallmark[pipeline]'",
            file=sys.stderr,
        )
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        print("interrupted; what is whole stays, run the same command again to go on", file=sys.stderr)
        sys.exit(130)
