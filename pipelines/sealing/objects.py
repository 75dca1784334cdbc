"""Shards in object storage under the names of their digests: releases share what they have in common."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lineage.digests import sha256_file
from lineage.errors import InputError, TrustError
from lineage.trust import Trust
from lineage.verify.files import Expected
from pipelines.sealing.pull import SHARD, open_release
from pipelines.sealing.remote import Remote, file_system, object_name, public_name


class Stored(NamedTuple):
    """How many shards were sent, how many were there already, and the bytes that were sent."""

    sent: int
    present: int
    bytes: int


def store(folder: Path, address: str, trust: Trust, *, today: date | None = None) -> Stored:
    """Copy the shards of the release in `folder` to `address` (any fsspec address), each under its digest.

    What is copied is what the release certificate names, once a trusted key vouches for it. An object of the right size
    is left alone: who pulls checks its digest. A shard that is not the certified bytes is a TrustError and is not sent.
    """
    system, root = file_system(address)
    sent = present = size = 0
    for path, expected in sorted(_certified(folder, trust, today or datetime.now(UTC).date()).items()):
        target = f"{root}/{object_name(expected.sha256)}"
        if _size(system, target) == expected.bytes:
            present += 1
            continue
        source = folder / path
        if not source.is_file() or sha256_file(source) != expected.sha256:
            raise TrustError("not the bytes that were certified", where=str(source), cure="run `dvc repro`")
        _put(system, source, target)
        sent, size = sent + 1, size + expected.bytes
    return Stored(sent, present, size)


def _certified(folder: Path, trust: Trust, today: date) -> dict[str, Expected]:
    here = Remote(str(folder), lambda name: (folder / name).open("rb"))
    with tempfile.TemporaryDirectory() as scratch:
        listed = open_release(here, Path(scratch), trust, today).subjects
    return {path: expected for path, expected in listed.items() if expected.role == SHARD}


def _size(system: Any, target: str) -> int | None:
    try:
        return system.info(target)["size"]
    except FileNotFoundError:
        return None
    except Exception as error:  # drivers of object stores raise kinds of their own
        raise InputError(f"cannot be read: {type(error).__name__}", where=public_name(target)) from None


def _put(system: Any, source: Path, target: str) -> None:
    """Send one file; object stores show an object only when it is whole, a folder gets it by rename."""
    try:
        if "file" not in system.protocol:
            system.put_file(str(source), target)
            return
        temporary = Path(target).with_name(f".{Path(target).name}.{os.getpid()}.tmp")
        system.makedirs(str(temporary.parent), exist_ok=True)
        try:
            system.put_file(str(source), str(temporary))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except Exception as error:  # drivers of object stores raise kinds of their own
        raise InputError(f"cannot be written: {type(error).__name__}", where=public_name(target)) from None
