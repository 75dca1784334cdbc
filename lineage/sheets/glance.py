"""The first screen: grade, gates, digests, the verify command, and what was not checked."""

from __future__ import annotations

from typing import Any

from lineage.sheets import tables
from lineage.sheets.evidence import figure
from lineage.sheets.model import Facts, Glance, Notes, Table, Value
from lineage.sheets.reader import Reader

#: What a reader must see first: trouble, then doubt, then success.
SEVERITY = ("fail", "waived", "not_run", "warn", "pass")


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
    """Return the grade that the gates allow, and the sentence that says why.

    A shard knows its own gates alone, so its sheet allows `screened` at best; the release's sheet may say more.
    """
    found = read.entries("/gates")
    stated = read.get("/grade_allowed")
    allowed = str(stated) if stated else allowed_by(found)
    missing = any(gate.get("status") in ("not_run", "waived") for gate in found)
    key = {"withheld": "withheld", "certified": "certified", "screened": "screened" if missing else "short"}
    if allowed == "certified" and "dataset" not in read.manifest:
        allowed, key = "screened", {"screened": "shard"}
    field = "/grade_allowed" if stated else "/gates"
    value = Value(read.name("grade", allowed) or allowed, field, "grade", allowed)
    return value, read.say(f"why.{key.get(allowed, 'other')}")


def allowed_by(gates: list[dict[str, Any]]) -> str:
    """Return withheld, screened or certified: the best grade these gate results allow.

    A failed gate withholds; `certified` needs all gates that name it to pass, and at least one.
    """
    if any(gate.get("status") == "fail" for gate in gates):
        return "withheld"
    needed = [gate for gate in gates if "certified" in (gate.get("grades") or ())]
    return "certified" if needed and all(g["status"] == "pass" for g in needed) else "screened"


def gates(read: Reader) -> Table:
    """Return the gates, worst first, with the measured figure beside its threshold."""
    found = read.entries("/gates")
    rank = {status: i for i, status in enumerate(SEVERITY)}
    order = sorted(range(len(found)), key=lambda i: (rank.get(found[i].get("status"), 0), i))
    return tables.plain(
        read,
        read.say("gates"),
        "/gates",
        lambda at: (
            gate_name(read, at),
            read.status(f"{at}/status"),
            measured(read, at),
            threshold(read, at),
        ),
        read.columns("gate", "status", "measured#", "threshold#"),
        order=order,
        empty=read.say("gates.none"),
    )


def measured(read: Reader, at: str) -> Value:
    """Print a gate's measured figure, with its interval where the measure is a share of a draw."""
    found = read.any(f"{at}/measured", absent="unmeasured")
    return figure(read, at, "measured") if found.kind == "number" and read.get(f"{at}/interval95") else found


def gate_name(read: Reader, at: str) -> Value:
    """Print a gate by the words its policy gives it, else by the catalogue's, with its id."""
    named, code = read.get(f"{at}/{read.lang}"), read.get(f"{at}/id")
    if not named:
        return read.code(f"{at}/id", "gate")
    return Value(f"{named} ({code})", f"{at}/id", "code", str(code))


def threshold(read: Reader, at: str) -> Value:
    """Print a gate's threshold with the side on which it passes, where the manifest tells."""
    value = read.any(f"{at}/threshold")
    sign = {"less": "≤ ", "more": "≥ "}.get(str(read.get(f"{at}/better")), "")
    return value._replace(text=sign + value.text) if value.kind == "number" else value


def unchecked(read: Reader) -> Notes:
    """Return what was not checked, in the sheet's language, each with the reason."""
    items = [
        [
            read.any(f"/not_checked/{i}/what_{read.lang}"),
            read.code(f"/not_checked/{i}/why", "why", bare=False),
        ]
        for i in range(len(read.entries("/not_checked")))
    ]
    return Notes(
        read.say("not_checked"),
        items,
        read.say("not_checked.none"),
        read.int("#/not_checked") if items else None,
    )


def _digests(read: Reader, manifest_path: str, manifest_sha256: str) -> Facts:
    rows = [(read.say("digest.manifest"), [Value(manifest_sha256, "", "sha256", manifest_path)])]
    if read.get("/shard"):
        rows.append((read.say("digest.shard"), [read.digest("/shard/sha256")]))
    elif "shard" in read.manifest:
        rows.append((read.say("digest.shard"), [read.any("/shard", absent="shard.none")]))
    if read.get("/merkle"):
        rows.append((read.say("digest.kept_root"), [read.digest("/merkle/kept_root")]))
    return Facts(read.say("digests"), rows)
