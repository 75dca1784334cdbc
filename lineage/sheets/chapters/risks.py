"""Personal information, risk codes, eight attributes, audits: what was found, and how well one looked."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.evidence import codes, figure, interval, place
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader

COUNTS = ("docs", "kept", "removed", "quarantined")
#: GB/T 45654, Annex A.2, items a to h: the attributes by which text must not discriminate.
ATTRIBUTES = tuple(f"A.2-{letter}" for letter in "abcdefgh")


def personal(read: Reader) -> Section:
    """Return personal information by type: found, in documents that stay, left after replacement."""
    staying = any("in_published" in entry for entry in read.entries("/pii"))
    counts = ("found", "docs", *(("in_published",) if staying else ()))
    table = tables.plain(
        read,
        read.say("pii"),
        "/pii",
        lambda at: (
            read.code(f"{at}/type", "pii"),
            read.code(f"{at}/action", "action", bare=False),
            *(read.int(f"{at}/{c}") for c in counts),
            read.any(f"{at}/residual", absent="unmeasured"),
        ),
        read.columns("pii", "action", *(f"{c}#" for c in counts), "residual#"),
        note=read.say("pii.note"),
    )
    found = [entry.get("found") or 0 for entry in read.entries("/pii")]
    return Section("personal", read.say("ch.personal"), [tables.with_bars(table, found)])


def screening(read: Reader) -> Section:
    """Return per risk code what each detector flagged, what became of it, and its measured recall."""
    levels = any(entry.get("level") for entry in read.entries("/screen"))
    table = tables.plain(
        read,
        read.say("screen"),
        "/screen",
        lambda at: (
            read.code(f"{at}/code", "code"),
            read.any(f"{at}/detector", absent="no_detector"),
            *((read.code(f"{at}/level", "level", bare=False),) if levels else ()),
            read.status(f"{at}/status"),
            *(read.int(f"{at}/{c}") for c in COUNTS),
            figure(read, _measured_at(read, at)),
        ),
        read.columns(
            "code",
            "detector",
            *(("level",) if levels else ()),
            "status",
            "flagged#",
            "kept#",
            "removed#",
            "quarantined#",
            "recall#",
        ),
        note=read.say("screen.note"),
    )
    drawn = [interval(read.get(_measured_at(read, f"/screen/{i}"))) for i in range(len(table.rows))]
    flags = table._replace(intervals=drawn if any(drawn) else None)
    return Section("screening", read.say("ch.screening"), [flags, _measured(read)])


def fairness(read: Reader) -> Section:
    """Return what was flagged as discrimination by each of eight attributes, or that nobody looked."""
    table = Table(
        read.say("attributes"),
        "/screen",
        read.columns("attribute", "flagged#", "kept#", "removed#", "quarantined#"),
        [_attribute(read, code) for code in ATTRIBUTES],
        note=read.say("attributes.note"),
    )
    return Section("fairness", read.say("ch.fairness"), [table])


def audits(read: Reader) -> Section:
    """Return the state of the human sampling audit of a release; a shard has none of its own."""
    names = ("n", "seed", "labelled", "passed", "pass_rate")
    blocks: list[Block] = []
    if "audit" in read.manifest:
        pairs = [
            (read.say(f"audit.{name}"), [read.any(f"/audit/{name}", absent="unmeasured")]) for name in names
        ]
        blocks.append(Facts(read.say("audit"), pairs, read.say("audit.note")))
    return Section("audits", read.say("ch.audits"), blocks)


def _attribute(read: Reader, code: str) -> tuple[Value, ...]:
    name = Value(f"{read.name('code', code)} ({code})")
    ran = [
        i
        for i, entry in enumerate(read.entries("/screen"))
        if entry.get("code") == code
        and isinstance(entry.get("docs"), int)
        and entry.get("status") != "not_run"
    ]
    if not ran:
        return (name, *(Value(read.say("unmeasured"), "/screen", "absent") for _ in COUNTS))
    return (name, *(read.int(" ".join(f"/screen/{i}/{c}" for i in ran)) for c in COUNTS))


def _measured_at(read: Reader, at: str) -> str:
    """Return the pointer to what the evidence of a screen row says of its code."""
    return f"{at}/evidence{place(read.get(f'{at}/evidence'), str(read.get(f'{at}/code')))}"


def _measured(read: Reader) -> Table:
    """Return each detector's measured figures by code: how much it finds, and how often it cries wolf."""
    rows = []
    for i, stage in enumerate(read.entries("/stages")):
        for d, detector in enumerate(stage.get("detectors") or []):
            at = f"/stages/{i}/detectors/{d}"
            for code in codes(detector.get("evidence")) or [""] * (
                interval(detector.get("evidence")) is not None
            ):
                metrics = f"{at}/evidence{place(detector['evidence'], code)}"
                name = read.name("code", code)
                rows.append(
                    (
                        read.any(f"{at}/detector"),
                        Value(f"{name} ({code})" if name else code),
                        *(figure(read, metrics, m) for m in ("recall", "precision", "fpr")),
                        read.any(f"{metrics}/positives"),
                        read.any(f"{metrics}/threshold"),
                        read.code(f"{metrics}/status", "measured", bare=False),
                    )
                )
    columns = read.columns(
        "detector", "code", "recall#", "precision#", "fpr#", "positives#", "threshold#", "status"
    )
    return Table(
        read.say("measured"), "/stages/*/detectors/*/evidence", columns, rows, empty=read.say("measured.none")
    )
