"""Lineage: stages with code digests and settings, detectors, the lineage table, Merkle roots, the shards."""

from __future__ import annotations

from urllib.parse import quote

from lineage.sheets import tables
from lineage.sheets.evidence import figure
from lineage.sheets.model import Block, Facts, Section, Table, Value
from lineage.sheets.reader import Reader


def lineage(read: Reader) -> Section:
    """Return what made this and what binds it together."""
    blocks: list[Block] = []
    if "lineage" in read.manifest:
        names = ("path", "rows", "sha256", "kept_root", "removed_root")
        blocks.append(Facts(read.say("lineage"), read.pairs("/lineage", *names)))
    if "merkle" in read.manifest:
        blocks.append(Facts(read.say("merkle"), read.pairs("/merkle", "kept_root", "shard_root")))
        blocks.append(_previous(read))
        blocks += _parents(read)
    blocks += [_stages(read), _detectors(read)]
    for i, stage in enumerate(read.entries("/stages")):
        if stage.get("params"):
            title = read.say("params.of", stage=str(stage.get("stage")))
            blocks.append(
                Facts(title, read.pairs(f"/stages/{i}/params", *sorted(stage["params"])), folded=True)
            )
    if "shards" in read.manifest:
        blocks.append(_shards(read))
    return Section("lineage", read.say("ch.lineage"), blocks)


def _previous(read: Reader) -> Facts:
    previous = read.get("/previous")
    if isinstance(previous, dict):
        return Facts(read.say("previous"), read.pairs("/previous", *sorted(previous)))
    return Facts("", [(read.say("previous"), [read.any("/previous", absent="previous.none")])])


def _parents(read: Reader) -> list[Facts]:
    """Return one block per release that this one was made from; none says nothing."""
    names = ("source", "dataset", "version", "digest", "certificate")
    return [
        Facts(read.say("parent"), read.pairs(f"/parents/{i}", *names))
        for i in range(len(read.entries("/parents")))
    ]


def _stages(read: Reader) -> Table:
    return tables.plain(
        read,
        read.say("stages"),
        "/stages",
        lambda at: (
            read.code(f"{at}/stage", "stage"),
            read.int(f"#{at}/detectors"),
            read.digest(f"{at}/code_sha256"),
        ),
        read.columns("stage", "detectors#", "digest"),
    )


def _detectors(read: Reader) -> Table:
    rows = []
    for i, stage in enumerate(read.entries("/stages")):
        for d in range(len(stage.get("detectors") or [])):
            at = f"/stages/{i}/detectors/{d}"
            rows.append(
                (
                    read.any(f"{at}/detector", absent="no_detector"),
                    read.code(f"/stages/{i}/stage", "stage", bare=False),
                    read.any(f"{at}/codes"),
                    read.any(f"{at}/languages"),
                    figure(read, f"{at}/evidence"),
                    read.digest(f"{at}/sha256"),
                )
            )
    columns = read.columns("detector", "stage", "codes", "languages", "recall#", "digest")
    return Table(read.say("detectors"), "/stages/*/detectors", columns, rows, empty=read.say("none"))


def _shards(read: Reader) -> Table:
    def row(at: str) -> tuple[Value, ...]:
        source, part = (str(read.get(f"{at}/{n}")) for n in ("source", "part"))
        href = f"{quote(source, safe='')}/{quote(part, safe='')}.{read.lang}.html"
        return (
            read.any(f"{at}/source"),
            read.any(f"{at}/part")._replace(href=href),
            read.int(f"{at}/rows"),
            read.any(f"{at}/path", absent="shard.empty"),
            read.digest(f"{at}/sha256"),
        )

    columns = read.columns("source", "part", "rows#", "path", "digest")
    return tables.plain(read, read.say("shards"), "/shards", row, columns)
