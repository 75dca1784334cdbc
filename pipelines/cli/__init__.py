"""The command line. Every command imports what it needs when it runs: plain `hallmark` can only verify."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import typer

from lineage.errors import HallmarkError

#: Modules of this package with a Typer `app` (a group of commands) or a `register(app)` function, or both.
GROUPS = {"stage": "stage", "keys": "keys", "sources": "source", "sheet": "sheet"}
GROUPS |= {"review": "review", "remove": "remove", "policy": "policy", "detector": "detector"}
REGISTERING = ("project", "release", "answers", "remove", "seal", "export")

app = typer.Typer(
    name="hallmark",
    help="Certified training data: provenance, cleaning, screening, and certificates a stranger can check.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _assemble() -> None:
    for module, name in GROUPS.items():
        if find_spec(f"{__name__}.{module}"):
            app.add_typer(import_module(f"{__name__}.{module}").app, name=name)
    for module in REGISTERING:
        if find_spec(f"{__name__}.{module}"):
            import_module(f"{__name__}.{module}").register(app)


_assemble()


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
    except OSError as e:  # the file system's answer: its words and the file, no traceback
        place = f"{e.filename}: " if e.filename else ""
        print(f"error: {place}{e.strerror or type(e).__name__}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; what is whole stays, run the same command again to go on", file=sys.stderr)
        sys.exit(130)
