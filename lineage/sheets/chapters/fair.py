"""Eight attributes: text flagged as discrimination, who is written about, what filtering took, how mixed it is."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader

COUNTS = ("docs", "kept", "removed", "quarantined")
#: GB/T 45654, Annex A.2, items a to h: the attributes by which text must not discriminate.
ATTRIBUTES = tuple(f"A.2-{letter}" for letter in "abcdefgh")
NAMED = ("docs_with_groups", "mentions", "unfair", "left", "per_doc", "groups_named", "groups", "evenness")
MIXED = ("sources", "effective_sources", "domestic", "foreign", "dated")


def fairness(read: Reader) -> Section:
    """Return what was flagged as discrimination by each of eight attributes, and the facts of fairness and mix."""
    blocks: list[Block] = [
        Table(
            read.say("attributes"),
            "/screen",
            read.columns("attribute", "flagged#", "kept#", "removed#", "quarantined#"),
            [_attribute(read, code) for code in ATTRIBUTES],
            note=read.say("attributes.note"),
        )
    ]
    if "fairness" in read.manifest:
        blocks += _release(read) if "dataset" in read.manifest else [_part(read)]
    return Section("fairness", read.say("ch.fairness"), blocks)


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


def _release(read: Reader) -> list[Block]:
    return [
        _represented(read),
        _groups(read),
        _taken(read),
        _taken_by_group(read),
        _evidence(read),
        _mix(read),
    ]


def _represented(read: Reader) -> Table:
    """Return one row per attribute: how often its groups are named, and how evenly."""
    at = "/fairness/attributes"
    table = tables.plain(
        read,
        read.say("represented"),
        at,
        lambda row: (
            read.code(f"{row}/attribute", "attribute", bare=False),
            *(read.any(f"{row}/{name}", absent="unmeasured") for name in NAMED),
        ),
        read.columns("attribute", *(f"{name}#" for name in NAMED)),
        note=read.say("represented.note"),
    )
    return tables.with_bars(table, [row.get("docs_with_groups") or 0 for row in read.entries(at)])


def _groups(read: Reader) -> Table:
    names = ("kept", "share", "mentions", "left", "loss", "kept_unfair", "unfair_share", "lift")
    at = "/fairness/groups"
    return _by_group(read, at, names, note="groups.note")


def _part(read: Reader) -> Table:
    """Return a shard's own counts; without a rule that looks for discrimination nothing stands beside a group."""
    measured = bool(read.get("/fairness/evidence"))
    names = ("kept", "mentions", "left", *(("kept_unfair",) if measured else ()))
    return _by_group(read, "/fairness/groups", names, note="groups.note")


def _by_group(read: Reader, at: str, names: tuple[str, ...], note: str) -> Table:
    entries = read.entries(at)
    order = tables.ranked(entries, "kept")
    table = tables.plain(
        read,
        read.say("groups"),
        at,
        lambda row: (
            *_group(read, row),
            read.code(f"{row}/lang", "language"),
            *(read.any(f"{row}/{name}", absent="unmeasured") for name in names),
        ),
        read.columns("attribute", "group", "language", *(f"{name}#" for name in names)),
        order=order,
        note=read.say(note),
    )
    return tables.with_bars(table, [entries[i].get("kept") or 0 for i in order])


def _taken(read: Reader) -> Table:
    names = ("docs", "left", "loss", "against_all")
    return tables.plain(
        read,
        read.say("taken"),
        "/fairness/filtering/rows",
        lambda at: (
            read.any(f"{at}/source"),
            read.code(f"{at}/lang", "language"),
            *(read.any(f"{at}/{name}", absent="unmeasured") for name in names),
        ),
        read.columns("source", "language", *(f"{name}#" for name in names)),
        note=read.say("taken.note"),
    )


def _taken_by_group(read: Reader) -> Table:
    names = ("kept", "left", "loss", "against_all")
    entries = read.entries("/fairness/filtering/groups")
    order = sorted(range(len(entries)), key=lambda i: (-abs(entries[i].get("against_all") or 0), i))
    return tables.plain(
        read,
        read.say("taken_groups"),
        "/fairness/filtering/groups",
        lambda at: (
            *_group(read, at),
            *(read.any(f"{at}/{name}", absent="unmeasured") for name in names),
        ),
        read.columns("attribute", "group", *(f"{name}#" for name in names)),
        order=order,
    )


def _evidence(read: Reader) -> Facts:
    at = "/fairness/discrimination"
    rows = [
        (read.say(f"unfair.{name}"), [read.any(f"{at}/{name}", absent="unmeasured")])
        for name in ("evidence", "docs", "share")
    ]
    rows.append((read.say("unfair.table"), [read.digest("/fairness/table/sha256")]))
    return Facts(read.say("unfair"), rows, read.say("unfair.note"))


def _mix(read: Reader) -> Facts:
    at = "/fairness/diversity"
    rows = [(read.say(f"mix.{name}"), [read.any(f"{at}/{name}", absent="unmeasured")]) for name in MIXED]
    year = read.any(f"{at}/median_year", absent="unmeasured")
    if year.kind == "number":  # a year takes no thousands separator
        year = year._replace(text=year.raw, kind="key")
    rows += [(read.say("mix.median_year"), [year])]
    rows += [(read.say("mix.jurisdictions"), [read.any(f"{at}/jurisdictions")])]
    return Facts(read.say("mix"), rows, read.say("mix.note"))


def _group(read: Reader, at: str) -> tuple[Value, Value]:
    """Print attribute and group; the same group word means another thing under another attribute."""
    group = read.code(f"{at}/group", "group", bare=False)
    named = read.name("group", f"{read.get(f'{at}/attribute')}.{read.get(f'{at}/group')}")
    return read.code(f"{at}/attribute", "attribute", bare=False), group._replace(text=named or group.text)
