"""The first screen: grade, gates, digests, the verify command, and what was not checked."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.model import Column, Facts, Glance, Notes, Table, Value
from lineage.sheets.reader import Reader

#: What a reader must see first: trouble, then doubt, then success.
SEVERITY = ("fail", "not_run", "warn", "waived", "pass")


def glance(read: Reader, manifest_path: str, manifest_sha256: str, verify: str) -> Glance:
    """Return the first screen of a shard or release sheet."""
    return Glance(
        *grade(read),
        figures=[
            (read.say("flow.in"), read.int("/flow/in")),
            (read.say("published"), read.int("/flow/kept /flow/redacted")),
            (read.say("flow.removed"), read.int("/flow/removed")),
            (read.say("flow.quarantined"), read.int("/flow/quarantined")),
            (read.say("flow.unreadable"), read.int("/flow/unreadable")),
        ],
        gates=gates(read),
        digests=_digests(read, manifest_path, manifest_sha256),
        verify=verify,
        unchecked=unchecked(read),
    )


def grade(read: Reader) -> tuple[Value, str]:
    """Return the grade that the gates allow, and the sentence that says why."""
    found = [gate.get("status") for gate in read.entries("/gates")]
    stated = read.get("/grade_allowed")
    allowed = stated or allowed_by(found)
    field = "/grade_allowed" if stated else "/gates"
    counts = {status: found.count(status) for status in ("fail", "not_run")}
    why = read.say(f"why.{allowed}" if allowed in ("withheld", "screened", "certified") else "why.other")
    if counts["fail"] or counts["not_run"]:
        why += " " + read.say("why.counts", fail=f"{counts['fail']:,}", not_run=f"{counts['not_run']:,}")
    return Value(read.name("grade", allowed) or allowed, field, "grade", allowed), why


def allowed_by(statuses: list[str]) -> str:
    """Return withheld, screened or certified: the best grade these gate results allow."""
    if "fail" in statuses:
        return "withheld"
    unproven = not statuses or any(s not in ("pass", "warn", "waived") for s in statuses)
    return "screened" if unproven else "certified"


def gates(read: Reader) -> Table:
    """Return the gates, worst first, with the measured figure beside its threshold."""
    found = read.entries("/gates")
    rank = {status: i for i, status in enumerate(SEVERITY)}
    order = sorted(range(len(found)), key=lambda i: (rank.get(found[i].get("status"), 0), i))
    columns = [
        Column(read.say("col.gate")),
        Column(read.say("col.status")),
        Column(read.say("col.measured"), True),
        Column(read.say("col.threshold"), True),
    ]
    return tables.plain(
        read,
        read.say("gates"),
        "/gates",
        lambda at: (
            read.code(f"{at}/id", "gate"),
            read.status(f"{at}/status"),
            read.any(f"{at}/measured"),
            read.any(f"{at}/threshold"),
        ),
        columns,
        order=order,
        empty=read.say("gates.none"),
    )


def unchecked(read: Reader) -> Notes:
    """Return what was not checked, in the sheet's language, each with the reason."""
    items = [
        [read.any(f"/not_checked/{i}/what_{read.lang}"), read.any(f"/not_checked/{i}/why")]
        for i in range(len(read.entries("/not_checked")))
    ]
    return Notes(read.say("not_checked"), items, read.say("not_checked.none"))


def _digests(read: Reader, manifest_path: str, manifest_sha256: str) -> Facts:
    rows = [(read.say("digest.manifest"), [Value(manifest_sha256, "", "sha256", manifest_path)])]
    if read.get("/shard"):
        rows.append((read.say("digest.shard"), [read.digest("/shard/sha256")]))
    elif "shard" in read.manifest:
        rows.append((read.say("digest.shard"), [Value(read.say("shard.none"), "/shard", "absent")]))
    if read.get("/merkle"):
        rows.append((read.say("digest.kept_root"), [read.digest("/merkle/kept_root")]))
    return Facts(read.say("digests"), rows)
