"""Broken input beside a good file: what must hold whatever the bytes are, and how much memory it may take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ingest_helpers import read_all

from lineage.reasons import REASONS

ROOT = Path(__file__).parents[3]
SLUGS = {reason.slug for reason in REASONS}
#: Sorts after every broken file of a test.
WITNESS = "zz-witness.txt"
TEXT = "The witness goes on."


def read_broken(project: Path, **settings: Any) -> list[dict[str, Any]]:
    """Read everything with a good file beside it; return the rows of the broken files.

    Holds for any input: nothing is raised, ids are single, each row is either a text or a known reason with its
    file and place, and the good file is read.
    """
    (project / "in").mkdir(exist_ok=True)
    (project / "in" / WITNESS).write_text(TEXT)
    rows = read_all(project, **settings)
    assert [row["text"] for row in rows if row["file"] == f"in/{WITNESS}"] == [TEXT]
    for row in rows:
        assert (row["status"] == "ok") == (row["text"] is not None) == (row["error"] is None)
        if row["error"]:
            assert row["error"] in SLUGS
            assert row["file"].startswith("in/") and row["native_id"]
            assert row["offset"] is not None or row["record"] is not None
    return [row for row in rows if row["file"] != f"in/{WITNESS}"]


def errors(rows: list[dict[str, Any]]) -> list[str | None]:
    """Return the reason of each row, None for a text."""
    return [row["error"] for row in rows]


_MEASURE = """
import json, resource, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:4]
from ingest_helpers import make_source
from stages.ingest.files import list_files
from stages.ingest.plan import plan_parts
from stages.ingest.read import in_a_row, read_part, read_row
from stages.ingest.settings import IngestSettings
project, settings, source = Path(sys.argv[1]), IngestSettings(**json.loads(sys.argv[4])), make_source()
parts = plan_parts(source, list_files(source, project), settings)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if in_a_row(source, parts[0], project, len(parts)):
    tables = (table for _, table in read_row(source, parts, project, settings, {p.part for p in parts}))
else:
    tables = (read_part(source, part, project, settings) for part in parts)
rows, reasons, size = 0, [], 0
for table in tables:
    rows += table.num_rows
    reasons += [e for e in table["error"].to_pylist() if e]
    size += sum(n or 0 for n in table["bytes"].to_pylist())
    del table
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"rows": rows, "reasons": reasons, "bytes": size, "parts": len(parts),
                  "mib": (peak - before) / 1024}))
"""


def measured(project: Path, **settings: Any) -> dict[str, Any]:
    """Read all parts in a process of their own, one after the other; return counts and MiB of memory above the start.

    The parts must be those of one file, or each readable on its own.
    """
    argv = [sys.executable, "-c", _MEASURE, str(project), str(ROOT), str(Path(__file__).parent)]
    done = subprocess.run(
        [*argv, json.dumps(settings)], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
