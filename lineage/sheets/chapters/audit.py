"""The two sampling audits: what people read and how far they agree; what an independent detector set found."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.evidence import figure, interval
from lineage.sheets.model import Block, Column, Facts, Section, Table, Value
from lineage.sheets.reader import Reader

DRAWN = ("n", "wanted", "census", "seed", "sample")
READ = ("labelled", "passed", "failures", "open")
#: What an independent set found in published text; the last three only a whole release has.
TECHNICAL = ("read", "not_read", "flagged")
RATES = ("pass_rate", "recall", "fpr", "corrected")
PEOPLE = (
    *("people", "readings", "qualified", "signed", "under_2_s"),
    *("annotated", "reviewed", "role_conflicts"),
)
PAPERS = ("people_sha256", "rulebook_sha256", "headings_missing", "risks_named")


def audits(read: Reader) -> Section:
    """Return the audits by people and by detectors; a shard has no audit by people of its own."""
    blocks: list[Block] = []
    if "audit" in read.manifest:
        blocks = [_result(read), _strata(read), _readers(read), _codes(read), _earlier(read)]
    if "technical" in read.manifest:
        blocks += _technical(read)
    return Section("audits", read.say("ch.audits"), blocks)


def _result(read: Reader) -> Facts:
    pairs = [
        (read.say("audit.frame"), [read.int("/audit/frame/docs")]),
        (read.say("audit.frame_sha256"), [read.digest("/audit/frame/sha256")]),
        *_pairs(read, "/audit", (*DRAWN, *READ)),
    ]
    pairs.append((read.say("audit.pass_rate"), [figure(read, "/audit", "pass_rate")]))
    pairs += _pairs(read, "/audit", ("weighted_rate", "min_pass"))
    pairs += [(read.say(f"audit.{name}"), [_allowed(read, name)]) for name in ("rule", "bound95")]
    return Facts(read.say("audit"), pairs, read.say("audit.note"))


def _strata(read: Reader) -> Table:
    """Return how the draw is shared out over the sources, and what was read of each."""
    names = ("docs", "drawn", "labelled", "failures")
    return tables.plain(
        read,
        read.say("audit.strata"),
        "/audit/strata",
        lambda at: (read.any(f"{at}/source"), *(read.int(f"{at}/{name}") for name in names)),
        read.columns("source", *(f"{name}#" for name in names)),
        note=read.say("audit.strata.note"),
    )


def _readers(read: Reader) -> Facts:
    """Return who read and how far two readers agree; kappa is undefined where one verdict alone was used."""
    pairs = _pairs(read, "/audit/readers", PEOPLE)
    pairs += _pairs(read, "/audit/agreement", ("items", "share", "alike", "kappa"))
    for name in PAPERS:
        at = f"/audit/papers/{name}"
        digest = name.endswith("sha256")
        none = "audit.no_heading" if read.get(at) == [] else "absent"
        pairs.append((read.say(f"audit.{name}"), [read.digest(at) if digest else read.any(at, absent=none)]))
    return Facts(read.say("readers"), pairs, read.say("readers.note"))


def _technical(read: Reader) -> list[Block]:
    """Return what detectors that did not clean the corpus found, beside how much they find at all."""
    at, title = "/technical", read.say("technical")
    if read.get(at) is None:
        return [Facts(title, [(read.say("col.status"), [read.any(at, absent="technical.none")])])]
    detectors = (read.say("technical.detectors"), [read.any(f"{at}/detectors")])
    score = (read.say("technical.score"), [read.any(f"{at}/score")])
    counts = [(read.say(f"technical.{name}"), [read.int(f"{at}/{name}")]) for name in TECHNICAL]
    facts = Facts(title, [detectors, score, *counts], read.say("technical.note"))
    return [facts, _rates(read)] if "pass_rate" in read.get(at) else [facts]


def _rates(read: Reader) -> Table:
    """Return the pass rate, the set's recall and false alarms, and the corrected share, each with its interval."""
    places = [
        ("/technical/corrected", "share") if name == "corrected" else ("/technical", name) for name in RATES
    ]
    columns = (Column(read.say("col.measure")), Column(read.say("col.figure"), numeric=True))
    return Table(
        read.say("technical.rates"),
        "/technical",
        columns,
        [
            (Value(read.say(f"technical.{name}")), _measured(read, *place))
            for name, place in zip(RATES, places, strict=True)
        ],
        intervals=[interval(read.get(at), name) for at, name in places],
        note=read.say("technical.corrected.note"),
    )


def _measured(read: Reader, at: str, name: str) -> Value:
    if interval(read.get(at), name):
        return figure(read, at, name)
    return read.any(f"{at}/{name}", absent="unmeasured")


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
