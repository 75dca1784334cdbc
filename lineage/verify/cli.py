"""The command line of the verifier, on the standard library alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lineage.errors import SettingsError
from lineage.verify import demand
from lineage.verify.report import INCOMPLETE
from lineage.verify.whole import verify_release


def main(argv: Sequence[str] | None = None, prog: str = "python -m lineage.verify") -> int:
    """Verify as the arguments say, print the answer, and return the exit code (0, 1, 2 or 3).

    `prog`: how the caller was called, for the usage line.
    """
    options = _parser(prog).parse_args(argv)
    try:
        report = verify_release(
            options.path,
            trust=options.trust or options.key,
            shards=options.shards,
            require=options.require,
            deep=options.deep,
            today=options.today,
            countersignatures=options.countersignatures,
            latest=options.latest,
            threads=options.threads,
        )
    except SettingsError as error:
        print(error)
        return INCOMPLETE
    print(
        json.dumps(report.to_json(), ensure_ascii=False, indent=2)
        if options.json
        else report.text(options.lang)
    )
    return report.code


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Check a Hallmark release, or some of its shards, offline.",
        epilog="exit codes: 0 good, 1 failed, 2 incomplete, 3 stale or revoked",
    )
    parser.add_argument("path", type=Path, help="the release folder")
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--trust", type=Path, help="trust file; default $HALLMARK_TRUST, then ./trust.json")
    trust.add_argument("--key", type=Path, help="public key of the pipeline (PEM) instead of a trust file")
    parser.add_argument(
        "--shards", action="append", metavar="GLOB", help="only these shards (path or source/part)"
    )
    parser.add_argument("--require", action="append", default=[], metavar="WHAT", help=demand.HELP)
    parser.add_argument("--countersignatures", type=Path, metavar="DIR", help="default ./countersignatures")
    parser.add_argument(
        "--deep", action="store_true", help="recount books and hash every text again (pyarrow)"
    )
    parser.add_argument("--latest", type=Path, metavar="FILE", help="signed record of the newest release")
    parser.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="judge validity on this day")
    parser.add_argument("--threads", type=int, help="default: the number of cores")
    parser.add_argument(
        "--lang", choices=("en", "zh"), default="en", help="language of the claim and its limits"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser
