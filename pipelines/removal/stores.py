"""Where copies can lie: the folders of the project, DVC's cache, and its remotes."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipelines.project import Project

_OBJECT = re.compile(r"^(?:files/md5/)?([0-9a-f]{2})/([0-9a-f]{30})$")


class Store(NamedTuple):
    """A place that is searched: its name in receipts and its folder."""

    name: str
    folder: Path


def stores(project: Project) -> tuple[list[Store], list[str]]:
    """Return the places that can be searched, and in words those that cannot."""
    found = [Store(f"data/{n}", project.data / n) for n in ("publish", "withheld", "exports", "review")]
    found.append(Store("quarantine", project.root / "quarantine"))
    config = _config(project.root / ".dvc")
    cache = config.get("cache", {}).get("dir")
    found.append(
        Store("dvc-cache", _local(project.root / ".dvc", cache) if cache else project.root / ".dvc" / "cache")
    )
    far = []
    for section, values in sorted(config.items()):
        name = re.fullmatch(r"'?remote \"(.+)\"'?", section)
        if not name:
            continue
        if "://" in values.get("url", ""):
            scheme = values["url"].partition("://")[0]
            far.append(
                f"DVC remote `{name[1]}` ({scheme}): `--remotes` deletes there the objects that are known here"
            )
        else:
            found.append(Store(f"dvc-remote {name[1]}", _local(project.root / ".dvc", values.get("url", ""))))
    return [s for s in found if s.folder.is_dir()], far


def objects(store: Store) -> Iterator[tuple[str, Path]]:
    """Yield (name in receipts, file) of every file in a store; DVC objects go by their content's name."""
    for path in sorted(store.folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".dir":
            yield path.relative_to(store.folder).as_posix(), path


def dvc_object(name: str) -> str | None:
    """Return the MD5 that DVC knows an object by, if the name is one of its objects."""
    hit = _OBJECT.match(name)
    return hit[1] + hit[2] if hit else None


def far_remotes(project: Project) -> dict[str, dict[str, str]]:
    """Return the settings of DVC's remotes that are not folders, by name."""
    found = {}
    for section, values in sorted(_config(project.root / ".dvc").items()):
        name = re.fullmatch(r"'?remote \"(.+)\"'?", section)
        if name and "://" in values.get("url", ""):
            found[name[1]] = values
    return found


def delete_far(settings: dict[str, str], oids: list[str]) -> list[str]:
    """Delete DVC's objects (MD5) in a remote through fsspec, and return those that were there and are not any more.

    Of DVC's settings the address, endpoint, profile and S3 keys are used; all else is the driver's own (environment).
    """
    import fsspec

    known = {
        "endpointurl": "endpoint_url",
        "access_key_id": "key",
        "secret_access_key": "secret",
        "profile": "profile",
    }
    options = {known[n]: v for n, v in settings.items() if n in known}
    system, root = fsspec.core.url_to_fs(settings["url"], **options)
    gone = []
    for oid in oids:
        names = (f"{root.rstrip('/')}/{below}{oid[:2]}/{oid[2:]}" for below in ("files/md5/", ""))
        here = [name for name in names if system.exists(name)]
        for name in here:
            system.rm_file(name)
        system.invalidate_cache()
        gone += [oid] if here and not any(system.exists(name) for name in here) else []
    return gone


def _config(folder: Path) -> dict[str, dict[str, str]]:
    """Return DVC's settings of the project, the local ones last."""
    merged: dict[str, dict[str, str]] = {}
    for name in ("config", "config.local"):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(folder / name, encoding="utf-8")
        for section in parser.sections():
            merged.setdefault(section, {}).update(parser.items(section))
    return merged


def _local(base: Path, url: str) -> Path:
    """Return a local folder of DVC's settings: relative to the folder of the settings file."""
    path = Path(url).expanduser()
    return path if path.is_absolute() else base / path
