"""The human sampling audit: what was read, what failed, how sure one can be, how far readers agree."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.evidence import figure
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader

DRAWN = ("n", "wanted", "census", "seed", "sample")
READ = ("labelled", "passed", "failures", "open")
PEOPLE = ("people", "readings", "qualified", "role_conflicts")


def audits(read: Reader) -> Section:
    """Return the state of the human sampling audit of a release; a shard has none of its own."""
    blocks: list[Block] = []
    if "audit" in read.manifest:
        blocks = [_result(read), _readers(read), _codes(read), _earlier(read)]
    return Section("audits", read.say("ch.audits"), blocks)


def _result(read: Reader) -> Facts:
    pairs = _pairs(read, "/audit", (*DRAWN, *READ))
    pairs.append((read.say("audit.pass_rate"), [figure(read, "/audit", "pass_rate")]))
    pairs += _pairs(read, "/audit", ("min_pass",))
    pairs += [(read.say(f"audit.{name}"), [_allowed(read, name)]) for name in ("rule", "bound95")]
    return Facts(read.say("audit"), pairs, read.say("audit.note"))


def _readers(read: Reader) -> Facts:
    """Return who read and how far two readers agree; kappa is undefined where one verdict alone was used."""
    pairs = _pairs(read, "/audit/readers", PEOPLE)
    pairs += _pairs(read, "/audit/agreement", ("items", "share", "alike", "kappa"))
    return Facts(read.say("readers"), pairs, read.say("readers.note"))


def _codes(read: Reader) -> Table:
    return tables.counted(
        read,
        read.say("audit.codes"),
        "/audit/codes",
        lambda at: [read.code(f"{at}/code", "code")],
        ("code",),
        of="/audit/failures",
    )


def _earlier(read: Reader) -> Table:
    names = ("labelled", "failures", "pass_rate")
    return tables.plain(
        read,
        read.say("earlier"),
        "/audit/earlier",
        lambda at: (
            read.any(f"{at}/sample"),
            *(read.any(f"{at}/{name}", absent="unmeasured") for name in names),
        ),
        read.columns("draw", "labelled#", "failures#", "pass_rate#"),
        note=read.say("earlier.note"),
        empty=read.say("none"),
    )


def _pairs(read: Reader, at: str, names: tuple[str, ...]) -> list[tuple[str, list[Value]]]:
    return [(read.say(f"audit.{name}"), [read.any(f"{at}/{name}", absent="unmeasured")]) for name in names]


def _allowed(read: Reader, name: str) -> Value:
    """Print how many failures are allowed; -1 says that no number of this size could show it."""
    at = f"/audit/allowed_failures/{name}"
    if read.get(at) == -1:
        return Value(read.say("audit.none_shows"), at, "absent", "-1")
    return read.any(at, absent="unmeasured")
