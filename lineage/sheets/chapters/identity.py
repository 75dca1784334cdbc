"""Who and what: the data set or the shard, and the limits it states."""

from __future__ import annotations

from lineage.sheets.model import Facts, Notes, Section
from lineage.sheets.reader import Reader


def identity(read: Reader) -> Section:
    """Return the names, version, unit and size of the release, or file and digest of the shard."""
    if "dataset" in read.manifest:
        names = ("id", "title", "version", "as_of", "purpose", "issuer", "contact")
        pairs = read.pairs("/dataset", *names) + read.pairs("", "unit")
        pairs.append((read.say("shards"), [read.int("#/shards")]))
        block = Facts(read.say("dataset"), pairs + amounts(read))
    elif read.get("/shard"):
        shard = read.pairs("/shard", "path", "rows", "bytes", "sha256", "media_type")
        block = Facts(read.say("shard"), read.pairs("", "part", "unit") + shard + _tokens(read))
    else:
        block = Facts(read.say("shard"), read.pairs("", "part", "unit"), read.say("shard.none"))
    return Section("identity", read.say("ch.identity"), [block])


def amounts(read: Reader) -> list:
    """Return characters, tokens with the tokenizer that counted them, and bytes, where the manifest has them."""
    sized = read.pairs("", *read.present("", "chars")) + _tokens(read)
    return sized + read.pairs("", *read.present("", "bytes"))


def _tokens(read: Reader) -> list:
    if not read.get("/tokens"):
        return []
    return [
        (read.say("tokens"), [read.int("/tokens/n")]),
        (read.say("tokenizer"), [read.any("/tokens/tokenizer")]),
    ]


def limits(read: Reader) -> Section:
    """Return the known limits in the sheet's language, as the manifest states them."""
    pointer = f"/known_limits/{read.lang}"
    items = [[read.any(f"{pointer}/{i}")] for i in range(len(read.entries(pointer)))]
    return Section(
        "limits", read.say("ch.limits"), [Notes(read.say("limits"), items, read.say("limits.none"))]
    )
