"""Personal information and risk codes: what was found, and how well one looked."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.evidence import figure, interval, place, spots
from lineage.sheets.model import Section, Table, Value
from lineage.sheets.reader import Reader

COUNTS = ("docs", "kept", "removed", "quarantined")


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
        note=read.say("pii.note")
        if _names_sought(read)
        else f"{read.say('pii.names')} {read.say('pii.note')}",
    )
    found = [entry.get("found") or 0 for entry in read.entries("/pii")]
    left = [entry.get("residual") or 0 for entry in read.entries("/pii")]
    return Section("personal", read.say("ch.personal"), [tables.with_bars(table, found, after=left)])


def _names_sought(read: Reader) -> bool:
    """Answer whether a detector that ran looks for names of persons."""
    detectors = [d for stage in read.entries("/stages") for d in stage.get("detectors") or ()]
    return any("PERSON" in (d.get("codes") or ()) for d in detectors)


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


def _measured_at(read: Reader, at: str) -> str:
    """Return the pointer to what the evidence of a screen row says of its code."""
    return f"{at}/evidence{place(read.get(f'{at}/evidence'), str(read.get(f'{at}/code')))}"


def _measured(read: Reader) -> Table:
    """Return each detector's measured figures by code: how much it finds, and how often it cries wolf."""
    rows = []
    for i, stage in enumerate(read.entries("/stages")):
        for d, detector in enumerate(stage.get("detectors") or []):
            at = f"/stages/{i}/detectors/{d}"
            for code, spot in spots(detector.get("evidence")):
                metrics = f"{at}/evidence{spot}"
                name = read.name("code", code)
                rows.append(
                    (
                        read.any(f"{at}/detector"),
                        Value(f"{name} ({code})" if name else code),
                        read.any(f"{metrics}/language"),
                        *(figure(read, metrics, m) for m in ("recall", "precision", "fpr")),
                        read.any(f"{metrics}/positives"),
                        read.any(f"{metrics}/threshold"),
                        read.code(f"{metrics}/status", "measured", bare=False),
                        read.any(f"{metrics}/set"),
                        read.code(f"{metrics}/standing", "standing", bare=False),
                    )
                )
    columns = read.columns(
        *("detector", "code", "lang", "recall#", "precision#", "fpr#", "positives#", "threshold#", "status"),
        *("set", "standing"),
    )
    return Table(
        read.say("measured"), "/stages/*/detectors/*/evidence", columns, rows, empty=read.say("measured.none")
    )
