"""The ledger: append-only JSON lines, each chained to the one before by its hash.

A line is the RFC 8785 form of an entry, `entry_hash` included; the hash covers the entry without it. A file beside
the ledger (`head.json`) holds the number of entries and the last hash, so that lines cut off the end are missed too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lineage import canonical
from lineage.atomic import write_bytes
from lineage.digests import sha256_bytes
from lineage.errors import HallmarkError, TrustError

SCHEMA = "urn:hallmark:removal:1"
GENESIS = "0" * 64
HEAD = "head.json"
LINE_LIMIT = 256 << 20
_CURE = "restore the ledger from git; nothing is decided on a ledger whose chain is broken"


class Head(NamedTuple):
    """How far a ledger goes: the number of entries and the hash of the last one."""

    entries: int
    head_hash: str


class Problem(NamedTuple):
    """What is wrong with a ledger, and where (file:line)."""

    where: str
    what: str


def entries(ledger: Path) -> list[dict[str, Any]]:
    """Return the entries of a ledger whose chain holds, in order; none where there is no ledger; else TrustError."""
    found, problems = _read(Path(ledger))
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise TrustError(first.what + more, where=first.where, cure=_CURE)
    return found


def problems(ledger: Path, known: Mapping[str, Any] | None = None) -> list[Problem]:
    """Return everything that is wrong with a ledger.

    `known`: {entries, head_hash} as an earlier release states it; the ledger must continue it.
    """
    found, wrong = _read(Path(ledger))
    if known and not wrong and not continues(found, known):
        wrong.append(Problem(str(ledger), f"does not continue the {known['entries']} entries of the release"))
    return wrong


def continues(found: list[dict[str, Any]], known: Mapping[str, Any]) -> bool:
    """Say whether entries continue a ledger of which only {entries, head_hash} is known."""
    n = known["entries"]
    if not 0 <= n <= len(found):
        return False
    return (found[n - 1]["entry_hash"] if n else GENESIS) == known["head_hash"]


def head(found: list[dict[str, Any]]) -> Head:
    """Return the head of entries in order."""
    return Head(len(found), found[-1]["entry_hash"] if found else GENESIS)


def entry_hash(entry: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of an entry's RFC 8785 bytes without its own hash; numbers are integers."""
    return sha256_bytes(canonical.plain_dumps({k: v for k, v in entry.items() if k != "entry_hash"}))


def append(ledger: Path, body: Mapping[str, Any]) -> dict[str, Any]:
    """Chain `body` to the ledger, write the file anew whole or not at all, and return the entry."""
    ledger = Path(ledger)
    before = entries(ledger)
    entry = {
        "schema": SCHEMA,
        "seq": len(before) + 1,
        "prev_hash": head(before).head_hash,
        **body,
    }
    entry["entry_hash"] = entry_hash(entry)
    old = ledger.read_bytes() if ledger.is_file() else b""
    write_bytes(ledger, old + canonical.plain_dumps(entry) + b"\n")
    now = Head(entry["seq"], entry["entry_hash"])
    write_bytes(ledger.with_name(HEAD), canonical.plain_dumps(now._asdict()) + b"\n")
    return entry


def _read(ledger: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the entries that can be read and every problem of lines, chain and end."""
    found: list[dict[str, Any]] = []
    wrong: list[Problem] = []
    data = ledger.read_bytes() if ledger.is_file() else b""
    previous, ids = Head(0, GENESIS), {}
    for number, line in enumerate(data.splitlines(), 1):
        where = f"{ledger}:{number}"
        entry, broken = _parse(line, where)
        if entry is None:
            wrong.append(Problem(where, broken))
            continue
        wrong += [Problem(where, what) for what in _objections(entry, line, previous, ids)]
        ids[entry["entry_hash"]] = number
        previous = Head(entry["seq"], entry["entry_hash"])
        found.append(entry)
    if data and not data.endswith(b"\n"):
        wrong.append(Problem(str(ledger), "the last line is cut off"))
    if not wrong:
        wrong += _end(ledger, found)
    return found, wrong


def _parse(line: bytes, where: str) -> tuple[dict[str, Any] | None, str]:
    try:
        entry = canonical.loads(line, where=where, limit=LINE_LIMIT)
        if (
            entry["schema"] == SCHEMA
            and isinstance(entry["seq"], int)
            and isinstance(entry["entry_hash"], str)
        ):
            return entry, ""
    except (HallmarkError, KeyError, TypeError):
        pass
    return None, "not a ledger line"


def _objections(entry: dict, line: bytes, previous: Head, seen: Mapping[str, int]) -> Iterator[str]:
    if entry["entry_hash"] in seen:
        yield f"repeats line {seen[entry['entry_hash']]}"
        return
    if entry_hash(entry) != entry["entry_hash"] or canonical.plain_dumps(entry) != line:
        yield f"entry {entry['seq']} was changed after it was written"
    if entry["seq"] != previous.entries + 1:
        yield f"entry {entry['seq']} stands where entry {previous.entries + 1} belongs"
    elif entry.get("prev_hash") != previous.head_hash:
        yield f"entry {entry['seq']} does not follow from the one before it"


def _end(ledger: Path, found: list[dict[str, Any]]) -> list[Problem]:
    """Compare the chain's end with head.json: a chain that goes on from it is whole, any other is not."""
    path = ledger.with_name(HEAD)
    if not path.is_file():
        return (
            [Problem(str(path), "is missing, so lines cut off the ledger would not be seen")] if found else []
        )
    try:
        noted = canonical.loads(path.read_bytes(), where=str(path), limit=1 << 16)
        if continues(found, noted):
            return []
    except (HallmarkError, KeyError, TypeError):
        return [Problem(str(path), "cannot be read")]
    return [
        Problem(str(ledger), f"has {len(found)} entries, {HEAD} names {noted['entries']} with another end")
    ]
