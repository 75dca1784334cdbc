"""Where a release lies, and how one of its files is read there: a folder, an object store, a DVC repository."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lineage.errors import HallmarkError, InputError
from lineage.quiet import open_hub

BLOCK = 1 << 20
#: Protocols by which DVC and git are reached; every other one is left to fsspec.
_GIT = ("ssh://", "git://", "git+")
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LOGIN = re.compile(r"([a-z][a-z0-9+.-]{0,40}://)[^/@\s]+@", re.IGNORECASE)
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s]*(?=\s|$)")
_MARK = "meta/certs/release.dsse.json"


@dataclass(frozen=True)
class Remote:
    """A release somewhere: its name for messages, and `open(path) -> binary stream` of one of its files."""

    name: str
    open: Callable[[str], BinaryIO]

    def fetch(self, path: str, target: Path, limit: int) -> int:
        """Copy one file to `target` and return its bytes; more than `limit` bytes is an InputError, none is missing."""
        target.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        try:
            with self.open(path) as source, target.open("xb") as out:
                while block := source.read(BLOCK):
                    size += len(block)
                    if size > limit:
                        raise InputError(f"more than the {limit} bytes that were certified", where=path)
                    out.write(block)
        except HallmarkError:
            target.unlink(missing_ok=True)
            raise
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            raise InputError(
                "is not there", where=f"{self.name}: {path}", cure="check the address and path"
            ) from None
        except Exception as error:  # drivers of object stores raise kinds of their own
            target.unlink(missing_ok=True)
            what = f"cannot be read: {type(error).__name__}: {_reason(error)}"
            raise InputError(what, where=f"{self.name}: {path}") from None
        return size


def open_remote(spec: str, path: str = "release") -> Remote:
    """Return the release at `spec`: a folder, an fsspec address (s3://, hf://, https://, ...), or REPO[@REV].

    A repository is read through DVC, at the git revision REV; `path` is where the release lies in it. Needs the
    extras that the protocol asks for; a missing one is an error that names it.
    """
    folder = Path(spec)
    if (folder / _MARK).is_file():
        return Remote(public_name(spec), lambda name: (folder / name).open("rb"))
    if _URL.match(spec) and not _is_git(spec):
        return _addressed(spec)
    return _repository(spec, path)


def _is_git(spec: str) -> bool:
    """Tell whether git reads this address: by its protocol, by `.git`, or by the revision behind its last `@`."""
    if spec.startswith("git@"):
        host, _, rest = spec[4:].partition(":")
        return bool(host and rest) and "/" not in host
    if not spec.startswith(("https://", "http://")):
        return spec.startswith(_GIT)
    place, _, revision = spec.partition("//")[2].rpartition("@")
    named = bool(place) and not place.endswith("/") and bool(revision) and not {"/", ":"} & set(revision)
    return named or spec.endswith(".git") or ".git@" in spec


def _addressed(spec: str) -> Remote:
    system, root = file_system(spec)
    return Remote(public_name(spec), lambda name: system.open(f"{root}/{name}", "rb", block_size=16 * BLOCK))


def open_store(spec: str) -> Remote:
    """Return the store of shards at `spec`, a folder or an fsspec address: its files are named by `object_name`."""
    return _addressed(spec)


def object_name(sha256: str) -> str:
    """Return where a shard with this digest lies below its store's address."""
    return f"sha256/{sha256[:2]}/{sha256}"


def file_system(spec: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address and the path in it; one that cannot be opened is an InputError."""
    import fsspec

    if spec.startswith("hf://"):
        open_hub()
    try:
        system, root = fsspec.core.url_to_fs(spec)
    except (ImportError, ValueError) as error:
        raise InputError(
            _reason(error), where=public_name(spec), cure="install what the protocol needs"
        ) from None
    return system, root.rstrip("/")


def _repository(spec: str, path: str) -> Remote:
    from dvc.exceptions import DvcException
    from scmrepo.exceptions import SCMError

    repo, revision = split_revision(spec)
    if not (_URL.match(repo) or _is_git(repo) or Path(repo).is_dir()):
        raise InputError("no such folder, address or repository", where=public_name(spec))
    try:
        from dvc.api import DVCFileSystem

        system = DVCFileSystem(repo, rev=revision)
    except (DvcException, SCMError) as error:
        raise InputError(
            f"not a DVC repository at that revision: {_reason(error)}", where=public_name(spec)
        ) from None

    def opened(name: str) -> Any:
        try:
            return system.open(f"{path}/{name}", "rb")
        except (DvcException, SCMError) as error:
            raise InputError(f"DVC cannot deliver it: {_reason(error)}", where=name) from None

    return Remote(public_name(spec), opened)


def split_revision(spec: str) -> tuple[str, str | None]:
    """Return (repository, revision or None) of REPO[@REV]; the @ of git@host: belongs to the address."""
    head, at, revision = spec.rpartition("@")
    if (
        not at
        or not head
        or ("/" in revision and ":" in revision)
        or head == "git"
        or head.endswith("://git")
    ):
        return spec, None
    return (spec, None) if Path(spec).is_dir() else (head, revision)


def public_name(spec: str) -> str:
    """Return an address without user name, password or query: those may be secrets, and names go into messages."""
    return _QUERY.sub("", _LOGIN.sub(r"\1", spec))


def _reason(error: Exception) -> str:
    return public_name(" ".join(str(error).split()))[:200] or type(error).__name__
