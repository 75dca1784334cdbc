"""Where the documents come from, under which licence, with which proof, and how each source's probe went."""

from __future__ import annotations

from lineage.sheets import tables
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader

RIGHTS = ("title", "class", "licence", "jurisdiction", "storage_region", "collected")

TERMS = (
    "purpose",
    "lawful_basis",
    "cross_border",
    "retain_until",
    "publish_fields",
    "complaints",
    "revision",
)


def sources(read: Reader) -> Section:
    """Return the sources of a release side by side, or the one source of a shard in full."""
    if "sources" in read.manifest:
        blocks: list[Block] = [_mix(read), _rights(read), _terms(read)]
    else:
        pairs = read.pairs("/source", "id", *RIGHTS, *read.present("/source", *TERMS))
        blocks = [Facts(read.say("source"), pairs), _evidence(read)]
    blocks += _annotation(read)
    blocks.append(tables.mix(read, "licences", "spdx", "licence"))
    if "probes" in read.manifest:
        blocks.append(_probes(read))
    if "inputs" in read.manifest:
        blocks.append(_inputs(read))
    return Section("sources", read.say("ch.sources"), blocks)


def _mix(read: Reader) -> Table:
    flows = ("in", "kept", "redacted", "removed", "quarantined", "unreadable")
    incoming = [(source.get("flow") or {}).get("in") or 0 for source in read.entries("/sources")]
    order = sorted(range(len(incoming)), key=lambda i: (-incoming[i], i))
    table = tables.plain(
        read,
        read.say("source_mix"),
        "/sources",
        lambda at: (read.any(f"{at}/id"), *(read.int(f"{at}/flow/{f}") for f in flows)),
        read.columns("source", *(f"{f}#" for f in flows)),
        order=order,
    )
    return tables.with_bars(table, [incoming[i] for i in order])


def _rights(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("source_rights"),
        "/sources",
        lambda at: (
            read.any(f"{at}/id"),
            *(read.code(f"{at}/{n}", "class") if n == "class" else read.any(f"{at}/{n}") for n in RIGHTS),
            read.int(f"#{at}/evidence"),
        ),
        read.columns("source", *RIGHTS, "evidence#"),
    )


def _terms(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("source_terms"),
        "/sources",
        lambda at: (read.any(f"{at}/id"), *(_term(read, at, name) for name in TERMS)),
        read.columns("source", *TERMS),
    )


def _term(read: Reader, at: str, name: str) -> Value:
    if name == "lawful_basis":
        return read.code(f"{at}/{name}", "basis", bare=False)
    return read.any(f"{at}/{name}", absent="previous.none" if name == "publish_fields" else "absent")


def _annotation(read: Reader) -> list[Block]:
    """Return the records of annotation: batches, those not inspected, what is open; nothing where nobody labelled."""
    heads = ("batches", "uninspected", "open")
    if "sources" not in read.manifest:
        at = "/source/annotation"
        pairs = [(read.say(f"col.{name}"), [read.int(f"{at}/{name}")]) for name in heads]
        pairs.append((read.say("col.stored"), [_stored(read, at)]))
        return [Facts(read.say("annotation"), pairs, read.say("annotation.note"))] if read.get(at) else []
    own = [i for i, source in enumerate(read.entries("/sources")) if source.get("annotation")]
    table = tables.plain(
        read,
        read.say("annotation"),
        "/sources",
        lambda at: (
            read.any(f"{at}/id"),
            *(read.int(f"{at}/annotation/{name}") for name in heads),
            _stored(read, f"{at}/annotation"),
        ),
        read.columns("source", *(f"{name}#" for name in heads), "stored"),
        order=own,
        note=read.say("annotation.note"),
    )
    return [table] if own else []


def _evidence(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("evidence"),
        "/source/evidence",
        lambda at: (read.any(f"{at}/kind"), read.digest(f"{at}/sha256")),
        read.columns("kind", "digest"),
        empty=read.say("evidence.none"),
    )


def _probes(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("probes"),
        "/probes",
        lambda at: (
            read.any(f"{at}/source"),
            read.status(f"{at}/status"),
            *(read.any(f"{at}/{name}") for name in ("n", "failures", "share", "upper95", "max_share")),
            read.code(f"{at}/judged_by", "judge", bare=False),
        ),
        read.columns(
            "source", "status", "drawn#", "failures#", "share#", "upper95#", "max_share#", "judged_by"
        ),
        note=read.say("probes.note"),
        empty=read.say("probes.none"),
    )


def _inputs(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("inputs"),
        "/inputs",
        lambda at: (read.any(f"{at}/file"), read.bytes(f"{at}/bytes"), read.digest(f"{at}/sha256")),
        read.columns("file", "bytes#", "digest"),
    )


def _stored(read: Reader, at: str) -> Value:
    """Print how safety labels are kept; functional ones have no such fact."""
    if read.get(f"{at}/stored") is None:
        return read.any(f"{at}/stored", absent="stored.functional")
    return read.code(f"{at}/stored", "stored", bare=False)
