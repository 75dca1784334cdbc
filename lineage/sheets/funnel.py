"""The way of the documents through the stages, with the books of the manifest."""

from __future__ import annotations

from lineage.sheets import formula
from lineage.sheets.model import Funnel, Step
from lineage.sheets.reader import Reader

STAGES = ("ingest", "quality", "dedup", "pii", "screen", "sample", "decide", "publish")
OUT = ("removed", "quarantined", "unreadable")


def funnel(read: Reader) -> Funnel:
    """Return one step per stage that documents left at, in the pipeline's order."""
    fields = _by_stage(read)
    gone, steps = "", []
    for stage in sorted(fields, key=lambda s: (STAGES.index(s) if s in STAGES else len(STAGES), s)):
        leaves = []
        for out in OUT:
            if fields[stage].get(out):
                leaves.append((out, read.say(f"flow.{out}"), read.int(" ".join(fields[stage][out]))))
                gone += "".join(f" -{field}" for field in fields[stage][out])
        steps.append(Step(read.name("stage", stage) or stage, read.int(f"/flow/in{gone}"), leaves))
    ends = [(end, read.say(f"flow.{end}"), read.int(f"/flow/{end}")) for end in ("kept", "redacted", *OUT)]
    closes = books_close(read)
    return Funnel(
        read.say("funnel"),
        read.int("/flow/in"),
        steps,
        ends,
        closes,
        read.say("books.close" if closes else "books.open"),
    )


def books_close(read: Reader) -> bool:
    """Answer whether the dispositions add up to what came in, and the reasons to each disposition."""
    whole = "/flow/in -/flow/kept -/flow/redacted -/flow/removed -/flow/quarantined -/flow/unreadable"
    if formula.total(read.manifest, whole):
        return False
    fields = _by_stage(read)
    for out in OUT:
        reasons = " ".join(f for stage in fields.values() for f in stage.get(out, []))
        if formula.total(read.manifest, reasons) != formula.total(read.manifest, f"/flow/{out}"):
            return False
    return True


def _by_stage(read: Reader) -> dict[str, dict[str, list[str]]]:
    fields: dict[str, dict[str, list[str]]] = {}
    for i, entry in enumerate(read.entries("/reasons")):
        if entry.get("disposition") in OUT:
            by_out = fields.setdefault(str(entry.get("stage")), {})
            by_out.setdefault(entry["disposition"], []).append(f"/reasons/{i}/docs")
    return fields
