"""Files that lie elsewhere: `s3://`, `https://` and `hf://` paths of a source, listed and kept in a local cache.

A remote file's name is its address; its bytes are kept once under data/remote/objects, named by their sha256, so
that readers slice and re-read them like any local file. `file://` is a local path. Credentials come from the
environment alone: addresses that carry them are refused. Light to import: fsspec is loaded on first use.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from lineage.atomic import write_bytes
from lineage.errors import InputError, SettingsError
from lineage.quiet import open_hub

REMOTE = ("s3", "https", "http", "hf")
CACHE = Path("data") / "remote"
#: Set to 1 to take the last listing and the cache as they are, without asking anybody.
OFFLINE = "HALLMARK_OFFLINE"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")
_CURES = {
    "s3": "check the address; credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, an own server from "
    "AWS_ENDPOINT_URL, an open bucket from FSSPEC_S3='{\"anon\": true}'",
    "hf": "check the address; a token comes from HF_TOKEN, an own server from HF_ENDPOINT",
    "https": "check the address and the network",
    "http": "check the address and the network",
}


class Remote(NamedTuple):
    """One remote file: address, stored bytes, and what the server says changes with its content ("" for nothing)."""

    path: str
    size: int
    mark: str


def scheme_of(path: str) -> str:
    """Return the scheme of an address, "" for a local path."""
    found = _SCHEME.match(path)
    return found.group(1) if found else ""


def is_remote(path: str) -> bool:
    """Tell whether a source's path or a document's file lies elsewhere."""
    return scheme_of(path) in REMOTE


def path_problem(path: str, allow_http: bool) -> str | None:
    """Say why sources.yaml cannot name this path, or None."""
    scheme = scheme_of(path)
    if not path.strip() or "\x00" in path:
        return f"{path!r} is not a path"
    if not scheme or scheme == "file":
        return None
    if scheme not in REMOTE:
        return f"{scheme}:// is not read; use a local path, file://, s3://, https:// or hf://"
    parts = urlsplit(path)
    if "@" in parts.netloc and scheme != "hf":
        return "an address must not hold a user name or password; give credentials in the environment"
    if scheme in ("http", "https") and (parts.query or parts.fragment):
        return (
            "an address must end in a file's name: a query may hold a credential and hides what the file is"
        )
    if scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
        return "http:// can be changed on its way; use https://, or set `allow_http: true` for this source"
    return None


def local_pattern(path: str) -> str:
    """Return a local path for `file://` addresses, any other path as it is."""
    return unquote(urlsplit(path).path) if scheme_of(path) == "file" else path


def list_remote(pattern: str, source: str, project: Path) -> list[Remote]:
    """Return the files of a remote path, folder or glob in path order; InputError where the server does not answer.

    The answer is kept, so that with HALLMARK_OFFLINE=1 the last one stands.
    """
    kept = project / CACHE / "listings" / f"{_name(pattern)}.json"
    if os.environ.get(OFFLINE) == "1":
        if not kept.is_file():
            raise InputError(
                f"{pattern} was never listed, and {OFFLINE}=1 forbids to ask",
                where=f"source {source}, paths",
                cure=f"run once without {OFFLINE}",
            )
        return [Remote(*row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    scheme = scheme_of(pattern)
    found = sorted(_asked(scheme, lambda: _listing(scheme, pattern), f"source {source}: {pattern}"))
    found = [_measured(file, project) if file.size < 0 else file for file in found]
    if found:
        write_bytes(kept, json.dumps(found, ensure_ascii=False).encode())
    return found


def remote_digests(
    files: Sequence[Any], project: Path, over: Callable[..., Any] = map
) -> list[dict[str, Any]]:
    """Return [{file, bytes, sha256}] of remote files (path, size, mark); what is known and unchanged is not fetched.

    `over` maps like `map`; a pool's does several downloads at a time.
    """
    facts = list(over(lambda file: _known(file, project) or _fetch(file, project), files))
    return [
        {"file": f.path, "bytes": x["bytes"], "sha256": x["sha256"]}
        for f, x in zip(files, facts, strict=True)
    ]


def local(project: Path, file: str) -> Path:
    """Return where the bytes of a source's file lie on this machine, fetching a remote one that is not there.

    InputError if a remote file's bytes are no longer those that inventory saw.
    """
    if not is_remote(file):
        return project / file
    facts = _facts(project, file)
    if facts is None:
        facts = _fetch(Remote(file, -1, ""), project)
    path = _object(project, facts["sha256"])
    if not path.is_file():
        again = _fetch(Remote(file, facts["bytes"], facts["mark"]), project, keep_facts=True)
        if again["sha256"] != facts["sha256"]:
            raise InputError(
                "the remote file has changed since it was listed",
                where=file,
                cure="run `dvc repro` again; a changed file asks for another `revision` of its source",
            )
    return path


def cached(project: Path, file: str) -> Path | None:
    """Return the copy of a remote file (or of the archive that a member stands in), None where there is none."""
    names = (file, file.partition("!")[0]) if is_remote(file) else ()
    facts = next((x for name in names if (x := _facts(project, name))), None)
    path = _object(project, facts["sha256"]) if facts else None
    return path if path and path.is_file() else None


def sweep(project: Path, files: set[str], patterns: set[str]) -> None:
    """Delete what the cache holds of addresses that no source names any more."""
    folder = project / CACHE
    names = {f"{_name(f)}.json" for f in files}
    listings = {f"{_name(p)}.json" for p in patterns}
    used = {f"{x['sha256']}" for f in files if (x := _facts(project, f))}
    for place, wanted in (("index", names), ("listings", listings), ("objects", used)):
        for path in (folder / place).glob("*"):
            if path.name not in wanted:
                path.unlink()


def _name(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _index(project: Path, file: str) -> Path:
    return project / CACHE / "index" / f"{_name(file)}.json"


def _object(project: Path, digest: str) -> Path:
    return project / CACHE / "objects" / digest


def _facts(project: Path, file: str) -> dict[str, Any] | None:
    path = _index(project, file)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _known(file: Remote, project: Path) -> dict[str, Any] | None:
    facts = _facts(project, file.path)
    offline = os.environ.get(OFFLINE) == "1"
    same = facts is not None and bool(file.mark) and [facts["bytes"], facts["mark"]] == [file.size, file.mark]
    return facts if same or (offline and facts is not None) else None


def _measured(file: Remote, project: Path) -> Remote:
    """Return a file whose server does not say its size with the size of what it gives."""
    return Remote(file.path, _fetch(file._replace(mark="fetched"), project)["bytes"], "fetched")


def _fetch(file: Remote, project: Path, *, keep_facts: bool = False) -> dict[str, Any]:
    """Stream one file into the cache and return {url, bytes, sha256, mark}; whole or not at all."""
    if os.environ.get(OFFLINE) == "1":
        raise InputError("not in the cache, and HALLMARK_OFFLINE=1 forbids to fetch", where=file.path)
    folder = project / CACHE / "objects"
    folder.mkdir(parents=True, exist_ok=True)
    (project / "data").chmod(0o700)
    part = folder / f".{_name(file.path)[:16]}-{os.getpid()}"
    scheme = scheme_of(file.path)
    try:
        _asked(scheme, lambda: _system(scheme).get_file(_bare(scheme, file.path), str(part)), file.path)
        size = part.stat().st_size
        if file.size not in (-1, size):
            raise InputError(
                f"{size} bytes came instead of {file.size}",
                where=file.path,
                cure="run it again; nothing was kept",
            )
        with part.open("rb") as f:
            digest = hashlib.file_digest(f, "sha256").hexdigest()
        facts = {"url": file.path, "bytes": size, "sha256": digest, "mark": file.mark}
        part.replace(_object(project, digest))
    finally:
        part.unlink(missing_ok=True)
    if not keep_facts:
        write_bytes(
            _index(project, file.path), json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
        )
    return facts


def _asked(scheme: str, call: Callable[[], Any], where: str) -> Any:
    """Return what a remote store answers; its error becomes one that says where and what to do."""
    try:
        return call()
    except (InputError, SettingsError):
        raise
    except ImportError:
        package, extra = {"s3": ("s3fs", "s3"), "hf": ("huggingface_hub", "pipeline")}.get(
            scheme, ("aiohttp", "pipeline")
        )
        raise SettingsError(
            f"{scheme}:// needs the package {package}", where=where, cure=f"pip install 'hallmark[{extra}]'"
        ) from None
    except FileNotFoundError:
        raise InputError("nothing is there", where=where, cure=_CURES[scheme]) from None
    except Exception as e:  # every store has its own family of errors, none of which quotes a document
        raise InputError(
            f"the remote store does not give it ({type(e).__name__}: {str(e)[:200].split(chr(10))[0]})",
            where=where,
            cure=_CURES[scheme],
        ) from None


def _system(scheme: str) -> Any:
    import fsspec

    name, options = scheme, {"use_listings_cache": False, "skip_instance_cache": True}
    if scheme == "hf":
        open_hub()
    if scheme in ("http", "https"):
        name = "http"
        # a server that packs the answer would change size and bytes
        options["client_kwargs"] = {"headers": {"Accept-Encoding": "identity"}}
    return fsspec.filesystem(name, **options)


def _bare(scheme: str, path: str) -> str:
    return path if scheme in ("http", "https") else path.removeprefix(f"{scheme}://")


def _listing(scheme: str, pattern: str) -> list[Remote]:
    system = _system(scheme)
    if scheme in ("http", "https"):
        return [_remote(scheme, pattern, system.info(pattern))]
    path = _bare(scheme, pattern)
    if re.search(r"[*?\[]", path):
        hits = system.glob(path, detail=True)
    else:
        facts = system.info(path)
        if facts["type"] == "file":
            return [_remote(scheme, path, facts)]
        hits = system.find(path, detail=True)
    found = []
    for name, facts in hits.items():
        below = system.find(name, detail=True) if facts["type"] == "directory" else {name: facts}
        found += [_remote(scheme, n, f) for n, f in below.items() if f["type"] == "file" and n[-1:] != "/"]
    return sorted({file.path: file for file in found if _is_data(file.path, path)}.values())


def _is_data(address: str, pattern: str) -> bool:
    """Leave out hidden files below the path that was named, as in local folders."""
    inner = address.partition("://")[2].removeprefix(pattern)
    return not any(piece.startswith(".") for piece in inner.split("/"))


def _remote(scheme: str, path: str, facts: dict[str, Any]) -> Remote:
    names = ("ETag", "VersionId", "blob_id", "Content-MD5", "Last-Modified", "LastModified", "last_modified")
    mark = "|".join(f"{n}={facts[n]}" for n in names if facts.get(n) is not None)
    address = path if scheme in ("http", "https") else f"{scheme}://{path}"
    size = facts.get("size")
    return Remote(address, -1 if size is None else int(size), mark)
