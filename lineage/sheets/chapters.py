"""The chapters after the first screen; each function prints the manifest fields it names."""

from __future__ import annotations

from typing import Any

from lineage.sheets import tables
from lineage.sheets.funnel import funnel
from lineage.sheets.model import Column, Facts, Interval, Notes, Section, Table, Value
from lineage.sheets.reader import Reader


def clauses(read: Reader) -> Section:
    """Clause by clause: what the policy asks, what was measured, whether the clause's text was verified."""
    columns = [Column(read.say(f"col.{c}")) for c in ("clause", "gate", "status")]
    columns += [Column(read.say(f"col.{c}"), True) for c in ("measured", "threshold")]
    columns.append(Column(read.say("col.verified")))
    found = read.entries("/gates")
    order = sorted(
        range(len(found)), key=lambda i: (not found[i].get("clause"), str(found[i].get("clause")), i)
    )
    table = tables.plain(
        read,
        read.say("clauses.table"),
        "/gates",
        lambda at: (
            read.any(f"{at}/clause"),
            read.code(f"{at}/id", "gate"),
            read.status(f"{at}/status"),
            read.any(f"{at}/measured"),
            read.any(f"{at}/threshold"),
            read.any(f"{at}/verified"),
        ),
        columns,
        order=order,
        note=read.say("clauses.note"),
        empty=read.say("gates.none"),
    )
    policy = Facts(read.say("policy"), _pairs(read, "/policy", ("id", "version", "sha256")))
    return Section("clauses", read.say("ch.clauses"), [table, policy])


def identity(read: Reader) -> Section:
    """Who and what: the data set or the shard, its source, its files and digests."""
    if "dataset" in read.manifest:
        blocks = [
            Facts(
                read.say("dataset"), _pairs(read, "/dataset", ("id", "title", "version", "as_of", "purpose"))
            ),
            Facts(
                read.say("unit"),
                [(read.say("unit"), [read.any("/unit")]), (read.say("shards"), [read.int("#/shards")])],
            ),
        ]
    else:
        pairs = _pairs(read, "", ("part", "unit"))
        if read.get("/shard"):
            pairs += _pairs(read, "/shard", ("path", "rows", "bytes", "sha256", "media_type"))
        blocks = [Facts(read.say("shard"), pairs, "" if read.get("/shard") else read.say("shard.none"))]
    return Section("identity", read.say("ch.identity"), blocks)


def limits(read: Reader) -> Section:
    """Known limits in the sheet's language, as the manifest states them."""
    pointer = f"/known_limits/{read.lang}"
    items = [[read.any(f"{pointer}/{i}")] for i in range(len(read.entries(pointer)))]
    return Section(
        "limits", read.say("ch.limits"), [Notes(read.say("limits"), items, read.say("limits.none"))]
    )


def sources(read: Reader) -> Section:
    """Where the documents come from, under which licence, with which evidence."""
    blocks: list[Any] = []
    if "sources" in read.manifest:
        blocks += [_source_mix(read), _source_rights(read)]
    else:
        fields = ("id", "title", "class", "licence", "jurisdiction", "storage_region", "purpose", "collected")
        blocks.append(Facts(read.say("source"), _pairs(read, "/source", fields)))
        blocks.append(_evidence(read, "/source/evidence"))
    blocks.append(_mix(read, "licences", "spdx", "licence"))
    blocks.append(_inputs(read))
    return Section("sources", read.say("ch.sources"), blocks)


def composition(read: Reader) -> Section:
    """Languages, lengths, time span and labels of generated content."""
    lengths = tables.plain(
        read,
        read.say("lengths"),
        "/lengths",
        lambda at: (
            read.any(f"{at}/upto"),
            read.int(f"{at}/docs"),
            read.share(f"{at}/docs", "/lengths/*/docs"),
        ),
        [Column(read.say(f"col.{c}"), True) for c in ("upto", "docs", "share")],
        note=read.say("lengths.note"),
    )
    found = read.entries("/lengths")
    most = max((e.get("docs") or 0 for e in found), default=0) or 1
    span = [
        (read.say("span.from"), [read.any("/time_span/from")]),
        (read.say("span.to"), [read.any("/time_span/to")]),
    ]
    return Section(
        "composition",
        read.say("ch.composition"),
        [
            _languages(read),
            lengths._replace(bars=[(e.get("docs") or 0) / most for e in found[: tables.CAP]]),
            Facts(read.say("span"), span),
            _mix(read, "ai_labels", "verdict", "ai_label"),
        ],
    )


def flow(read: Reader) -> Section:
    """The funnel with its books, and every reason a document left for."""
    reasons = tables.counted(
        read,
        read.say("reasons"),
        "/reasons",
        lambda at: [
            read.code(f"{at}/reason", "reason"),
            read.code(f"{at}/stage", "stage", bare=False),
            read.code(f"{at}/disposition", "disposition", bare=False),
        ],
        [read.say(f"col.{c}") for c in ("reason", "stage", "disposition")],
        of="/flow/in",
    )
    rules = tables.counted(
        read,
        read.say("rules"),
        "/quality/rules",
        lambda at: [read.any(f"{at}/rule")],
        [read.say("col.rule")],
        of="/flow/in",
        note=read.say("rules.note"),
    )
    return Section("flow", read.say("ch.flow"), [funnel(read), reasons, rules])


def duplicates(read: Reader) -> Section:
    """How duplicates were found, how many left, and which sources share text."""
    counts = [
        (read.say(f"dedup.{c}"), [read.int(f"/dedup/{c}")])
        for c in ("exact_removed", "near_removed", "clusters")
    ]
    blocks: list[Any] = [Facts(read.say("dedup"), counts)]
    method = read.get("/dedup/method") or {}
    blocks.append(Facts(read.say("dedup.method"), _pairs(read, "/dedup/method", tuple(sorted(method)))))
    if "dup_sources" in read.manifest:
        blocks.append(
            tables.counted(
                read,
                read.say("dup_sources"),
                "/dup_sources",
                lambda at: [read.any(f"{at}/a"), read.any(f"{at}/b")],
                [read.say("col.source"), read.say("col.source")],
                of="/dup_sources/*/pairs",
                count="pairs",
                note=read.say("dup_sources.note"),
            )
        )
    return Section("duplicates", read.say("ch.duplicates"), blocks)


def personal(read: Reader) -> Section:
    """Personal data by type: found, what was done, what is estimated to remain."""
    table = tables.plain(
        read,
        read.say("pii"),
        "/pii",
        lambda at: (
            read.code(f"{at}/type", "pii"),
            read.code(f"{at}/action", "action", bare=False),
            read.int(f"{at}/found"),
            read.int(f"{at}/docs"),
            read.any(f"{at}/residual"),
        ),
        [
            Column(read.say("col.pii")),
            Column(read.say("col.action")),
            *(Column(read.say(f"col.{c}"), True) for c in ("found", "docs", "residual")),
        ],
        note=read.say("pii.note"),
    )
    found = [e.get("found") or 0 for e in read.entries("/pii")]
    return Section(
        "personal",
        read.say("ch.personal"),
        [table._replace(bars=[n / (max(found) or 1) for n in found[: tables.CAP]])],
    )


def screening(read: Reader) -> Section:
    """Risk codes: what each detector flagged, what became of it, and how well the detector was measured."""
    columns = [Column(read.say(f"col.{c}")) for c in ("code", "detector", "status")]
    columns += [
        Column(read.say(f"col.{c}"), True) for c in ("flagged", "kept", "removed", "quarantined", "recall")
    ]
    table = tables.plain(
        read,
        read.say("screen"),
        "/screen",
        lambda at: (
            read.code(f"{at}/code", "code"),
            read.any(f"{at}/detector"),
            read.status(f"{at}/status"),
            *(read.int(f"{at}/{c}") for c in ("docs", "kept", "removed", "quarantined")),
            _recall(read, at),
        ),
        columns,
        note=read.say("screen.note"),
    )
    found = read.entries("/screen")[: tables.CAP]
    return Section(
        "screening",
        read.say("ch.screening"),
        [table._replace(intervals=[interval(entry.get("evidence")) for entry in found])],
    )


def lineage(read: Reader) -> Section:
    """Stages with their code digests, detectors and parameters; the lineage table or the Merkle roots."""
    blocks: list[Any] = []
    if "lineage" in read.manifest:
        names = ("path", "rows", "sha256", "kept_root", "removed_root")
        blocks.append(Facts(read.say("lineage"), _pairs(read, "/lineage", names)))
    if "merkle" in read.manifest:
        blocks.append(Facts(read.say("merkle"), _pairs(read, "/merkle", ("kept_root", "shard_root"))))
        previous = read.get("/previous")
        names = tuple(sorted(previous)) if isinstance(previous, dict) else ()
        pairs = _pairs(read, "/previous", names) or [(read.say("previous"), [read.any("/previous")])]
        blocks.append(Facts(read.say("previous"), pairs))
    for i, stage in enumerate(read.entries("/stages")):
        at = f"/stages/{i}"
        blocks.append(
            Facts(
                read.name("stage", stage.get("stage", "")) or str(stage.get("stage")),
                [
                    (read.say("code_sha256"), [read.digest(f"{at}/code_sha256")]),
                    (read.say("params"), [read.any(f"{at}/params")]),
                    *(
                        (read.say("detector"), [read.any(f"{at}/detectors/{d}")])
                        for d in range(len(stage.get("detectors") or []))
                    ),
                ],
            )
        )
    if "shards" in read.manifest:
        blocks.append(_shards(read))
    return Section("lineage", read.say("ch.lineage"), blocks)


def interval(evidence: Any) -> Interval | None:
    """Return a detector's recall with its interval, None where the evidence states none."""
    if not isinstance(evidence, dict) or not isinstance(evidence.get("recall"), (int, float)):
        return None
    bounds = _bounds(evidence)
    low, high = bounds if bounds else (evidence["recall"], evidence["recall"])
    return Interval(low, evidence["recall"], high)


def _bounds(evidence: dict[str, Any]) -> list[float] | None:
    for name in ("recall_ci95", "recall_ci", "ci95"):
        found = evidence.get(name)
        if isinstance(found, list) and len(found) == 2 and all(isinstance(b, (int, float)) for b in found):
            return found
    return None


def _recall(read: Reader, at: str) -> Value:
    if interval(read.get(f"{at}/evidence")) is None:
        return Value(read.say("unmeasured"), f"{at}/evidence", "absent")
    return read.any(f"{at}/evidence/recall")


def _pairs(read: Reader, at: str, names: tuple[str, ...]) -> list[tuple[str, list[Value]]]:
    pairs = []
    for name in names:
        pointer = f"{at}/{name}"
        if name == "bytes":
            value = read.bytes(pointer)
        elif name in ("rows",):
            value = read.int(pointer)
        elif name == "class":
            value = read.code(pointer, "class")
        elif name.endswith(("sha256", "_root")):
            value = read.digest(pointer)
        else:
            value = read.any(pointer)
        pairs.append((read.name("field", name) or name, [value]))
    return pairs


def _mix(read: Reader, field: str, key: str, group: str) -> Table:
    return tables.counted(
        read,
        read.say(field),
        f"/{field}",
        lambda at: [read.code(f"{at}/{key}", group)],
        [read.say(f"col.{key}")],
        of=f"/{field}/*/docs",
    )


def _languages(read: Reader) -> Table:
    table = _mix(read, "languages", "code", "language")
    order = sorted(
        range(len(read.entries("/languages"))),
        key=lambda i: (-(read.entries("/languages")[i].get("docs") or 0), i),
    )
    rows = [
        (*row, read.int(f"/languages/{i}/chars"))
        for row, i in zip(table.rows, order[: tables.CAP], strict=True)
    ]
    rest = (*table.rest, Value("")) if table.rest else ()
    return table._replace(rows=rows, rest=rest, columns=(*table.columns, Column(read.say("col.chars"), True)))


def _source_mix(read: Reader) -> Table:
    found = read.entries("/sources")
    flows = ("in", "kept", "redacted", "removed", "quarantined", "unreadable")
    order = sorted(range(len(found)), key=lambda i: (-((found[i].get("flow") or {}).get("in") or 0), i))
    most = max(((e.get("flow") or {}).get("in") or 0 for e in found), default=0) or 1
    table = tables.plain(
        read,
        read.say("source_mix"),
        "/sources",
        lambda at: (read.any(f"{at}/id"), *(read.int(f"{at}/flow/{f}") for f in flows)),
        [Column(read.say("col.source")), *(Column(read.say(f"flow.{f}"), True) for f in flows)],
        order=order,
    )
    bars = [((found[i].get("flow") or {}).get("in") or 0) / most for i in order[: tables.CAP]]
    return table._replace(bars=bars)


def _source_rights(read: Reader) -> Table:
    names = ("title", "class", "licence", "jurisdiction", "storage_region", "collected")
    return tables.plain(
        read,
        read.say("source_rights"),
        "/sources",
        lambda at: (
            read.any(f"{at}/id"),
            *(read.code(f"{at}/{n}", "class") if n == "class" else read.any(f"{at}/{n}") for n in names),
            Value(*read.int(f"#{at}/evidence")),
        ),
        [
            Column(read.say("col.source")),
            *(Column(read.name("field", n) or n) for n in names),
            Column(read.say("evidence"), True),
        ],
    )


def _evidence(read: Reader, pointer: str) -> Table:
    return tables.plain(
        read,
        read.say("evidence"),
        pointer,
        lambda at: (read.any(f"{at}/kind"), read.digest(f"{at}/sha256")),
        [Column(read.say("col.kind")), Column(read.say("col.digest"))],
        empty=read.say("evidence.none"),
    )


def _inputs(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("inputs"),
        "/inputs",
        lambda at: (read.any(f"{at}/file"), read.bytes(f"{at}/bytes"), read.digest(f"{at}/sha256")),
        [Column(read.say("col.file")), Column(read.say("col.bytes"), True), Column(read.say("col.digest"))],
    )


def _shards(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("shards"),
        "/shards",
        lambda at: (
            read.any(f"{at}/source"),
            read.any(f"{at}/part"),
            read.int(f"{at}/rows"),
            read.any(f"{at}/path"),
            read.digest(f"{at}/sha256"),
        ),
        [
            *(Column(read.say(f"col.{c}")) for c in ("source", "part")),
            Column(read.say("col.rows"), True),
            *(Column(read.say(f"col.{c}")) for c in ("path", "digest")),
        ],
    )
